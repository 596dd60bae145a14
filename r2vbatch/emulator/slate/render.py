"""Draws a slate: scenes in turn, each a composition of its references, under words and time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from zlib import crc32

from r2vbatch.emulator.slate.captions import Caption, Captions
from r2vbatch.emulator.slate.composition import Frame, places
from r2vbatch.emulator.slate.encode import Encoder
from r2vbatch.emulator.slate.furniture import Header, Name, Progress, watermark
from r2vbatch.emulator.slate.model import FPS, SAMPLE_RATE, Slate
from r2vbatch.emulator.slate.pictures import aspect, moving
from r2vbatch.emulator.slate.planes import Planes, black
from r2vbatch.emulator.slate.sound import SAMPLE_BYTES, sound
from r2vbatch.emulator.slate.words import Scene, scenes


def render(slate: Slate, path: Path) -> None:
    """Write the slate to `path` (MP4); a file of that name is a whole one.

    Raises:
        av.FFmpegError, OSError: it cannot be encoded or written.
    """
    frame = Frame(slate.width, slate.height)
    cut = scenes(slate.prompt, slate.seconds, slate.pictures)
    captions = Captions(frame, cut, slate.pictures)
    furniture = _Furniture(slate, frame, cut)
    heard = sound(slate.pictures, slate.seconds) if slate.audio else b""
    part = path.with_suffix(".part.mp4")
    with Encoder(part, slate.width, slate.height, audio=slate.audio) as encoder:
        for scene in cut:
            stage = _Stage(slate, frame, scene, captions)
            for number in range(scene.start, scene.end):
                canvas = black(*frame)
                stage.onto(canvas, number)
                furniture.onto(canvas, number)
                encoder.picture(canvas.frame())
                encoder.sound(_share(heard, number))
    part.replace(path)


def _share(heard: bytes, number: int) -> bytes:
    """The sound of one frame; picture and sound go in side by side."""
    size = SAMPLE_RATE // FPS * SAMPLE_BYTES
    return heard[number * size : (number + 1) * size]


class _Stage:
    """The references of one scene with their names, and its captions."""

    def __init__(self, slate: Slate, frame: Frame, scene: Scene, captions: Captions) -> None:
        shown = [(i, slate.pictures[i]) for i in scene.shown]
        aspects = [aspect(picture) for _, picture in shown]
        self._alone = len(shown) == 1
        where = places(frame, aspects, captions.top)
        turn = crc32(slate.shot.encode()) + scene.start
        self._moving = [
            moving(picture, place, frame, turn + i, scene.start, scene.end)
            for (i, picture), place in zip(shown, where, strict=True)
        ]
        self._names = [
            (i, Name(picture, i, place, frame, captions.top))
            for (i, picture), place in zip(shown, where, strict=True)
        ]
        self._captions = captions.of(scene, solid=not self._alone)

    def onto(self, canvas: Planes, number: int) -> None:
        """Paint the given frame."""
        for picture in self._moving:
            picture.onto(canvas, number)
        caption = self._caption(number)
        caption.overlay.onto(canvas)
        for index, name in self._names:
            name.onto(canvas, speaks=index == caption.speaker, framed=not self._alone)

    def _caption(self, number: int) -> Caption:
        return next(c for c in self._captions if c.start <= number < c.end)


class _Furniture:
    """What stands over every scene."""

    def __init__(self, slate: Slate, frame: Frame, cut: Sequence[Scene]) -> None:
        self._header = Header(slate, frame)
        self._progress = Progress(frame, slate.seconds * FPS, [s.start for s in cut[1:]])
        self._mark = watermark(frame) if slate.watermark else None

    def onto(self, canvas: Planes, number: int) -> None:
        """Paint the given frame."""
        self._header.onto(canvas, number)
        self._progress.onto(canvas, number)
        if self._mark:
            self._mark.onto(canvas)
