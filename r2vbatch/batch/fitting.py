"""Where the local references of a run come from: files as they are, and copies made when needed.

Copies lie in ``fitted/`` of the output folder, so that what was given to the model can be looked
at beside what it made of it. They may be deleted: they are made again when they are needed.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path

from r2vbatch import media
from r2vbatch.batch.crew import Crew
from r2vbatch.media import Recipe
from r2vbatch.planning.model import PlannedTake
from r2vbatch.references import ReferenceChanged, Source
from r2vbatch.storage import Folder, unwritable

FITTED = "fitted"


def sources(takes: Iterable[PlannedTake], crew: Crew, folder: Folder) -> dict[str, Source]:
    """Where each planned content lies, or what makes it."""
    found: dict[str, Source] = {}
    for take in takes:
        for each in (part for sent in take.sent for part in sent.parts):
            if each.sha256 and each.file and each.sha256 not in found:
                found[each.sha256] = (
                    partial(_copy, each.file, each.recipe, crew, folder)
                    if each.recipe
                    else each.file
                )
    return found


async def _copy(original: Path, recipe: Recipe, crew: Crew, folder: Folder) -> Path:
    """The copy of `original`, made unless it is there. Raises `ReferenceChanged` where the
    original is not what was planned or cannot be copied."""
    target = folder.path(f"{FITTED}/{recipe.content[:16]}{recipe.suffix}")
    try:
        problem = await crew.run(media.fit, original, recipe, target)
    except OSError as failure:
        raise unwritable(folder.root, failure) from failure
    if problem:
        raise ReferenceChanged(f"The reference {original} cannot be fitted: {problem}.")
    return target
