"""What stands around the pictures: header, timecode, names, progress, the mark of a watermark.

Drawn once where it does not move; only the timecode and the progress line change by the frame.
"""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageColor, ImageDraw

from r2vbatch.emulator.slate.captions import BAND, COLOURS, DIM, TEXT
from r2vbatch.emulator.slate.composition import Frame, Place
from r2vbatch.emulator.slate.model import FPS, Picture, Slate
from r2vbatch.emulator.slate.planes import Overlay, Planes, colour, overlay
from r2vbatch.emulator.slate.typeset import Piece, draw_line, font, leading, width

PLATE = (12, 14, 18, 215)
WHITE = 225


class Header:
    """Shot, take and length at the top left; the running timecode at the top right."""

    def __init__(self, slate: Slate, frame: Frame) -> None:
        self._size = frame.px(28)
        self._signs = {sign: _shape(sign, self._size) for sign in "0123456789:"}
        self._step = max(width(digit, self._size) for digit in "0123456789")
        self._gap = width(":", self._size)
        x, y = frame.margin
        clock = 6 * self._step + 2 * self._gap
        self._clock_at = (frame.width - x - clock, y)
        image = Image.new("RGBA", (frame.width, frame.header), BAND)
        self._write(slate, frame, ImageDraw.Draw(image), frame.text_width - clock)
        self._band = overlay(image, (0, 0))

    def _write(self, slate: Slate, frame: Frame, draw: ImageDraw.ImageDraw, room: float) -> None:
        at, gap, small = frame.margin, frame.px(16), frame.px(18)
        shot = _shortened(slate.shot, self._size, room - gap)
        x = draw_line(draw, at, [Piece(shot, TEXT)], self._size, bold=1) + gap
        facts = _shortened("  ·  ".join(_facts(slate)), small, at[0] + room - x - gap)
        y = at[1] + (leading(self._size) - leading(small)) // 2 + frame.px(2)
        draw_line(draw, (x, y), [Piece(facts, DIM)], small)

    def onto(self, canvas: Planes, frame: int) -> None:
        """Paint it, with the time at this frame."""
        self._band.onto(canvas)
        x, y = self._clock_at
        for sign in timecode(frame):
            canvas.y.paste(WHITE, (round(x), y), self._signs[sign])
            x += self._gap if sign == ":" else self._step


def _shape(sign: str, size: int) -> Image.Image:
    """A sign as a mask: type is drawn once, not in each frame."""
    mask = Image.new("L", (even_up(width(sign, size)), leading(size)))
    ImageDraw.Draw(mask).text((0, 0), sign, font=font(size), fill=255)
    return mask


def timecode(frame: int) -> str:
    """``MM:SS:FF``."""
    seconds, rest = divmod(frame, FPS)
    return f"{seconds // 60:02}:{seconds % 60:02}:{rest:02}"


def _facts(slate: Slate) -> list[str]:
    take = [f"take {slate.take}"] if slate.take is not None else []
    seed = [f"seed {slate.seed}"] if slate.seed is not None else []
    sound = [] if slate.audio else ["silent"]
    return ["PREVIEW", *take, f"{slate.seconds} s", *sound, *seed]


def _shortened(text: str, size: int, room: float) -> str:
    if width(text, size) <= room:
        return text
    while text and width(text + "...", size) > room:
        text = text[:-1]
    return text + "..." if text else ""


class Name:
    """A reference's name in the lower left corner of its picture; lit while it speaks."""

    def __init__(self, picture: Picture, index: int, place: Place, frame: Frame, foot: int) -> None:
        """`foot`: the lowest row it may stand on."""
        self._place = place
        self._edge = frame.px(4)
        accent = COLOURS[index % len(COLOURS)]
        self._accent = colour(ImageColor.getrgb(accent)[:3])
        pad = frame.px(12)
        left = max(place.x + pad, frame.margin[0] if place.x == 0 else 0)
        room = place.x + place.width - left - pad
        bottom = min(place.y + place.height, foot) - pad
        self._quiet = _plate(picture, accent, (left, bottom), room, frame, lit=False)
        self._lit = _plate(picture, accent, (left, bottom), room, frame, lit=True)
        self._bottom = min(place.y + place.height, foot)

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
    text = _shortened(picture.name, size, room - dot - 3 * pad)
    wide = int(width(text, size) + dot + 3 * pad + 1) & ~1
    high = leading(size) + pad & ~1
    ground, ink = (accent, "#14161a") if lit else (PLATE, TEXT)
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


class Progress:
    """A line along the foot that fills as time passes; cuts are marked on it."""

    def __init__(self, frame: Frame, frames: int, cuts: Sequence[int]) -> None:
        self._frame, self._frames, self._cuts = frame, frames, cuts
        self._high = frame.px(6)
        self._empty, self._full = colour((58, 62, 70)), colour((235, 237, 241))
        self._cut = colour((9, 11, 14))

    def onto(self, canvas: Planes, frame: int) -> None:
        """Paint it at this frame."""
        wide, low = self._frame.width, self._frame.height
        done = wide * (frame + 1) // self._frames & ~1
        canvas.fill((0, low - self._high, wide, low), self._empty)
        canvas.fill((0, low - self._high, done, low), self._full)
        for cut in self._cuts:
            x = wide * cut // self._frames & ~1
            canvas.fill((x - 2, low - self._high, x + 2, low), self._cut)


def watermark(frame: Frame) -> Overlay:
    """The service's mark at the bottom right."""
    size = frame.px(16)
    text = "AI generated"
    wide, high = even_up(width(text, size)), even_up(leading(size))
    image = Image.new("RGBA", (wide, high), (163, 169, 180, 0))
    draw_line(ImageDraw.Draw(image), (0, 0), [Piece(text, DIM)], size)
    x = frame.width - frame.margin[0] - wide
    y = frame.height - frame.px(8) - high
    return overlay(image, (x & ~1, y & ~1))


def even_up(value: float) -> int:
    """The next even number of pixels."""
    return 2 * -(-int(value + 1) // 2)
