"""Where the files of a take lie in the output folder."""

from __future__ import annotations

from collections.abc import Iterable

from r2vbatch.ledger import Kind
from r2vbatch.storage import Folder

_FOLDERS: dict[Kind, str] = {"live": "clips", "preview": "preview"}


def clip_name(kind: Kind, take: str) -> str:
    """Where the clip (or slate) of a wanted take lies."""
    return f"{_FOLDERS[kind]}/{take}.mp4"


def retired_name(
    folder: Folder, take: str, fingerprint: str, taken: Iterable[str] = (), *, of: str = ""
) -> str:
    """A free name for a clip that is no longer wanted; the one that the file `of` was being given
    when a run was killed is free, too."""
    stem = f"retired/{take}-{fingerprint[:8]}"
    names = [f"{stem}.mp4", *(f"{stem}-{n}.mp4" for n in range(2, 1000))]
    return next(n for n in names if n not in taken and (not folder.exists(n) or folder.same(n, of)))
