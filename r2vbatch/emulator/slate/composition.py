"""Where things stand: pictures, captions, header. Pure geometry, in even pixels.

The header has a band of its own, so that it hides no face. One reference fills all below it,
captions laid over; several share what is left above the captions, in the grid that shows most
of each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

GAP = 4


class Place(NamedTuple):
    """A rectangle."""

    x: int
    y: int
    width: int
    height: int


class Frame(NamedTuple):
    """The measures of a slate that do not depend on what it shows."""

    width: int
    height: int

    @property
    def unit(self) -> float:
        """1.0 where the short side is 720 pixels."""
        return min(self.width, self.height) / 720

    def px(self, at_720: float) -> int:
        """A length given for 720 pixels, even."""
        return even(at_720 * self.unit)

    @property
    def margin(self) -> tuple[int, int]:
        """Title-safe: 5 % on each side."""
        return even(self.width * 0.05), even(self.height * 0.05)

    @property
    def header(self) -> int:
        """Height of the band at the top."""
        return self.margin[1] + self.px(48)

    @property
    def text_width(self) -> int:
        """Pixels a line of text may have."""
        return self.width - 2 * self.margin[0]


def even(value: float) -> int:
    """The nearest even number of pixels."""
    return 2 * round(value / 2)


def places(frame: Frame, aspects: Sequence[float], bottom: int) -> list[Place]:
    """A place for each picture, in order. `aspects`: width / height; `bottom`: where the
    captions begin."""
    top = frame.header
    if len(aspects) == 1:
        return [Place(0, top, frame.width, frame.height - top)]
    candidates = [_grid(frame.width, top, bottom, rows) for rows in _row_lengths(len(aspects))]
    return max(candidates, key=lambda grid: _seen(grid, aspects))


def _row_lengths(count: int) -> Iterator[tuple[int, ...]]:
    """Ways to part `count` pictures into rows whose lengths differ by one at most."""
    for rows in range(1, count + 1):
        short, longer = divmod(count, rows)
        yield (short,) * (rows - longer) + (short + 1,) * longer


def _grid(width: int, top: int, bottom: int, rows: Sequence[int]) -> list[Place]:
    found = []
    lines = _parted(top, bottom, len(rows))
    for (upper, lower), count in zip(lines, rows, strict=True):
        columns = _parted(0, width, count)
        found += [Place(x, upper, right - x, lower - upper) for x, right in columns]
    return found


def _parted(start: int, end: int, count: int) -> list[tuple[int, int]]:
    """`count` stretches between two edges, a gap between each."""
    cuts = [even(start + (end - start) * i / count) for i in range(count)]
    return [(a, b - GAP) for a, b in pairwise(cuts)] + [(cuts[-1], end)]


def _seen(grid: Sequence[Place], aspects: Sequence[float]) -> float:
    """How much of the pictures a grid shows: the worst one decides, then all together."""
    shares = [
        min(p.width / p.height / a, a * p.height / p.width)
        for p, a in zip(grid, aspects, strict=True)
    ]
    return min(shares) + 0.1 * sum(shares)
