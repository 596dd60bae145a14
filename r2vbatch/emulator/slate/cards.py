"""What stands in for a reference that could not be had: a card with its name and the reason."""

from __future__ import annotations

from urllib.parse import urlsplit

from PIL import Image, ImageDraw

from r2vbatch.emulator.slate.colours import TEXT
from r2vbatch.emulator.slate.composition import Frame, Place
from r2vbatch.emulator.slate.model import Picture
from r2vbatch.emulator.slate.planes import Planes, from_rgb
from r2vbatch.emulator.slate.stills import BEHIND
from r2vbatch.emulator.slate.typeset import Piece, draw_line, leading, width, wrap

REASON = "#ffb46b"


class Card:
    """What stands in for a reference that could not be had: its name, and where it was sought."""

    def __init__(self, picture: Picture, place: Place, frame: Frame, foot: int) -> None:
        """`foot`: the lowest row that captions leave free."""
        image = Image.new("RGB", (place.width, place.height), BEHIND)
        draw = ImageDraw.Draw(image)
        seen = min(place.height, foot - place.y)
        room = place.width - frame.px(60)
        big, small = frame.px(40), frame.px(20)
        lines = [(line, big) for line in wrap([Piece(picture.name, TEXT)], big, room)[:2]]
        for text in _why(picture):
            lines += [(line, small) for line in wrap([Piece(text, REASON)], small, room)[:4]]
        y = (seen - sum(leading(size) for _, size in lines)) / 2
        for line, size in lines:
            x = (place.width - sum(width(p.text, size) for p in line)) / 2
            draw_line(draw, (x, y), line, size)
            y += leading(size)
        self._planes, self._place = from_rgb(image), place

    def onto(self, canvas: Planes, frame: int) -> None:
        """Paint it; it does not move."""
        canvas.paste(self._planes, (self._place.x, self._place.y))


def _why(picture: Picture) -> list[str]:
    where = [where_of(picture.content)] if picture.file is None else []
    return ["could not be opened here", *where]


def where_of(url: str) -> str:
    """A URL without what may be secret in it, user and signature, and without data."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        host = None
    return f"{parts.scheme}://{host}{parts.path}" if host else "a URL without a host"
