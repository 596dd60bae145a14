"""The two fonts of the package, and which of them has a character.

The first is for nearly everything (Latin, Greek, Cyrillic, Chinese, Japanese, Korean), the
second for what it lacks (Hebrew, Arabic, signs). What neither has, most emoji for one, is shown
as one small square for a whole stretch: a row of empty boxes would look like a fault of ours.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from PIL import ImageFont

FOLDER = Path(__file__).parent.parent / "fonts"
FILES = ("wqy-microhei.ttc", "DejaVuSans.ttf")
NOT_SHOWN = "□"
NO_CHARACTER = "\U0010fffe"
"""No font has it: drawn as the sign for what is missing."""
SAMPLE_SIZE = 40


class Stretch(NamedTuple):
    """Characters that one font has, to be drawn in one go."""

    font: int
    text: str


@lru_cache(maxsize=64)
def font(number: int, size: int) -> ImageFont.FreeTypeFont:
    """A font of `FILES` at a size in pixels."""
    return ImageFont.truetype(str(FOLDER / FILES[number]), size)


@lru_cache(maxsize=4096)
def stretches(text: str) -> tuple[Stretch, ...]:
    """A text in stretches of one font each, marks composed with their letters."""
    signs = list(_with_fonts(unicodedata.normalize("NFC", text)))
    for i in range(1, len(signs) - 1):
        before, after = signs[i - 1][0], signs[i + 1][0]
        if signs[i][1] == " " and before == after:
            signs[i] = (before, " ")  # words that run leftwards stay together, and in order
    return tuple(
        Stretch(number or 0, NOT_SHOWN if number is None else "".join(sign for _, sign in group))
        for number, group in groupby(signs, key=lambda pair: pair[0])
    )


def _with_fonts(text: str) -> Iterator[tuple[int | None, str]]:
    """Each character with its font, None where there is none. A mark goes with what it stands
    on, or is left out; so are controls."""
    before: int | None = 0
    for sign in text:
        kind = unicodedata.category(sign)
        if kind[0] != "M" and kind not in ("Cf", "Cc"):
            before = next((n for n in range(len(FILES)) if _has(n, sign)), None)
        elif kind == "Cc" or (before is not None and not _has(before, sign)):
            continue
        yield before, sign


@lru_cache(maxsize=4096)
def _has(number: int, sign: str) -> bool:
    return _shape(number, sign) != _shape(number, NO_CHARACTER)


@lru_cache(maxsize=256)
def _shape(number: int, sign: str) -> bytes:
    return bytes(font(number, SAMPLE_SIZE).getmask(sign))
