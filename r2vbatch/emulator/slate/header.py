"""The band at the top: which shot, which take, how long, and the running timecode.

Drawn once; only the digits of the timecode change by the frame.
"""

from __future__ import annotations

from PIL import Image, ImageDraw

from r2vbatch.emulator.slate.colours import BAND, DIM, TEXT
from r2vbatch.emulator.slate.composition import Frame, even_up
from r2vbatch.emulator.slate.fonts import font
from r2vbatch.emulator.slate.model import FPS, Slate
from r2vbatch.emulator.slate.planes import Overlay, Planes, colour, overlay
from r2vbatch.emulator.slate.typeset import Piece, draw_line, leading, shortened, width

MARK = "PREVIEW"
BIG, SMALL = 30, 20
"""Type sizes at 720 pixels."""
WHITE = 225


def header(slate: Slate, frame: Frame) -> Overlay:
    """Shot, take and length at the left, the mark of a preview before the timecode."""
    image = Image.new("RGBA", (frame.width, frame.header), BAND)
    draw = ImageDraw.Draw(image)
    big, small, gap = frame.px(BIG), frame.px(SMALL), frame.px(20)
    left, top = frame.margin
    lower = top + font(0, big).getmetrics()[0] - font(0, small).getmetrics()[0]
    right = Clock.left(frame) - gap - width(MARK, small)
    draw_line(draw, (right, lower), [Piece(MARK, DIM)], small)
    room = right - gap - left
    shot, facts = _fitted(slate, big, small, room - gap)
    x = draw_line(draw, (left, top), [Piece(shot, TEXT)], big)
    draw_line(draw, (x + gap, lower), [Piece(facts, DIM)], small)
    return overlay(image, (0, 0))


def _fitted(slate: Slate, big: int, small: int, room: float) -> tuple[str, str]:
    """The shot's id, and as many facts as leave it whole; take and length always."""
    facts = [f"take {slate.take}"] if slate.take is not None else []
    facts.append(f"{slate.seconds} s")
    needed = len(facts)
    facts += [] if slate.audio else ["silent"]
    facts += [f"seed {slate.seed}"] if slate.seed is not None else []
    while True:
        text = "  ·  ".join(facts)
        left = room - width(text, small)
        if len(facts) == needed or width(slate.shot, big) <= left:
            return shortened(slate.shot, big, left), text
        facts.pop()


class Clock:
    """The running timecode; every digit has the same room, so that it stands still."""

    def __init__(self, frame: Frame) -> None:
        self._size = size = frame.px(BIG)
        self._signs = {sign: _shape(sign, size) for sign in "0123456789:"}
        self._at = (self.left(frame), frame.margin[1])
        right, low = frame.width - frame.margin[0], frame.margin[1] + leading(size)
        self._box = (self._at[0] & ~1, self._at[1] & ~1, even_up(right), even_up(low))
        self._ground = colour(BAND)

    @staticmethod
    def left(frame: Frame) -> int:
        """Where it begins."""
        step, gap = _steps(frame.px(BIG))
        return frame.width - frame.margin[0] - round(6 * step + 2 * gap)

    def onto(self, canvas: Planes, frame: int) -> None:
        """Paint the time at this frame."""
        canvas.fill(self._box, self._ground)
        step, gap = _steps(self._size)
        x = float(self._at[0])
        for sign in timecode(frame):
            canvas.y.paste(WHITE, (round(x), self._at[1]), self._signs[sign])
            x += gap if sign == ":" else step


def _steps(size: int) -> tuple[float, float]:
    """The room of a digit and of a colon."""
    return max(width(digit, size) for digit in "0123456789"), width(":", size)


def _shape(sign: str, size: int) -> Image.Image:
    """A sign as a mask: type is drawn once, not in each frame."""
    mask = Image.new("L", (even_up(width(sign, size)), leading(size)))
    ImageDraw.Draw(mask).text((0, 0), sign, font=font(0, size), fill=255)
    return mask


def timecode(frame: int) -> str:
    """``MM:SS:FF``."""
    seconds, rest = divmod(frame, FPS)
    return f"{seconds // 60:02}:{seconds % 60:02}:{rest:02}"
