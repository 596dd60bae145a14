"""Order: ids, what waits for what, and loops shown as they are."""

from __future__ import annotations

from typing import Any

import pytest
from storyboards import planned, storyboard

from r2vbatch.planning import another


def shot(id: str, *after: str, **keys: Any) -> dict[str, Any]:
    waiting = {"after": list(after)} if after else {}
    return {"id": id, "prompt": "@ellen waves", **waiting, **keys}


def test_takes_come_in_storyboard_order() -> None:
    """Variations and takes in the order of writing, whatever waits for whatever."""
    made = planned(
        storyboard(
            shot("b", "a", takes=2),
            shot("a", prompt="@ellen ${x}", vary={"x": ["runs", "sits"]}),
            shot("c"),
        )
    )
    assert [t.id for t in made.takes] == ["b_t01", "b_t02", "a-1_t01", "a-2_t01", "c_t01"]


def test_after_means_all_takes_and_variations() -> None:
    """A base id stands for all its variations, each with all its takes; an id for itself."""
    varied = shot("a", prompt="@ellen ${x}", vary={"x": ["runs", "sits"]}, takes=2)
    made = planned(storyboard(varied, shot("b", "a"), shot("c", "a-2", "b"), shot("d")))
    after = {take.id: take.after for take in made.takes}
    assert after["b_t01"] == ("a-1_t01", "a-1_t02", "a-2_t01", "a-2_t02")
    assert after["c_t01"] == ("a-2_t01", "a-2_t02", "b_t01")
    assert after["d_t01"] == ()


def test_take_numbers_grow_beyond_two_digits() -> None:
    """Two digits, three when needed; retakes may go on as far as they like."""
    (take,) = planned(storyboard(shot("a"))).takes
    assert [another(take, n).id for n in (1, 99, 100)] == ["a_t01", "a_t99", "a_t100"]


@pytest.mark.parametrize(
    ("shots", "loops"),
    [
        ([shot("sh010", "sh030"), shot("sh030", "sh010")], ["sh010 -> sh030 -> sh010"]),
        ([shot("a", "a")], ["a -> a"]),
        ([shot("a", "c"), shot("b", "a"), shot("c", "b")], ["a -> c -> b -> a"]),
        (
            [shot("a", "b"), shot("b", "a"), shot("c", "d"), shot("d", "c")],
            ["a -> b -> a", "c -> d -> c"],
        ),
        ([shot("z"), shot("y", "x", "z"), shot("x", "y")], ["y -> x -> y"]),
        (
            [shot("a", "v"), shot("v", "a", prompt="@ellen ${x}", vary={"x": ["1", "2"]})],
            ["a -> v-1 -> a"],
        ),
        ([shot("v", "v-2", prompt="@ellen ${x}", vary={"x": ["1", "2"]})], ["v-2 -> v-2"]),
    ],
)
def test_loops(shots: list[dict[str, Any]], loops: list[str]) -> None:
    """Each loop is told once, from its first shot, at that shot's `after`."""
    made = planned(storyboard(*shots))
    found = [d for d in made.diagnostics if d.rule == "after-loop"]
    assert sorted(d.message.partition(": ")[2] for d in found) == loops
    for diagnostic in found:
        assert diagnostic.severity == "error"
        assert diagnostic.path.endswith("after")


def test_shots_in_a_loop_are_left_out_and_others_are_not() -> None:
    """A loop spoils its own shots; those beside it are planned."""
    made = planned(storyboard(shot("a", "b"), shot("b", "a"), shot("c")))
    assert [take.id for take in made.takes] == ["c_t01"]


def test_long_chains_are_no_loop() -> None:
    """A thousand shots in a row, written last first."""
    shots = [shot(f"s{n}", *([f"s{n - 1}"] if n else [])) for n in reversed(range(1000))]
    made = planned(storyboard(*shots))
    assert made.diagnostics == []
    assert len(made.takes) == 1000
