"""What a slate shows: plain data that travels to a drawing process.

Equal data make equal slates, to the byte, so its key is what rendered slates are kept by. They
go with the process that drew them, so the key need not tell one way of drawing from another.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

FPS = 30
SAMPLE_RATE = 48_000


@dataclass(frozen=True, slots=True)
class Picture:
    """One reference, as the slate shows it."""

    token: str
    """What the prompt calls it: ``character1``, ``Image 1``."""
    name: str
    """What people call it: the cast name, else the token."""
    kind: Literal["image", "video", "missing"]
    file: Path | None
    """None when it could not be had; then a named card is drawn."""
    content: str
    """SHA-256 of the file, or the URL of one that could not be had."""
    opens: bool = False
    """It is the first frame: the slate begins with it, and shows it no more."""
    voice: Path | None = None
    """How it sounds, in place of its own sound."""
    heard: str = ""
    """SHA-256 of that."""


@dataclass(frozen=True, slots=True)
class Slate:
    """One slate. Sizes in pixels, length in whole seconds at 30 frames each."""

    shot: str
    take: int | None
    model: str
    prompt: str
    width: int
    height: int
    seconds: int
    audio: bool
    watermark: bool
    seed: int | None
    pictures: tuple[Picture, ...]

    @property
    def key(self) -> str:
        """Hex digest of all that can be seen and heard; where files lie does not matter."""
        pictures = tuple(replace(p, file=None, voice=None) for p in self.pictures)
        return hashlib.sha256(repr(replace(self, pictures=pictures)).encode()).hexdigest()
