"""What stands in for a reference that could not be had: a card with its name and the reason."""

from __future__ import annotations

from PIL import Image, ImageDraw

from r2vbatch.emulator.slate.composition import Frame, Place
from r2vbatch.emulator.slate.model import Picture
from r2vbatch.emulator.slate.planes import Planes, from_rgb
from r2vbatch.emulator.slate.typeset import Piece, draw_line, leading, width, wrap

GROUND = (38, 41, 48)


class Card:
    """What stands in for a reference that could not be had: its name, and where it was sought."""

    def __init__(self, picture: Picture, place: Place, frame: Frame, foot: int) -> None:
        """`foot`: the lowest row that captions leave free."""
        image = Image.new("RGB", (place.width, place.height), GROUND)
        draw = ImageDraw.Draw(image)
        seen = min(place.height, foot - place.y)
        edge = frame.px(3)
        draw.rectangle(
            (edge * 2, edge * 2, place.width - edge * 2, seen - edge * 2),
            outline="#5a606c",
            width=edge,
        )
        room = place.width - frame.px(60)
        big, small = frame.px(40), frame.px(18)
        lines = [(line, big) for line in wrap([Piece(picture.name, "#e8eaee")], big, room)[:2]]
        lines += [(line, small) for line in wrap(_why(picture), small, room)[:5]]
        y = (seen - sum(leading(size) for _, size in lines)) / 2
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
