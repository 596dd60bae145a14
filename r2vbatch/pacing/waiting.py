"""The thin asyncio layer: wait for a rate, wait for a task's turn to be asked for.

No rule is decided here; `rate` and `queries` do that.
"""

from __future__ import annotations

import asyncio

from r2vbatch.pacing.queries import QueryPlan
from r2vbatch.pacing.rate import RateLog


class Gate:
    """Lets callers through one by one, in the order they came, no faster than a `RateLog`."""

    def __init__(self, rate: RateLog) -> None:
        self._rate = rate
        self._turn = asyncio.Lock()

    async def __call__(self) -> None:
        """Wait for leave to make one call, and count it."""
        clock = asyncio.get_running_loop().time
        async with self._turn:
            await asyncio.sleep(self._rate.delay(clock()))
            self._rate.note(clock())


class Watch:
    """Wakes each task's watcher when `plan` says it is time to ask.

    What one answer teaches may bring every other question forward, so each `news` wakes all.
    """

    def __init__(self, plan: QueryPlan) -> None:
        self.plan = plan
        self._news = asyncio.Event()

    def news(self) -> None:
        """Something was noted in the plan that may move other questions."""
        self._news.set()
        self._news = asyncio.Event()

    async def turn(self, task: str) -> None:
        """Wait until it is time to ask for `task`, and note that it is asked."""
        clock = asyncio.get_running_loop().time
        while (wait := self.plan.next_at(task, clock()) - clock()) > 0:
            news = self._news
            try:
                async with asyncio.timeout(wait):
                    await news.wait()
            except TimeoutError:
                continue
        self.plan.asked(task, clock())
