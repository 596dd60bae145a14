"""How often things happen: counters for people and tests, and windows for limits.

Knows no clock and no account; it is told when, and whose it is.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass


@dataclass(slots=True)
class Counters:
    """What an account did, for tests and people."""

    posts: int = 0
    tasks_created: int = 0
    billed_tasks: int = 0
    billed_seconds: float = 0.0
    unanswered_submits: int = 0
    """Tasks created whose client had gone before the answer, or was cut off on order."""
    submit_rate_violations: int = 0
    query_rate_violations: int = 0
    policies: int = 0
    uploads: int = 0
    queries: int = 0
    lists: int = 0
    cancels: int = 0
    downloads: int = 0
    max_running: int = 0
    max_in_flight: int = 0
    """Running and waiting together, of one model."""

    def count(self, op: str) -> None:
        """One call of this operation arrived, whatever becomes of it."""
        name = {"submit": "posts", "query": "queries", "policy": "policies"}.get(op, f"{op}s")
        setattr(self, name, getattr(self, name) + 1)


class Window:
    """At most `limit` events in any second."""

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self._log: deque[float] = deque()

    def admits(self, now: float) -> bool:
        """Count an event at `now`, unless the last second is full."""
        if self._limit is None:
            return True
        while self._log and not now - 1.0 < self._log[0] <= now:
            self._log.popleft()
        if len(self._log) >= self._limit:
            return False
        self._log.append(now)
        return True
