"""Images that drift: slowly, along one side, without a jump or a shimmer.

The image is prepared at eight positions within one pixel, each resampled from the source; a
frame is then a plain cut. Blending two whole-pixel cuts would be soft at half a pixel and sharp
at a whole one, and fine detail would pulse as it moves.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageOps

from r2vbatch.emulator.slate.composition import Place, even
from r2vbatch.emulator.slate.model import FPS
from r2vbatch.emulator.slate.planes import Planes, channels
from r2vbatch.media.files import picture

OVERSCAN = 1.05
DRIFT, LONGEST_DRIFT = 0.016, 0.09
"""Shares of its place's side that a still moves: in a second, and in all."""
STEPS = 8
"""Positions within a pixel: fewer are seen as steps where the drift begins and ends."""
FINER = 1.5
"""A larger source is first reduced to this many times the pixels shown."""
FOCUS = (0.5, 0.15)
"""Where the middle of what is shown lies between the edges: faces are in the upper third."""
SHORT_SIDE = 2000
"""Pixels a reference's short side is reduced to: no place is larger than 1920."""
BEHIND = (44, 48, 56)
"""What shows through an image that is partly clear."""


class Still:
    """An image that drifts from frame `start` to `end`."""

    def __init__(self, image: Image.Image, place: Place, turn: int, start: int, end: int) -> None:
        """`turn`: any number; decides the direction."""
        self._place, self._start, self._last = place, start, max(1, end - start - 1)
        self._backwards = bool(turn % 2)
        scale = OVERSCAN * max(place.width / image.width, place.height / image.height)
        spare = [image.width * scale - place.width, image.height * scale - place.height]
        axis = 0 if spare[0] >= spare[1] else 1
        side = place.width if axis == 0 else place.height
        wanted = side * min(LONGEST_DRIFT, DRIFT * (end - start) / FPS)
        self._travel = max(0.0, min(wanted, spare[axis] - _ROUNDING))
        corner = [spare[i] * FOCUS[i] for i in (0, 1)]
        latest = max(0.0, spare[axis] - _ROUNDING - self._travel)
        corner[axis] = min(max(0.0, corner[axis] - self._travel / 2), latest)
        size = [place.width, place.height]
        size[axis] += even(self._travel + 2)
        part = _Part((corner[0], corner[1]), (size[0], size[1]), scale, axis)
        if FINER * scale < 1:
            image, part = _reduced(image, part)
        y, u, v = channels(image)
        self._tracks = [_Track(y, part, 1), _Track(u, part, 2), _Track(v, part, 2)]

    def onto(self, canvas: Planes, frame: int) -> None:
        """Paint the given frame."""
        share = min(1.0, (frame - self._start) / self._last)
        eased = share * share * (3 - 2 * share)
        offset = self._travel * (1 - eased if self._backwards else eased)
        for track, plane in zip(self._tracks, canvas, strict=True):
            track.onto(plane, self._place, offset)


_ROUNDING = 5.0
"""Pixels kept beyond the drift: sizes are even, and the last position is nearly two pixels on."""


class _Part(NamedTuple):
    """The part of an image that is shown, in pixels of the slate."""

    corner: tuple[float, float]
    size: tuple[int, int]
    scale: float
    axis: int

    def box(self, image: Image.Image, shift: float) -> tuple[float, float, float, float]:
        """Where it lies on the image when moved by `shift` along its axis."""
        left, top = self.corner
        left, top = (left + shift, top) if self.axis == 0 else (left, top + shift)
        right, bottom = left + self.size[0], top + self.size[1]
        return (
            left / self.scale,
            top / self.scale,
            min(image.width, right / self.scale),
            min(image.height, bottom / self.scale),
        )


def _reduced(image: Image.Image, part: _Part) -> tuple[Image.Image, _Part]:
    factor = FINER * part.scale
    size = (round(image.width * factor), round(image.height * factor))
    return image.resize(size, reducing_gap=2.0), part._replace(scale=1 / FINER)


class _Track:
    """One plane of a still, at all its positions; `divisor` is 2 for the planes of colour."""

    def __init__(self, plane: Image.Image, part: _Part, divisor: int) -> None:
        size = (part.size[0] // divisor, part.size[1] // divisor)
        self._axis, self._divisor = part.axis, divisor
        self._positions = [
            plane.resize(
                size, Image.Resampling.BICUBIC, box=part.box(plane, divisor * step / STEPS)
            )
            for step in range(STEPS)
        ]

    def onto(self, plane: Image.Image, place: Place, offset: float) -> None:
        """Paint what shows when the image has moved by `offset` pixels of the slate."""
        d = self._divisor
        whole, step = divmod(round(offset / d * STEPS), STEPS)
        x, y = (whole, 0) if self._axis == 0 else (0, whole)
        box = (x, y, x + place.width // d, y + place.height // d)
        plane.paste(self._positions[step].crop(box), (place.x // d, place.y // d))


@lru_cache(maxsize=5)
def load(file: Path) -> Image.Image:
    """An image file as RGB, upright, clear parts on grey, no larger than can show.

    Raises:
        OSError: it cannot be decoded.
    """
    with picture(file) as opened:
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
    return Image.alpha_composite(Image.new("RGBA", whole.size, BEHIND), whole).convert("RGB")
