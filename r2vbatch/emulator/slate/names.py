"""The names of the references, each in the lower left corner of its picture."""

from __future__ import annotations

from PIL import Image, ImageColor, ImageDraw

from r2vbatch.emulator.slate.colours import DARK, TEXT
from r2vbatch.emulator.slate.composition import Frame, Place
from r2vbatch.emulator.slate.model import Picture
from r2vbatch.emulator.slate.planes import Overlay, Planes, colour, overlay
from r2vbatch.emulator.slate.typeset import Piece, draw_line, leading, shortened, width

PLATE = (12, 14, 18, 215)


class Name:
    """A reference's name in the lower left corner of its picture; lit while it speaks."""

    def __init__(
        self, picture: Picture, accent: str, place: Place, frame: Frame, foot: int
    ) -> None:
        """`accent`: its colour; `foot`: the lowest row it may stand on."""
        self._place = place
        self._edge = frame.px(4)
        self._accent = colour(ImageColor.getrgb(accent)[:3])
        pad = frame.px(12)
        left = max(place.x + pad, frame.margin[0] if place.x == 0 else 0)
        right = min(place.x + place.width - pad, frame.width - frame.margin[0])
        bottom = min(place.y + place.height, foot) - pad
        self._quiet = _plate(picture, accent, (left, bottom), right - left, frame, lit=False)
        self._lit = _plate(picture, accent, (left, bottom), right - left, frame, lit=True)

    def onto(self, canvas: Planes, *, speaks: bool, framed: bool) -> None:
        """Paint it; `framed` draws a border around the picture of the one who speaks."""
        (self._lit if speaks else self._quiet).onto(canvas)
        if speaks and framed:
            p, e = self._place, self._edge
            right, low = p.x + p.width, p.y + p.height
            for box in (
                (p.x, p.y, right, p.y + e),
                (p.x, low - e, right, low),
                (p.x, p.y, p.x + e, low),
                (right - e, p.y, right, low),
            ):
                canvas.fill(box, self._accent)


def _plate(
    picture: Picture, accent: str, at: tuple[int, int], room: int, frame: Frame, *, lit: bool
) -> Overlay:
    size = frame.px(21)
    dot, pad = frame.px(10), frame.px(10)
    text = shortened(picture.name, size, room - dot - 3 * pad)
    wide = int(width(text, size) + dot + 3 * pad + 1) & ~1
    high = leading(size) + pad & ~1
    ground, ink = (accent, DARK) if lit else (PLATE, TEXT)
    image = Image.new("RGBA", (wide, high), (*ImageColor.getrgb(accent)[:3], 0))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((0, 0, wide - 1, high - 1), radius=high // 2, fill=ground)
    middle = high / 2
    mark = ink if lit else accent
    if picture.kind == "video":
        points = [(pad, middle - dot / 2), (pad, middle + dot / 2), (pad + dot, middle)]
        draw.polygon(points, fill=mark)
    else:
        draw.ellipse((pad, middle - dot / 2, pad + dot, middle + dot / 2), fill=mark)
    draw_line(draw, (2 * pad + dot, (high - leading(size)) / 2), [Piece(text, ink)], size)
    return overlay(image, (at[0] & ~1, at[1] - high & ~1))
