"""Which item of a graph may start next: in the given order, each after its predecessors.

Pure: it holds no coroutine and knows no clock. A batch of 100,000 takes is a few integers an
item here; coroutines exist only for what has been started.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Hashable, Iterable
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class Graph(Generic[K]):
    """Items in order, each with the items that must have ended before it may start.

    Predecessors that are not items themselves count as ended. There must be no cycle (the plan
    has seen to that). Items may stand in lanes, of which some may be closed for a while: a full
    window of one model does not hold up another's.
    """

    def __init__(
        self,
        items: Iterable[tuple[K, Iterable[K]]],
        lane: Callable[[K], Hashable] = lambda item: None,
    ) -> None:
        listed = [(item, tuple(after)) for item, after in items]
        self._order = {item: place for place, (item, _) in enumerate(listed)}
        self._items = [item for item, _ in listed]
        self._lane = lane
        self._waiting: dict[K, int] = {}
        self._followers: dict[K, list[K]] = {}
        self._ready: dict[Hashable, list[int]] = {}
        self._over: set[K] = set()
        self._aside: set[int] = set()
        for item, after in listed:
            self._wait(item, after)

    def add(self, item: K, after: Iterable[K]) -> None:
        """One more item, behind the others."""
        self._order[item] = len(self._items)
        self._items.append(item)
        self._wait(item, after)

    def _wait(self, item: K, after: Iterable[K]) -> None:
        before = [p for p in set(after) if p in self._order and p not in self._over]
        self._waiting[item] = len(before)
        for predecessor in before:
            self._followers.setdefault(predecessor, []).append(item)
        if not before:
            self._offer(item)

    def next(self, is_open: Callable[[Any], bool] = lambda lane: True) -> K | None:
        """The first item that may start now in a lane that is open, which is thereby started;
        None when there is none."""
        heads = [
            (heap[0], lane)
            for lane, heap in self._ready.items()
            if self._pruned(heap) and is_open(lane)
        ]
        if not heads:
            return None
        place, lane = min(heads, key=lambda head: head[0])
        heapq.heappop(self._ready[lane])
        item = self._items[place]
        del self._waiting[item]
        return item

    def _pruned(self, heap: list[int]) -> bool:
        """Whether anything is left once what was started or put aside since is taken away."""
        while heap and (heap[0] in self._aside or self._items[heap[0]] not in self._waiting):
            heapq.heappop(heap)
        return bool(heap)

    def _offer(self, item: K) -> None:
        heapq.heappush(self._ready.setdefault(self._lane(item), []), self._order[item])

    def start(self, item: K) -> None:
        """`item` was started already, whatever it comes after (in an earlier run)."""
        self._waiting.pop(item, None)
        self._aside.discard(self._order.get(item, -1))

    def put_aside(self, item: K) -> None:
        """A started item cannot go yet: it waits until `bring_back`."""
        self._waiting[item] = 0
        self._aside.add(self._order[item])

    def bring_back(self) -> None:
        """Offer again all that was put aside."""
        for place in self._aside:
            self._offer(self._items[place])
        self._aside.clear()

    def ended(self, item: K) -> None:
        """A started item has ended: what waited only for it may start."""
        self._over.add(item)
        for follower in self._followers.pop(item, ()):
            if follower not in self._waiting:
                continue
            self._waiting[follower] -= 1
            if self._waiting[follower] == 0:
                self._offer(follower)

    @property
    def unstarted(self) -> int:
        """How many items have not been started, those put aside included."""
        return len(self._waiting)
