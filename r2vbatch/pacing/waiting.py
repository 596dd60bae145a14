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
            if (delay := self._rate.delay(clock())) > 0:
                await asyncio.sleep(delay)
            self._rate.note(clock())


class Watch:
    """Wakes each task's watcher when `plan` says it is time to ask.

    What one answer teaches may bring every other question forward, so each `news` looks at all
    of them, and wakes only who is due: with hundreds of tasks, waking all of them to look for
    themselves holds up the loop.
    """

    def __init__(self, plan: QueryPlan) -> None:
        self.plan = plan
        self._waiting: dict[asyncio.Future[None], str] = {}
        """Turns waited for, and of which task: two takes may have been given the same one."""
        self._timer: asyncio.TimerHandle | None = None

    def news(self) -> None:
        """Something was noted in the plan that may move other questions."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        loop = asyncio.get_running_loop()
        while self._waiting:
            now = loop.time()
            due = {turn: self.plan.next_at(task, now) for turn, task in self._waiting.items()}
            turn = min(due, key=due.__getitem__)
            if (at := due[turn]) > now:
                self._timer = loop.call_at(at, self.news)
                return
            task = self._waiting.pop(turn)
            if not turn.done():  # else its watcher was cancelled, and has yet to hear of it
                self.plan.asked(task, now)
                turn.set_result(None)

    async def turn(self, task: str) -> None:
        """Wait until it is time to ask for `task`, and note that it is asked."""
        turn = asyncio.get_running_loop().create_future()
        self._waiting[turn] = task
        self.news()
        try:
            await turn
        finally:
            self._waiting.pop(turn, None)
