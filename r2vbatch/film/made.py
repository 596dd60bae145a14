"""What was made of a film when, and how it was left: one small file in the film's own folder.

It says what need not be made again, and what somebody has changed since and must not be lost.

This room of `film` refuses to know how anything is made.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from r2vbatch.storage import Folder

SHOP = ".film"
"""The film's own folder in the output folder: what may be deleted at any time."""
_NAME = f"{SHOP}/made.json"
_VERSION = "film-1"
"""Changes when a film would come out in another way."""
_ENDS = 65_536
"""Bytes at each end of a file that tell whether it is as it was left."""


@dataclass
class Made:
    """The state of a film."""

    revision: int = -1
    """Of the ledger, when it was made; -1: something is to be done again."""
    reel: str = ""
    """Of what the reel was made."""
    told: dict[str, Any] = field(default_factory=dict)
    """What was said of it."""
    marks: dict[str, list[str]] = field(default_factory=dict)
    """By file: how we left it. Two while one takes the place of the other."""
    version: str = _VERSION

    @classmethod
    def read(cls, folder: Folder) -> Made:
        """What was left; nothing where that cannot be read."""
        with suppress(OSError, ValueError, TypeError, RecursionError):
            made = cls(**json.loads(folder.path(_NAME).read_text(encoding="utf-8")))
            if made.version == _VERSION and made._is_sound():
                return made
        return cls()

    def _is_sound(self) -> bool:
        """A folder may come from somebody else, with this file in it."""
        lists = self.marks.values() if isinstance(self.marks, dict) else [None]
        return all(isinstance(each, list) for each in lists) and isinstance(self.told, dict)

    def write(self, folder: Folder) -> None:
        """Keep it. Raises OSError."""
        part = folder.path(f"{_NAME}.part")
        part.write_text(json.dumps(asdict(self)), encoding="utf-8")
        folder.publish(part, _NAME, replace=True)

    def left(self, folder: Folder, names: Iterable[str]) -> bool:
        """Whether all these files are there, as they were left."""
        return all(mark_of(folder.path(name)) in self.marks.get(name, ()) for name in names)

    def publish(self, folder: Folder, part: Path, name: str) -> bool:
        """Give a finished part its name, unless what has it now is not as we left it; whether that
        was done. A crash at any moment leaves a file that is known as ours. Raises OSError."""
        there = mark_of(folder.path(name))
        known = self.marks.get(name, [])
        if there and there not in known:
            part.unlink()
            return False
        mark = mark_of(part)
        self.marks[name] = [m for m in dict.fromkeys((there, mark)) if m]
        self.write(folder)
        folder.publish(part, name, replace=True)
        self.marks[name] = [mark]
        return True


def mark_of(file: Path) -> str:
    """Length and a hash of both ends of a file; empty where there is none."""
    if file.exists() and not file.is_file():  # a pipe would be waited at
        return "no file"
    try:
        with file.open("rb") as opened:
            size = opened.seek(0, 2)
            opened.seek(0)
            ends = opened.read(_ENDS)
            opened.seek(max(0, size - _ENDS))
            ends += opened.read(_ENDS)
    except FileNotFoundError:
        return ""
    return f"{size} {hashlib.sha256(ends).hexdigest()[:32]}"
