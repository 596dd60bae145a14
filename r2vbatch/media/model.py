"""What is known of files, and what is asked of clips. Plain data, picklable."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import PurePath
from typing import Literal

SUFFIXES = {
    "JPEG": (".jpg", ".jpeg"),
    "PNG": (".png",),
    "BMP": (".bmp",),
    "WEBP": (".webp",),
    "MP4": (".mp4", ".mov"),
    "MOV": (".mov", ".mp4"),
    "WAV": (".wav",),
    "MP3": (".mp3",),
}
"""By format: how names end. MP4 and MOV are one kind of file, told apart by a word in its head."""


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What was measured of one local file."""

    sha256: str
    bytes: int
    kind: Literal["image", "video", "audio"] | None
    """None where it is none of these, or cannot be opened."""
    seconds: Decimal | None
    """Length of a video or a recording; None for an image."""
    width: int | None
    height: int | None
    """As shown: what is stored on its side is measured upright, and in square pixels."""
    format: str = ""
    """``JPEG``, ``PNG``, ``MP4``, ``MOV`` and the like, by content and not by name."""
    alpha: bool = False
    """An image with parts that may be seen through."""
    traits: tuple[str, ...] = ()
    """What a phone or a studio does that not every program understands: ``turned`` (stored on its
    side), ``stretched`` (pixels that are not square), ``moving`` (a picture that is several),
    ``broken`` (not all of it is there), ``CMYK``, ``HDR``, ``deep`` (H.264 of more than 8 bits, or
    with a colour for each pixel), ``fast`` (slow motion), ``uneven`` (frame rate), ``streams``
    (more than a picture and a sound), and the codec where it is not H.264, such as ``HEVC``."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """How the name of such a file ends, the usual one first; empty where no model takes one."""
        return SUFFIXES.get(self.format, ())

    def named(self, name: str) -> str:
        """`name` ending in what the file is, for readers who go by names."""
        stem, suffix = PurePath(name).stem, PurePath(name).suffix
        rightly = not self.suffixes or suffix.lower() in self.suffixes
        return name if rightly else stem + self.suffixes[0]


def nothing(sha256: str, size: int) -> FileFacts:
    """The facts of a file that is none of these."""
    return FileFacts(sha256, size, None, None, None, None)


@dataclass(frozen=True, slots=True)
class Expected:
    """What was asked of the clip, to verify it by. Where a request leaves something to the
    service, it is None: there is nothing to hold the clip to."""

    width: int | None
    height: int | None
    duration: int | None
    audio: bool | None
    cuts: int | None = None
    """Hard cuts: none in a single shot, one fewer than the ranges of several."""


@dataclass(frozen=True, slots=True)
class ClipFacts:
    """What was measured of a clip that decodes."""

    width: int
    height: int
    seconds: float
    """From the first frame's start to the last one's end."""
    fps: float
    frames: int
    has_audio: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a file is a whole clip, and whether it is the one asked for."""

    ok: bool
    """It decodes from the first frame to the last. Flags do not make it less so."""
    reason: str
    """One sentence where it is not ok, else empty."""
    flags: tuple[str, ...]
    """Complete, but not as asked (``size``, ``length``, ``rate``, ``no-sound``, ``sound``,
    ``cuts``), or worth a look (``black``, ``frozen``, ``silent``)."""
    clip: ClipFacts | None
    """None where it is not ok."""
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Finished:
    """Everything done to a fetched file in one go."""

    verdict: Verdict
    poster: bool
    """Whether the poster was written."""
