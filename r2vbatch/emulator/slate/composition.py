"""Where things stand: pictures, captions, header. Pure geometry, in even pixels.

The header has a band of its own, so that it hides no face. One reference fills all below it,
captions laid over, unless too little of it would show; several share what is left above the
captions, in the rows or columns that show most of each.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

GAP = 4
ENOUGH = 0.5
"""The share of one picture that must show where captions lie over it."""
SLIMMEST, WIDEST = 0.6, 1.9
"""A picture beyond these shapes is given a place of this one."""


class Place(NamedTuple):
    """A rectangle."""

    x: int
    y: int
    width: int
    height: int

    @property
    def turned(self) -> Place:
        """The same with x for y."""
        return Place(self.y, self.x, self.height, self.width)


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


def even_up(value: float) -> int:
    """The next even number of pixels."""
    return 2 * -(-int(value + 1) // 2)


def places(frame: Frame, aspects: Sequence[float], bottom: int) -> list[Place]:
    """A place for each picture, in order. `aspects`: width / height; `bottom`: where the
    captions begin."""
    top = frame.header
    above = Place(0, top, frame.width, bottom - top)
    if len(aspects) == 1:
        whole = above._replace(height=frame.height - top)
        shown = _share(whole, aspects[0])
        return [whole if shown >= min(ENOUGH, _share(above, aspects[0])) else above]
    shapes = [min(max(aspect, SLIMMEST), WIDEST) for aspect in aspects]
    return max(_grids(above, shapes), key=lambda grid: _seen(grid, aspects))


def _grids(area: Place, shapes: Sequence[float]) -> Iterator[list[Place]]:
    """Ways to place pictures in rows or in columns, in order, the first row the shortest: who
    comes first is shown largest."""
    for count in range(1, len(shapes) + 1):
        short, longer = divmod(len(shapes), count)
        lengths = [short] * (count - longer) + [short + 1] * longer
        groups = [shapes[a:b] for a, b in pairwise(accumulate(lengths, initial=0))]
        yield _rows(area, groups)
        turned = [[1 / shape for shape in group] for group in groups]
        yield [place.turned for place in _rows(area.turned, turned)]


def _rows(area: Place, rows: Sequence[Sequence[float]]) -> list[Place]:
    """Half way between places of the pictures' own shapes and equal ones: the root does that."""
    found = []
    heights = [math.sqrt(1 / sum(row)) for row in rows]
    for (upper, lower), row in zip(_parted(area.y, area.height, heights), rows, strict=True):
        columns = _parted(area.x, area.width, [math.sqrt(shape) for shape in row])
        found += [Place(x, upper, right - x, lower - upper) for x, right in columns]
    return found


def _parted(start: int, length: int, weights: Sequence[float]) -> list[tuple[int, int]]:
    """A length in stretches, as long as their weights say, a gap between each."""
    unit = length / sum(weights)
    cuts = [even(start + unit * before) for before in accumulate(weights, initial=0)]
    stretches = [(a, b - GAP) for a, b in pairwise(cuts)]
    return [*stretches[:-1], (stretches[-1][0], start + length)]


def _share(place: Place, aspect: float) -> float:
    """How much of a picture its place shows."""
    shown = place.width / place.height / aspect
    return min(shown, 1 / shown)


def _seen(grid: Sequence[Place], aspects: Sequence[float]) -> float:
    """How much of the pictures a grid shows: the worst one decides, then all together."""
    shares = [_share(place, aspect) for place, aspect in zip(grid, aspects, strict=True)]
    return min(shares) + 0.1 * sum(shares)
