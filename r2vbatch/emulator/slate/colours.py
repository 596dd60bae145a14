"""The colours of a slate: of type, of bands, and one for each of the cast."""

from __future__ import annotations

from collections.abc import Iterable
from zlib import crc32

BAND = (13, 15, 18)
TEXT, LABEL, DIM, SPEECH = "#e9ebef", "#c9ced6", "#a3a9b4", "#ffffff"
DARK = "#14161a"
"""Type on the colour of one of the cast."""
CAST = (
    "#7cbcff",
    "#a9dd78",
    "#ff9ad0",
    "#ff9a86",
    "#dccba6",
    "#ffc457",
    "#c3a8ff",
    "#5ed6c4",
)


def of_cast(names: Iterable[str]) -> list[str]:
    """A colour for each name, wherever it is written; all differ, up to eight. A name keeps its
    colour from shot to shot, unless another in the shot has it."""
    found: list[str] = []
    for name in names:
        first = (crc32(name.encode(errors="replace")) >> 24) % len(CAST)
        order = CAST[first:] + CAST[:first]
        found.append(next((colour for colour in order if colour not in found), order[0]))
    return found
