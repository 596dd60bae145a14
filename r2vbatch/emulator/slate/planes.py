"""Pictures as the encoder wants them: three planes of 4:2:0, BT.709, limited range.

Everything is converted once and then cropped, blended and pasted plane by plane with Pillow:
several times cheaper than converting each frame from RGB.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import av
from av.video.reformatter import ColorRange, Colorspace
from PIL import Image

BLACK = (16, 128, 128)
Box = tuple[int, int, int, int]


class Planes(NamedTuple):
    """One picture: Y in full size, U and V in half. All sizes and places are even."""

    y: Image.Image
    u: Image.Image
    v: Image.Image

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of Y."""
        return self.y.size

    def each(self, change: Callable[[Image.Image, int], Image.Image]) -> Planes:
        """`change(plane, 1 or 2)`: the divisor of places and sizes on that plane."""
        return Planes(change(self.y, 1), change(self.u, 2), change(self.v, 2))

    def copy(self) -> Planes:
        """An independent copy to paint on."""
        return self.each(lambda plane, _: plane.copy())

    def paste(self, other: Planes, at: tuple[int, int]) -> None:
        """Paint `other` over this."""
        for mine, theirs, d in zip(self, other, (1, 2, 2), strict=True):
            mine.paste(theirs, (at[0] // d, at[1] // d))

    def fill(self, box: Box, colour: tuple[int, int, int]) -> None:
        """Paint a rectangle in a YUV colour."""
        for plane, value, d in zip(self, colour, (1, 2, 2), strict=True):
            plane.paste(value, (box[0] // d, box[1] // d, box[2] // d, box[3] // d))

    def frame(self) -> av.VideoFrame:
        """As a video frame."""
        frame = av.VideoFrame(*self.size, "yuv420p")
        for plane, image in zip(frame.planes, self, strict=True):
            plane.update(image.tobytes("raw", "L", plane.line_size, 1))
        return frame


class Overlay(NamedTuple):
    """Something partly transparent to paint at one place, again and again."""

    planes: Planes
    mask: Image.Image
    half_mask: Image.Image
    at: tuple[int, int]

    def onto(self, canvas: Planes) -> None:
        """Paint it."""
        x, y = self.at
        canvas.y.paste(self.planes.y, (x, y), self.mask)
        canvas.u.paste(self.planes.u, (x // 2, y // 2), self.half_mask)
        canvas.v.paste(self.planes.v, (x // 2, y // 2), self.half_mask)


def black(width: int, height: int) -> Planes:
    """An empty picture."""
    half = (width // 2, height // 2)
    return Planes(
        Image.new("L", (width, height), BLACK[0]),
        Image.new("L", half, BLACK[1]),
        Image.new("L", half, BLACK[2]),
    )


def from_rgb(image: Image.Image) -> Planes:
    """An RGB picture with even sides."""
    return from_frame(_converted(image, "yuv420p"))


def channels(image: Image.Image) -> Planes:
    """An RGB picture of any size, all its planes in full size: to be scaled before it is shown."""
    return from_frame(_converted(image, "yuv444p"))


def _converted(image: Image.Image, form: str) -> av.VideoFrame:
    frame = av.VideoFrame(*image.size, "rgb24")
    plane = frame.planes[0]
    plane.update(image.convert("RGB").tobytes("raw", "RGB", plane.line_size, 1))
    return frame.reformat(
        format=form,
        dst_colorspace=Colorspace.ITU709,
        dst_color_range=ColorRange.MPEG,
        threads=1,
    )


def from_frame(frame: av.VideoFrame) -> Planes:
    """A planar frame, as it is; 4:2:0 wants even sides."""
    return Planes(*(_plane(frame, i) for i in range(3)))


def _plane(frame: av.VideoFrame, index: int) -> Image.Image:
    plane = frame.planes[index]
    size = (plane.width, plane.height)
    return Image.frombytes("L", size, bytes(plane), "raw", "L", plane.line_size, 1)


def overlay(image: Image.Image, at: tuple[int, int]) -> Overlay:
    """An RGBA picture with even sides, at an even place; only what is not clear is kept."""
    box = image.getchannel("A").getbbox() or (0, 0, 2, 2)
    left, top = box[0] & ~1, box[1] & ~1
    right, bottom = min(image.width, box[2] + 1 & ~1), min(image.height, box[3] + 1 & ~1)
    image = image.crop((left, top, right, bottom))
    mask = image.getchannel("A")
    half = mask.resize((image.width // 2, image.height // 2), Image.Resampling.BOX)
    return Overlay(from_rgb(image), mask, half, (at[0] + left, at[1] + top))


def colour(rgb: tuple[int, int, int]) -> tuple[int, int, int]:
    """An RGB colour as YUV."""
    dot = from_rgb(Image.new("RGB", (2, 2), rgb))
    return tuple(int(plane.getpixel((0, 0))) for plane in dot)  # type: ignore[return-value,arg-type]
