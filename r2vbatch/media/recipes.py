"""How a conforming copy of a reference is to be made: plain data, and a name for what comes out.

A recipe and the original's hash say what the copy shows; its bytes also depend on who encodes it.
So the copy is known by the former: a newer FFmpeg makes other bytes, and not another clip that
would have to be paid for again.
"""

from __future__ import annotations

import hashlib
from dataclasses import astuple, dataclass
from decimal import Decimal
from typing import Literal

VERSION = "fit-2"
"""Enters every name; changes when the same recipe would show something else."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """One copy: JPEG, upright, on white; MP4 with H.264 and AAC, upright, at an even rate; or WAV,
    one channel of 16 bits."""

    original: str
    """SHA-256 (hex) of the file it is made from."""
    kind: Literal["image", "video", "audio"]
    width: int
    height: int
    """Pixels of the copy; 0 where it is heard only."""
    bytes: int
    """The most that it may have."""
    start: Decimal = Decimal(0)
    """Seconds of the original that are left out in front."""
    seconds: Decimal | None = None
    """The length that is kept; None for an image."""
    inside: tuple[int, int] | None = None
    """Width and height of what is shown in its middle, with bars beside it; None: it fills the
    copy."""

    @property
    def content(self) -> str:
        """SHA-256 (hex) of what the copy shows."""
        return hashlib.sha256(f"{VERSION} {'|'.join(map(str, astuple(self)))}".encode()).hexdigest()

    @property
    def suffix(self) -> str:
        """That of the copy's name."""
        return {"image": ".jpg", "video": ".mp4", "audio": ".wav"}[self.kind]
