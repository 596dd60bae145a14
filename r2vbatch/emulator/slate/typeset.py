"""Setting type: widths, and lines that break where Latin and Chinese may break."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

from PIL import ImageDraw

from r2vbatch.emulator.slate.fonts import font, stretches

LEADING = 1.36
CJK = "\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef"
NOT_FIRST = "，。、；：？！）】」』》〉”’…—～·,.;:?!)]}%"
NOT_LAST = "（【「『《〈“‘([{"
JOINED = NOT_FIRST + "'’-\xa0"
"""What begins like this stays with the word before it, whatever its colour."""
_FIRST, _LAST = re.escape(NOT_FIRST), re.escape(NOT_LAST)
PIECE = re.compile(rf"[^\S\xa0]+|[{_LAST}]*[{CJK}][{_FIRST}]*|(?:\xa0|[^\s{CJK}])+")
"""A space, or what is not broken. U+00A0 is no place to break."""


class Piece(NamedTuple):
    """A stretch of text of one colour."""

    text: str
    colour: str


Line = list[Piece]


@lru_cache(maxsize=8192)
def width(text: str, size: int) -> float:
    """Width of a text in pixels."""
    return sum(font(number, size).getlength(part) for number, part in stretches(text))


def is_cjk(text: str) -> bool:
    """Set as Chinese, Japanese or Korean: its own quotation marks and dots."""
    return re.search(f"[{CJK}]", text) is not None


def leading(size: int) -> int:
    """Distance from line to line."""
    return round(size * LEADING)


def wrap(texts: Iterable[Piece], size: int, room: int) -> list[Line]:
    """Lines no wider than `room` pixels; only a single long word is broken by force."""
    lines: list[Line] = [[]]
    used = 0.0
    for word in _fitting(_words(texts), size, room):
        wide = _wide(word, size)
        if used + wide > room and lines[-1] and not word[0].text.isspace():
            lines.append([])
            used = 0.0
        if lines[-1] or not word[0].text.isspace():
            lines[-1].extend(word)
            used += wide
    return [line for line in lines if line]


def _wide(word: Line, size: int) -> float:
    return sum(width(piece.text, size) for piece in word)


def balanced(texts: Sequence[Piece], size: int, room: int) -> list[Line]:
    """As few lines as `wrap` makes, about equally long: no word is left alone on the last."""
    lines = wrap(texts, size, room)
    if len(lines) < 2:
        return lines
    narrow, wide = room // len(lines), room
    while wide - narrow > size // 2:
        middle = (narrow + wide) // 2
        if len(wrap(texts, size, middle)) > len(lines):
            narrow = middle
        else:
            wide = middle
    return wrap(texts, size, wide)


def _words(texts: Iterable[Piece]) -> Iterator[Line]:
    """What may not be broken, in order: a closing mark stays with what it closes, even where
    the colour changes between them."""
    word: Line = []
    for text in texts:
        for match in PIECE.finditer(text.text):
            piece = Piece(match[0], text.colour)
            joined = word and not word[-1].text.isspace() and piece.text[0] in JOINED
            if word and not joined:
                yield word
                word = []
            word.append(piece)
    if word:
        yield word


def _fitting(words: Iterable[Line], size: int, room: int) -> Iterator[Line]:
    """The words; one that is wider than a line comes letter by letter."""
    for word in words:
        if _wide(word, size) <= room:
            yield word
        else:
            yield from ([Piece(sign, piece.colour)] for piece in word for sign in piece.text)


def shortened(text: str, size: int, room: float) -> str:
    """The text if it fits, else its beginning and its end, which tell names apart."""
    if width(text, size) <= room:
        return text

    def short(kept: int) -> str:
        tail = kept // 3
        return text[: kept - tail] + "..." + text[len(text) - tail :]

    kept = bisect_right(range(len(text)), room, key=lambda kept: width(short(kept), size)) - 1
    return short(kept) if kept > 1 else ""


def draw_line(draw: ImageDraw.ImageDraw, at: tuple[float, float], line: Line, size: int) -> float:
    """Set one line with its top left at `at`; returns where it ends."""
    x, y = at
    base = y + font(0, size).getmetrics()[0]
    for colour, pieces in groupby(line, key=lambda piece: piece.colour):
        for number, part in stretches("".join(piece.text for piece in pieces)):
            shape = font(number, size)
            draw.text((x, base), part, font=shape, fill=colour, anchor="ls")
            x += shape.getlength(part)
    return x
