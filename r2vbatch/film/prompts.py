"""Prompts as they were written, with the names of the cast found in them: what a page shows.

A ledger keeps requests, in which everybody is ``character1``; the manifest that it keeps beside
them says who that is. Where that manifest can no longer be understood, the request has to do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from r2vbatch.ledger import Ledger
from r2vbatch.manifest import load_text
from r2vbatch.manifest.model import Manifest, Shot


class Words(NamedTuple):
    """A stretch of a prompt."""

    text: str
    name: str | None = None
    """The member of the cast that it names, or ``previous``."""


class Storyboard(NamedTuple):
    """What a person wrote."""

    title: str
    file: str
    """The manifest's name, without its folder: a page may be sent to somebody else."""
    cast: Sequence[str]
    prompts: Mapping[str, Sequence[Words]]
    """By shot id."""
    notes: Mapping[str, str]
    """What the manifest notes of a shot, by its id."""


def written(ledger: Ledger, manifest: Manifest | None = None) -> Storyboard:
    """The storyboard of the last run in a folder: of `manifest` where it is at hand, else as the
    ledger keeps it."""
    if manifest:
        return _storyboard(manifest)
    kind = ledger.meta("kind")
    names = ("manifest_text", "manifest_file", "table_text")
    return _kept(*(ledger.meta(f"{kind} {name}") or "" for name in names))


@lru_cache(maxsize=1)  # a page that follows a batch is drawn often, and this hardly changes
def _kept(text: str, file: str, table: str) -> Storyboard:
    manifest = load_text(text, Path(file), file, table=table or None).manifest if text else None
    return _storyboard(manifest) if manifest else Storyboard("", "", (), {}, {})


def _storyboard(manifest: Manifest) -> Storyboard:
    return Storyboard(
        title=manifest.title or manifest.file.stem,
        file=manifest.file.name,
        cast=tuple(manifest.cast),
        prompts={shot.id: _words(shot) for shot in manifest.shots},
        notes={shot.id: shot.notes for shot in manifest.shots if shot.notes},
    )


def _words(shot: Shot) -> tuple[Words, ...]:
    return tuple(
        Words(part) if isinstance(part, str) else Words(f"@{part.name}", part.name)
        for part in shot.prompt.parts
    )
