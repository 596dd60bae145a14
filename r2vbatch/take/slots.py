"""Who may submit, and when: the window of one model as its takes meet it.

A slot is held from the submit until the task has ended at the service, never by fetching or
finishing; when those fall behind, submitting waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from r2vbatch.dashscope.model import Status
from r2vbatch.pacing import Change, Throttle, Window
from r2vbatch.take.posting import Posting
from r2vbatch.take.stop import Stop

_QUEUED_AFTER = 3.0
"""Seconds after its submit from which a PENDING task says that the service queues."""
_STARTING = 2
"""Takes whose references are being uploaded while another is being submitted."""


class Slots:
    """Counts what is in flight and opens the way for the next submit."""

    def __init__(
        self, window: Window, posting: Posting, *, note: Callable[[Change], Awaitable[None]]
    ) -> None:
        """`posting`: shared by all windows of a run; `note` records a change of this one."""
        self.window = window
        self._posting = posting
        self._note = note
        self._seen: dict[str, Status | None] = {}
        self._starting = 0
        self._finishing = 0
        self._throttled_since: float | None = None

    # --- for the runner ------------------------------------------------------------------

    @property
    def in_flight(self) -> int:
        """Tasks at the service."""
        return len(self._seen)

    @property
    def open(self) -> bool:
        """Whether another take may be started now."""
        crowded = self._starting >= _STARTING or self.behind
        return not crowded and self.window.room(self.in_flight + self._starting) > 0

    @property
    def behind(self) -> bool:
        """Whether so many takes are being fetched and finished that others should wait."""
        return self._finishing >= 2 * self.window.level + 8

    # --- for a take ----------------------------------------------------------------------

    @asynccontextmanager
    async def starting(self) -> AsyncIterator[None]:
        """Around everything up to and including the submit."""
        self._starting += 1
        try:
            yield
        finally:
            self._starting -= 1
            self._posting.news()

    @asynccontextmanager
    async def finishing(self) -> AsyncIterator[None]:
        """Around fetching and finishing."""
        self._finishing += 1
        try:
            yield
        finally:
            self._finishing -= 1
            self._posting.news()

    @asynccontextmanager
    async def turn(self, stop: Stop) -> AsyncIterator[None]:
        """The right to make one POST: nobody else's is under way, and the window has room.

        It is given at once when `stop` is set; the caller looks before it submits.
        """
        while True:
            await self._room(stop)
            async with self._posting.turn(stop):
                if stop.submitting:
                    yield
                    return
                if self.window.room(self.in_flight) and not self.window.delay(_now()):
                    self.window.on_submit(_now())
                    yield
                    return

    async def _room(self, stop: Stop) -> None:
        """Wait for the window, without keeping other windows from posting."""
        while not stop.submitting:
            news = self._posting.next_news
            if not self.window.room(self.in_flight):
                await news.wait()
            elif (delay := self.window.delay(_now())) > 0:
                await stop.pause(delay)
            else:
                return

    async def accepted(self, task_id: str) -> None:
        """The service gave a task id: it is in flight."""
        self._posting.answered()
        self._throttled_since = None
        self._seen[task_id] = None
        await self._tell(self.window.on_accepted(_now(), self.in_flight))

    def taken_up(self, task_id: str) -> None:
        """A task of an earlier run is in flight."""
        self._seen[task_id] = None
        self._posting.news()

    async def throttled(self, kind: Throttle, retry_after: float | None) -> None:
        """The service refused a submit for pace."""
        if self._throttled_since is None:
            self._throttled_since = _now()
        await self._tell(self.window.on_throttled(kind, _now(), self.in_flight, retry_after))

    @property
    def throttled_for(self) -> float:
        """Seconds for which every submit has been refused for pace."""
        return 0.0 if self._throttled_since is None else _now() - self._throttled_since

    async def server_error(self, retry_after: float | None) -> None:
        """The service answered a submit with a problem of its own."""
        await self._tell(self.window.on_server_error(_now(), retry_after))

    async def seen(self, task_id: str, status: Status, age: float) -> None:
        """A query answered; `age` is how many seconds ago the task was submitted."""
        if status is Status.UNKNOWN:  # whatever became of it, it holds no slot
            self.ended(task_id)
        if task_id not in self._seen:
            return
        self._seen[task_id] = status
        running = sum(status is Status.RUNNING for status in self._seen.values())
        if status is Status.PENDING and age >= _QUEUED_AFTER:
            await self._tell(self.window.on_queued(_now(), self.in_flight, running))
        elif status is Status.RUNNING and running == self.in_flight:
            await self._tell(self.window.on_all_running(_now(), self.in_flight))

    def ended(self, task_id: str) -> None:
        """A task is no longer at the service, or no longer watched."""
        self._seen.pop(task_id, None)
        self._posting.news()

    async def _tell(self, changes: list[Change]) -> None:
        for change in changes:
            await self._note(change)
        if changes:
            self._posting.news()


def _now() -> float:
    return asyncio.get_running_loop().time()
