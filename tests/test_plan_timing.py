"""Timed shots inside a prompt: found as written, odd only where the clip cannot follow."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r2vbatch.planning.timing import oddities, timed_shots

WRITTEN = [
    "Shot {n} [{a}-{b}s]",
    "shot {n}: [{a}s - {b}s]",
    "第{n}个镜头[{a}-{b}秒]",
    "镜头{n}【{a}至{b}秒】",
]
cuts = st.lists(st.integers(1, 99), min_size=1, max_size=6, unique=True).map(
    lambda tenths: [Decimal(0), *(Decimal(t) / 10 for t in sorted(tenths)), Decimal(10)]
)


def script(bounds: list[tuple[Decimal, Decimal]], form: str) -> str:
    return " 走 ".join(form.format(n=n, a=a, b=b) for n, (a, b) in enumerate(bounds, 1))


@given(cuts, st.sampled_from(WRITTEN))
def test_ranges_that_touch_and_fill_are_never_odd(bounds: list[Decimal], form: str) -> None:
    """However they are written, all are found, with the place of their brackets."""
    prompt = script(list(pairwise(bounds)), form)
    shots = timed_shots(prompt)
    assert [(s.start, s.end) for s in shots] == list(pairwise(bounds))
    assert all(prompt[s.index : s.index + s.width][-1] in "]】" for s in shots)
    assert not list(oddities(shots, 10))


@given(cuts, st.sampled_from(WRITTEN), st.data())
def test_anything_missing_is_odd(bounds: list[Decimal], form: str, data: st.DataObject) -> None:
    """With any one range taken out, something is told, at a range that is there."""
    ranges = list(pairwise(bounds))
    ranges.remove(data.draw(st.sampled_from(ranges)))
    shots = timed_shots(script(ranges, form))
    found = list(oddities(shots, 10))
    assert found
    assert all(odd.shot in shots for odd in found)


@pytest.mark.parametrize(
    "prompt",
    ["Shot 1 of three", "[0-3s]", "a snapshot 3 [x]", "her score was [3-1]", "gunshot 4 (5-6)", ""],
)
def test_what_is_no_timed_shot(prompt: str) -> None:
    """Brackets, numbers and the word alone mean nothing."""
    assert timed_shots(prompt) == []
