"""Which item of a graph may start next: in the given order, each after its predecessors.

Pure: it holds no coroutine and knows no clock. A batch of 100,000 takes is a few integers an
item here; coroutines exist only for what has been started.
"""

from __future__ import annotations

import heapq
from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class Graph(Generic[K]):
    """Items in order, each with the items that must have ended before it may start.

    Predecessors that are not items themselves count as ended. There must be no cycle (the plan
    has seen to that).
    """

    def __init__(self, items: Iterable[tuple[K, Iterable[K]]]) -> None:
        listed = [(item, tuple(after)) for item, after in items]
        self._order = {item: place for place, (item, _) in enumerate(listed)}
        self._items = [item for item, _ in listed]
        self._waiting: dict[K, int] = {}
        self._followers: dict[K, list[K]] = {}
        self._ready: list[int] = []
        self._aside: set[int] = set()
        for item, after in listed:
            before = [p for p in set(after) if p in self._order]
            self._waiting[item] = len(before)
            for predecessor in before:
                self._followers.setdefault(predecessor, []).append(item)
            if not before:
                self._ready.append(self._order[item])
        heapq.heapify(self._ready)

    def next(self) -> K | None:
        """The first item that may start now, which is thereby started; None when there is none."""
        while self._ready:
            place = heapq.heappop(self._ready)
            item = self._items[place]
            if place not in self._aside and self._waiting.pop(item, None) is not None:
                return item
        return None

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
            heapq.heappush(self._ready, place)
        self._aside.clear()

    def ended(self, item: K) -> None:
        """A started item has ended: what waited only for it may start."""
        for follower in self._followers.pop(item, ()):
            if follower not in self._waiting:
                continue
            self._waiting[follower] -= 1
            if self._waiting[follower] == 0:
                heapq.heappush(self._ready, self._order[follower])

    @property
    def aside(self) -> int:
        """How many items were put aside."""
        return len(self._aside)

    @property
    def unstarted(self) -> int:
        """How many items have not been started, those put aside included."""
        return len(self._waiting)
