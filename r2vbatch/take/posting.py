"""POSTs of a run, one at a time, whatever their model; and the news that those who wait go by.

After a POST whose outcome is unknown the next one waits, ever longer while such answers follow
each other (design 6.2): a service in trouble is not to be asked for more.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from r2vbatch.dashscope.faults import ServiceError
from r2vbatch.take.stop import Stop

_AFTER_DOUBT = (5.0, 60.0, 300.0, 600.0)
"""Seconds before the next POST after one, two … unanswered ones in a row."""
_LIST_PATIENCE = 60.0


class Posting:
    """Lets POSTs through one by one."""

    def __init__(self, *, listed: Callable[[], Awaitable[object]], scale: float) -> None:
        """`listed` asks the service for its task list (any answer will do); `scale` shortens
        the waits after doubt."""
        self._listed = listed
        self._scale = scale
        self._under_way = asyncio.Lock()
        self._doubts = 0
        self._news = asyncio.Event()

    @property
    def next_news(self) -> asyncio.Event:
        """Set as soon as anything changes after now. To be had before looking at what may
        change, so that nothing is missed in between."""
        return self._news

    def news(self) -> None:
        """Something changed."""
        self._news.set()
        self._news = asyncio.Event()

    @asynccontextmanager
    async def turn(self, stop: Stop) -> AsyncIterator[None]:
        """Nobody else's POST is under way, and the waits after doubt are over (or `stop` is
        set)."""
        async with self._under_way:
            await self._wait_after_doubt(stop)
            yield

    async def quiet(self) -> None:
        """Wait until no POST is under way."""
        async with self._under_way:
            return

    def answered(self) -> None:
        """A POST ended with a task id."""
        self._doubts = 0

    def unsure(self) -> None:
        """A POST ended without an answer that settles anything."""
        self._doubts += 1

    async def _wait_after_doubt(self, stop: Stop) -> None:
        if not self._doubts or stop.submitting:
            return
        with suppress(TimeoutError, ServiceError):
            async with asyncio.timeout(_LIST_PATIENCE * self._scale):
                await self._listed()
        wait = _AFTER_DOUBT[min(self._doubts, len(_AFTER_DOUBT)) - 1]
        await stop.pause(wait * self._scale)
