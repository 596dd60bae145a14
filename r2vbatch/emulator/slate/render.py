"""Draws a slate: scenes in turn, each a composition of its references, under words and time."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from zlib import crc32

from r2vbatch.emulator.slate.captions import Caption, Captions
from r2vbatch.emulator.slate.colours import of_cast
from r2vbatch.emulator.slate.composition import Frame, places
from r2vbatch.emulator.slate.encode import Encoder
from r2vbatch.emulator.slate.header import Clock, header
from r2vbatch.emulator.slate.model import FPS, SAMPLE_RATE, Slate
from r2vbatch.emulator.slate.names import Name
from r2vbatch.emulator.slate.pictures import aspect, moving
from r2vbatch.emulator.slate.planes import Planes, black
from r2vbatch.emulator.slate.progress import Progress
from r2vbatch.emulator.slate.sound import SAMPLE_BYTES, sound
from r2vbatch.emulator.slate.words import Scene, scenes

OPENING = FPS
"""Frames for which a first frame is shown alone."""


def render(slate: Slate, path: Path) -> None:
    """Write the slate to `path` (MP4); a file of that name is a whole one.

    Raises:
        av.FFmpegError, OSError: it cannot be encoded or written.
    """
    heard = sound(slate.pictures, slate.seconds) if slate.audio else b""
    part = path.with_suffix(".part.mp4")
    with Encoder(part, slate.width, slate.height, audio=slate.audio) as encoder:
        for number, canvas in enumerate(drawn(slate)):
            encoder.picture(canvas.frame())
            encoder.sound(_share(heard, number))
    part.replace(path)


def drawn(slate: Slate, wanted: Container[int] | None = None) -> Iterator[Planes]:
    """The frames of a slate in order, all or the `wanted` ones. A canvas is painted over when
    the next one is asked for."""
    frame = Frame(slate.width, slate.height)
    cut = scenes(slate.prompt, slate.seconds, slate.pictures)
    captions = Captions(frame, cut, slate.pictures, watermark=slate.watermark)
    furniture = _Furniture(slate, frame, cut)
    for scene, begin, end in _parts(cut, slate):
        numbers = [n for n in range(begin, end) if wanted is None or n in wanted]
        if not numbers:
            continue
        canvas = black(*frame)
        furniture.begin(canvas)
        stage = _Stage(slate, frame, scene, captions)
        for number in numbers:
            stage.onto(canvas, number)
            furniture.onto(canvas, number)
            yield canvas


def _parts(cut: Sequence[Scene], slate: Slate) -> Iterator[tuple[Scene, int, int]]:
    """What to draw from which frame to which: the scenes, the first of them behind its opening."""
    opening = tuple(i for i, picture in enumerate(slate.pictures) if picture.opens)
    for scene in cut:
        begin = scene.start
        if opening and not begin:
            begin = min(OPENING, scene.end)
            yield replace(scene, shown=opening), 0, begin
        yield scene, begin, scene.end


def _share(heard: bytes, number: int) -> bytes:
    """The sound of one frame; picture and sound go in side by side."""
    size = SAMPLE_RATE // FPS * SAMPLE_BYTES
    return heard[number * size : (number + 1) * size]


class _Stage:
    """The references of one scene with their names, and its captions."""

    def __init__(self, slate: Slate, frame: Frame, scene: Scene, captions: Captions) -> None:
        shown = [(i, slate.pictures[i]) for i in scene.shown]
        foot = captions.top
        where = places(frame, [aspect(picture) for _, picture in shown], foot)
        self._under = any(place.y + place.height > foot for place in where)
        """Captions lie over a picture, and not on a band of their own."""
        turn = crc32(slate.shot.encode(errors="replace")) + scene.start
        self._moving = [
            moving(picture, place, frame, foot, turn + i, scene.start, scene.end)
            for (i, picture), place in zip(shown, where, strict=True)
        ]
        colours = of_cast(picture.name for picture in slate.pictures)
        self._names = [
            (i, Name(picture, colours[i], place, frame, foot))
            for (i, picture), place in zip(shown, where, strict=True)
        ]
        self._captions = captions.of(scene, solid=not self._under)
        self._standing: Caption | None = None

    def onto(self, canvas: Planes, number: int) -> None:
        """Paint the given frame over the last one."""
        for picture in self._moving:
            picture.onto(canvas, number)
        caption = next(c for c in self._captions if c.start <= number < c.end)
        if self._under or caption is not self._standing:
            caption.overlay.onto(canvas)
            self._standing = caption
        for index, name in self._names:
            name.onto(canvas, speaks=index == caption.speaker, framed=len(self._names) > 1)


class _Furniture:
    """What stands over every scene."""

    def __init__(self, slate: Slate, frame: Frame, cut: Sequence[Scene]) -> None:
        self._header, self._clock = header(slate, frame), Clock(frame)
        self._progress = Progress(frame, slate.seconds * FPS, [s.start for s in cut[1:]])

    def begin(self, canvas: Planes) -> None:
        """Paint what stays on a new canvas."""
        self._header.onto(canvas)

    def onto(self, canvas: Planes, number: int) -> None:
        """Paint the given frame over the last one."""
        self._clock.onto(canvas, number)
        self._progress.onto(canvas, number)
