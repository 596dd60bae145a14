"""Slots and spend over the time of a batch, from its ledger: numbers for a drawing. Pure.

A batch may rest for days between two runs. Time in which nothing is at the service is left out,
and the places where it was are marked: else a chart would show a line at both ends and nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate

from r2vbatch.ledger import AT_SERVICE, State, Transition

WIDTH = 1000
"""Units of the drawing, from its left to its right."""
_REST = 0.02
"""Part of the busy time; a longer rest is left out."""
_SHORTEST_REST = 30.0
_COLUMNS = 500
"""Steps that are told apart: a screen has hardly more points."""


@dataclass(frozen=True, slots=True)
class Chart:
    """One batch over its time."""

    began: float
    ended: float
    """Seconds since 1970 UTC."""
    busy: float
    """Seconds that are shown."""
    slots: Sequence[tuple[float, int]]
    """From which x (0 to `WIDTH`) on how many takes were at the service."""
    most: int
    """The most takes at the service at once."""
    spend: Sequence[tuple[float, Decimal]]
    """From which x on how much was spent."""
    total: Decimal
    rests: Sequence[float]
    """Where time is left out."""

    def slots_path(self, height: float) -> str:
        """An SVG path of the slots, as an area that stands on `height`."""
        steps = [(x, height * (1 - level / max(self.most, 1))) for x, level in self.slots]
        return f"M0 {height:g}{_steps(steps)}H{WIDTH}V{height:g}Z"

    def spend_path(self, height: float) -> str:
        """An SVG path of the spend, as a line from `height` up to 0."""
        most = self.total or 1
        steps = [(x, height * float(1 - amount / most)) for x, amount in self.spend]
        return f"M0 {height:g}{_steps(steps)}H{WIDTH}"


def _steps(points: Iterable[tuple[float, float]]) -> str:
    return "".join(f"H{x:g}V{y:.4g}" for x, y in points)


def chart(transitions: Iterable[Transition], costs: Mapping[int, Decimal]) -> Chart | None:
    """The chart of a batch; None where no take was ever at the service. `costs`: what was paid for
    each take, by key; it counts from when the take was generated."""
    changes: list[tuple[float, int]] = []
    paid: dict[int, float] = {}
    for key, before, after, at, _ in transitions:
        if (after in AT_SERVICE) != (before in AT_SERVICE):
            changes.append((at, 1 if after in AT_SERVICE else -1))
        if after in (State.GENERATED, State.EXPIRED) and before in AT_SERVICE:
            paid[key] = at
    if not changes:
        return None
    changes.sort(key=lambda change: change[0])
    times = [at for at, _ in changes]
    levels = list(accumulate(step for _, step in changes))
    axis = _Axis(times, levels)
    bought = sorted((at, costs[key]) for key, at in paid.items() if key in costs)
    sums = accumulate(cost for _, cost in bought)
    spend = [(axis.x(at), total) for (at, _), total in zip(bought, sums, strict=True)]
    return Chart(
        began=times[0],
        ended=times[-1],
        busy=axis.busy,
        slots=_thinned(list(zip(map(axis.x, times), levels, strict=True))),
        most=max(levels),
        spend=[(0.0, Decimal(0)), *_last_of_each(spend)],
        total=spend[-1][1] if spend else Decimal(0),
        rests=axis.rests,
    )


class _Axis:
    """Where a moment stands, with rests left out."""

    def __init__(self, times: Sequence[float], levels: Sequence[int]) -> None:
        spans = [
            (start, end)
            for start, end, level in zip(times, times[1:], levels, strict=False)
            if level == 0
        ]
        idle = sum(end - start for start, end in spans)
        least = max(_SHORTEST_REST, _REST * (times[-1] - times[0] - idle))
        self._left_out = [(start, end) for start, end in spans if end - start > least]
        self._first = times[0]
        self._ends = [end for _, end in self._left_out]
        self._gone = list(accumulate((end - start for start, end in self._left_out), initial=0.0))
        self.busy = times[-1] - times[0] - self._gone[-1]
        self.rests = [self.x(start) for start, _ in self._left_out]

    def x(self, at: float) -> float:
        number = bisect_right(self._ends, at)
        gone = self._gone[number]
        if number < len(self._left_out):  # a moment inside a rest stands at its beginning
            at = min(at, max(self._left_out[number][0], self._first))
        return round(WIDTH * (at - self._first - gone) / self.busy, 1) if self.busy > 0 else 0.0


def _thinned(steps: Sequence[tuple[float, int]]) -> list[tuple[float, int]]:
    """As many as can be seen, the highest of each column; the last one stays."""
    columns: dict[int, tuple[float, int]] = {}
    for x, level in steps[:-1]:
        column = int(x * _COLUMNS / WIDTH)
        columns[column] = max(columns.get(column, (x, 0)), (x, level), key=lambda step: step[1])
    return [*columns.values(), steps[-1]]


def _last_of_each(steps: Sequence[tuple[float, Decimal]]) -> list[tuple[float, Decimal]]:
    return list({int(x * _COLUMNS / WIDTH): (x, amount) for x, amount in steps}.values())
