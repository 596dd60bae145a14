"""References in motion, each in its place: stills drift, videos play and loop, cards stand.

Each knows how to paint itself at a frame of the clip. A still moves along one side, in steps
smaller than a pixel (two crops blended), so that it neither jumps nor shimmers.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import av
from av.video.reformatter import ColorRange, Interpolation
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from r2vbatch.emulator.slate.composition import Frame, Place, even
from r2vbatch.emulator.slate.model import FPS, Picture
from r2vbatch.emulator.slate.planes import Planes, from_frame, from_rgb
from r2vbatch.emulator.slate.typeset import Piece, draw_line, leading, width, wrap

OVERSCAN = 1.05
DRIFT = 0.022
"""Share of its place's side that a still moves in a second."""
FOCUS = (0.5, 0.25)
"""Where the middle of what is shown lies between the edges: faces are in the upper third."""
SHORT_SIDE = 2000
"""Pixels a reference's short side is reduced to: no place is larger than 1920."""
CARD = (38, 41, 48)


class Moving(Protocol):
    """Something that paints itself at a frame of the clip."""

    def onto(self, canvas: Planes, frame: int) -> None:
        """Paint the given frame; frames come in order."""
        ...


class Still:
    """An image that drifts from `start` to `end` (frames)."""

    def __init__(self, image: Image.Image, place: Place, turn: int, start: int, end: int) -> None:
        """`turn`: any number; decides the direction."""
        self._place, self._start, self._last = place, start, max(1, end - start - 1)
        scale = OVERSCAN * max(place.width / image.width, place.height / image.height)
        spare = (image.width * scale - place.width, image.height * scale - place.height)
        axis = 0 if spare[0] >= spare[1] else 1
        side = place.width if axis == 0 else place.height
        travel = min(spare[axis], DRIFT * side * (end - start) / FPS)
        first = [spare[i] * FOCUS[i] for i in (0, 1)]
        first[axis] = min(max(0.0, first[axis] - travel / 2), spare[axis] - travel)
        room = [place.width, place.height]
        room[axis] += even(travel) + 4
        box = (
            first[0] / scale,
            first[1] / scale,
            min(image.width, (first[0] + room[0]) / scale),
            min(image.height, (first[1] + room[1]) / scale),
        )
        size = (room[0], room[1])
        fitted = image.resize(size, Image.Resampling.BICUBIC, box=box, reducing_gap=3.0)
        if scale < 1:  # fine detail would flicker as it moves between pixels
            fitted = fitted.filter(ImageFilter.GaussianBlur(0.6))
        self._planes = from_rgb(fitted)
        self._axis, self._travel = axis, travel
        self._backwards = bool(turn % 2)

    def onto(self, canvas: Planes, frame: int) -> None:
        """Paint the given frame."""
        share = min(1.0, (frame - self._start) / self._last)
        eased = share * share * (3 - 2 * share)
        offset = self._travel * (1 - eased if self._backwards else eased)
        place = self._place
        shown = self._planes.each(lambda plane, d: self._crop(plane, d, offset))
        canvas.paste(shown, (place.x, place.y))

    def _crop(self, plane: Image.Image, divisor: int, offset: float) -> Image.Image:
        whole, part = divmod(offset / divisor, 1.0)
        size = (self._place.width // divisor, self._place.height // divisor)
        here, there = (_cut(plane, size, self._axis, int(whole) + step) for step in (0, 1))
        return Image.blend(here, there, part)


def _cut(plane: Image.Image, size: tuple[int, int], axis: int, at: int) -> Image.Image:
    x, y = (at, 0) if axis == 0 else (0, at)
    return plane.crop((x, y, x + size[0], y + size[1]))


class Film:
    """A video that plays from the clip's beginning, looped."""

    def __init__(self, file: Path, place: Place, start: int) -> None:
        self._place = place
        self._frames = _looped(file)
        self._now, self._next = 0.0, 0.0
        self._shown: Planes | None = None
        self._pending = next(self._frames)
        self.onto(_NOWHERE, start)

    def onto(self, canvas: Planes, frame: int) -> None:
        """Paint the given frame."""
        time = frame / FPS + 1e-6
        newest = None
        while self._pending[0] <= time:
            newest = self._pending[1]
            try:
                self._pending = next(self._frames)
            except StopIteration:  # broken half-way: its last picture stays
                self._pending = (float("inf"), newest)
        if newest is not None:
            self._shown = _fitted(newest, self._place)
        if self._shown is not None and canvas is not _NOWHERE:
            canvas.paste(self._shown, (self._place.x, self._place.y))


_NOWHERE = Planes(*(Image.new("L", (1, 1)) for _ in range(3)))


def _looped(file: Path) -> Iterator[tuple[float, av.VideoFrame]]:
    """(seconds, frame) for ever, as long as the file can be decoded."""
    begun = 0.0
    while True:
        last = step = 0.0
        seen = 0
        try:
            with av.open(str(file)) as container:
                stream = container.streams.video[0]
                stream.codec_context.thread_count = 1
                step = float(1 / (stream.average_rate or FPS))
                first: float | None = None
                for frame in container.decode(stream):
                    time = frame.time or 0.0
                    first = time if first is None else first
                    last = time - first
                    seen += 1
                    yield begun + last, frame
        except av.FFmpegError:
            pass
        if not seen:
            return
        begun += last + step


def _fitted(frame: av.VideoFrame, place: Place) -> Planes:
    """The frame scaled to cover its place, and cut to it."""
    turned = frame.rotation % 180 != 0
    wide, high = (frame.height, frame.width) if turned else (frame.width, frame.height)
    scale = max(place.width / wide, place.height / high)
    size = (max(place.width, even(wide * scale)), max(place.height, even(high * scale)))
    planes = from_frame(
        frame.reformat(
            width=size[turned],
            height=size[not turned],
            format="yuv420p",
            dst_color_range=ColorRange.MPEG,
            interpolation=Interpolation.BILINEAR,
        )
    )
    if frame.rotation % 360:
        turn = {90: Image.Transpose.ROTATE_90, 180: Image.Transpose.ROTATE_180}
        how = turn.get(frame.rotation % 360, Image.Transpose.ROTATE_270)
        planes = planes.each(lambda plane, _: plane.transpose(how))
    left, top = (even((size[i] - place[i + 2]) * FOCUS[i]) for i in (0, 1))
    return planes.each(
        lambda plane, d: plane.crop(
            (left // d, top // d, (left + place.width) // d, (top + place.height) // d)
        )
    )


class Card:
    """What stands in for a reference that could not be had: its name, and where it was sought."""

    def __init__(self, picture: Picture, place: Place, frame: Frame) -> None:
        image = Image.new("RGB", (place.width, place.height), CARD)
        draw = ImageDraw.Draw(image)
        edge = frame.px(3)
        draw.rectangle(
            (edge * 2, edge * 2, place.width - edge * 2, place.height - edge * 2),
            outline="#5a606c",
            width=edge,
        )
        room = place.width - frame.px(60)
        big, small = frame.px(40), frame.px(18)
        lines = [(line, big) for line in wrap([Piece(picture.name, "#e8eaee")], big, room)[:2]]
        lines += [(line, small) for line in wrap(_why(picture), small, room)[:5]]
        y = (place.height - sum(leading(size) for _, size in lines)) / 2
        for line, size in lines:
            x = (place.width - sum(width(p.text, size) for p in line)) / 2
            draw_line(draw, (x, y), line, size)
            y += leading(size)
        self._planes, self._place = from_rgb(image), place

    def onto(self, canvas: Planes, frame: int) -> None:
        """Paint it; it does not move."""
        canvas.paste(self._planes, (self._place.x, self._place.y))


def _why(picture: Picture) -> list[Piece]:
    where = f": {picture.content}" if picture.file is None else ""
    return [Piece(f"could not be opened here{where}", "#9aa1ad")]


@lru_cache(maxsize=5)
def load(file: Path) -> Image.Image:
    """An image file as RGB, upright, clear parts on the card's grey, no larger than can show.

    Raises:
        OSError: it cannot be decoded.
    """
    with Image.open(file) as opened:
        shrink = min(1.0, SHORT_SIDE / min(opened.size))
        size = (round(opened.width * shrink), round(opened.height * shrink))
        opened.draft("RGB", size)
        upright = ImageOps.exif_transpose(opened)
    if shrink < 1:
        turned = (upright.width > upright.height) != (size[0] > size[1])
        upright = upright.resize(size[::-1] if turned else size, reducing_gap=2.0)
    if not upright.has_transparency_data:
        return upright.convert("RGB")
    whole = upright.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", whole.size, CARD), whole).convert("RGB")


def aspect(picture: Picture) -> float:
    """Width / height of a reference; of a card, a modest one."""
    try:
        if picture.kind == "image" and picture.file:
            image = load(picture.file)
            return image.width / image.height
        if picture.kind == "video" and picture.file:
            frame = next(_looped(picture.file))[1]
            wide = frame.width / frame.height
            return 1 / wide if frame.rotation % 180 else wide
    except (OSError, ValueError, StopIteration, av.FFmpegError):
        pass
    return 4 / 3


def moving(picture: Picture, place: Place, frame: Frame, turn: int, start: int, end: int) -> Moving:
    """The reference in its place, for the frames from `start` to `end`."""
    try:
        if picture.kind == "image" and picture.file:
            return Still(load(picture.file), place, turn, start, end)
        if picture.kind == "video" and picture.file:
            return Film(picture.file, place, start)
    except (OSError, ValueError, StopIteration, av.FFmpegError):
        pass
    return Card(picture, place, frame)
