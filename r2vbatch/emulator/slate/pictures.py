"""References in their places: which kind of picture each one is, and its shape.

A reference that cannot be opened is a card; a slate never fails for one.
"""

from __future__ import annotations

from typing import Protocol

from r2vbatch.emulator.slate.cards import Card
from r2vbatch.emulator.slate.composition import Frame, Place
from r2vbatch.emulator.slate.films import Film, looped
from r2vbatch.emulator.slate.model import Picture
from r2vbatch.emulator.slate.planes import Planes
from r2vbatch.emulator.slate.stills import Still, load

UNREADABLE = Exception
"""What reading a file of someone else's may raise: Pillow's decoders alone let through struct,
zlib and syntax errors, and a decompression bomb is none of them."""


class Moving(Protocol):
    """Something that paints itself at a frame of the clip."""

    def onto(self, canvas: Planes, frame: int) -> None:
        """Paint the given frame; frames come in order."""
        ...


def aspect(picture: Picture) -> float:
    """Width / height of a reference; of a card, a modest one."""
    try:
        if picture.kind == "image" and picture.file:
            image = load(picture.file)
            return image.width / image.height
        if picture.kind == "video" and picture.file:
            frame = next(looped(picture.file))[1]
            wide = frame.width / frame.height
            return 1 / wide if frame.rotation % 180 else wide
    except UNREADABLE:
        pass
    return 4 / 3


def moving(
    picture: Picture, place: Place, frame: Frame, foot: int, turn: int, start: int, end: int
) -> Moving:
    """The reference in its place, for the frames from `start` to `end`. `foot`: the lowest row
    that captions leave free; `turn`: any number, decides which way a still drifts."""
    try:
        if picture.kind == "image" and picture.file:
            return Still(load(picture.file), place, turn, start, end)
        if picture.kind == "video" and picture.file:
            return Film(picture.file, place, start)
    except UNREADABLE:
        pass
    return Card(picture, place, frame, foot)
