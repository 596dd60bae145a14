"""The graph against a model of it that looks at everything each time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from r2vbatch.scheduler import Graph


@st.composite
def graphs(draw: st.DrawFn) -> list[tuple[int, list[int]]]:
    """Items in any order, each after some with a smaller number or ones that do not exist."""
    size = draw(st.integers(0, 12))
    after = [draw(st.lists(st.integers(-2, n - 1), max_size=4)) for n in range(size)]
    return [(n, after[n]) for n in draw(st.permutations(range(size)))]


class Naive:
    """The same promises, without cleverness."""

    def __init__(self, items: list[tuple[int, list[int]]]) -> None:
        self.items = items
        self.started: set[int] = set()
        self.ended: set[int] = set()
        self.aside: set[int] = set()
        self.free: set[int] = set()

    def next(self) -> int | None:
        """The first item in order that is not started, not aside, and waits for nothing."""
        known = {item for item, _ in self.items}
        for item, after in self.items:
            waits = set(after) & known - self.ended
            if item in self.started | self.aside:
                continue
            if item in self.free or not waits:
                self.started.add(item)
                return item
        return None


@given(graphs(), st.data())
def test_every_step_is_the_models(items: list[tuple[int, list[int]]], data: st.DataObject) -> None:
    """Started, ended, put aside and brought back in any way: each item offered is the one that
    the model offers, and the count of those not started agrees."""
    graph, model = Graph(items), Naive(items)
    for _ in range(data.draw(st.integers(0, 40))):
        running = sorted(model.started - model.ended)
        act = data.draw(st.sampled_from(["next", "next", "ended", "aside", "back", "start", "add"]))
        if act == "next":
            assert graph.next() == model.next()
        elif act == "ended" and running:
            item = data.draw(st.sampled_from(running))
            graph.ended(item)
            model.ended.add(item)
        elif act == "aside" and running:
            item = data.draw(st.sampled_from(running))
            graph.put_aside(item)
            model.started.discard(item)
            model.aside.add(item)
            model.free.add(item)  # it was started once: it waits for nothing else
        elif act == "back":
            graph.bring_back()
            model.aside.clear()
        elif act == "start" and items:
            item = data.draw(st.sampled_from(sorted(item for item, _ in items)))
            graph.start(item)
            model.started.add(item)
            model.aside.discard(item)
        elif act == "add":
            after = data.draw(st.lists(st.sampled_from([n for n, _ in items]))) if items else []
            model.items = items = [*items, (len(items), after)]
            graph.add(*items[-1])
        assert graph.unstarted == len(items) - len(model.started)


@given(graphs())
def test_each_item_starts_once_after_all_it_waits_for(items: list[tuple[int, list[int]]]) -> None:
    """Run to the end, everything is started exactly once, never before its predecessors."""
    graph, started = Graph(items), []
    after = dict(items)
    while (item := graph.next()) is not None:
        assert set(after[item]) & set(after) <= set(started)
        started.append(item)
        graph.ended(item)
    assert sorted(started) == sorted(after)
    assert graph.unstarted == 0


def test_what_waits_for_nothing_goes_in_the_given_order() -> None:
    """Without predecessors the order is the storyboard's."""
    graph = Graph((name, ()) for name in "cab")
    assert [graph.next() for _ in range(4)] == ["c", "a", "b", None]


def test_what_is_behind_a_take_that_does_not_end_waits() -> None:
    """In doubt or held, a started item that never ends keeps its followers back, and only them."""
    graph = Graph([("a", ()), ("b", ("a",)), ("c", ("b",)), ("d", ())])
    graph.start("a")
    assert [graph.next(), graph.next()] == ["d", None]
    assert graph.unstarted == 2
    graph.ended("a")
    assert [graph.next(), graph.next()] == ["b", None]
