"""Who may submit, and when: the window of a run as its takes meet it.

A slot is held from the submit until the task has ended at the service, never by fetching or
finishing; when those fall behind, submitting waits. POSTs go one at a time. After a POST whose
outcome is unknown the next one waits, ever longer while such answers follow each other (design
6.2): a service in trouble is not to be asked for more.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from r2vbatch.dashscope.faults import ServiceError
from r2vbatch.dashscope.model import Status
from r2vbatch.pacing import Change, Throttle, Window
from r2vbatch.take.stop import Stop

_AFTER_DOUBT = (5.0, 60.0, 300.0, 600.0)
"""Seconds before the next POST after one, two … unanswered ones in a row."""
_LIST_PATIENCE = 60.0
_QUEUED_AFTER = 3.0
"""Seconds after its submit from which a PENDING task says that the service queues."""
_STARTING = 2
"""Takes whose references are being uploaded while another is being submitted."""


class Slots:
    """Counts what is in flight and opens the way for the next submit."""

    def __init__(
        self,
        window: Window,
        *,
        listed: Callable[[], Awaitable[object]],
        scale: float,
        note: Callable[[Change], Awaitable[None]],
    ) -> None:
        """`listed` asks the service for its task list (any answer will do); `scale` shortens
        the waits after doubt; `note` records a change of the window."""
        self.window = window
        self._listed = listed
        self._scale = scale
        self._note = note
        self._post = asyncio.Lock()
        self._seen: dict[str, Status | None] = {}
        self._starting = 0
        self._finishing = 0
        self._doubts = 0
        self._throttled_since: float | None = None
        self._news = asyncio.Event()

    # --- for the runner ------------------------------------------------------------------

    @property
    def in_flight(self) -> int:
        """Tasks at the service."""
        return len(self._seen)

    @property
    def open(self) -> bool:
        """Whether another take may be started now."""
        behind = self._finishing >= 2 * self.window.level + 8
        crowded = self._starting >= _STARTING
        return not behind and not crowded and self.window.room(self.in_flight + self._starting) > 0

    @property
    def next_news(self) -> asyncio.Event:
        """Set as soon as anything changes after now. To be had before looking at what may
        change, so that nothing is missed in between."""
        return self._news

    def news(self) -> None:
        """Something changed."""
        self._news.set()
        self._news = asyncio.Event()

    async def quiet(self) -> None:
        """Wait until no POST is under way."""
        async with self._post:
            return

    # --- for a take ----------------------------------------------------------------------

    @asynccontextmanager
    async def starting(self) -> AsyncIterator[None]:
        """Around everything up to and including the submit."""
        self._starting += 1
        try:
            yield
        finally:
            self._starting -= 1
            self.news()

    @asynccontextmanager
    async def finishing(self) -> AsyncIterator[None]:
        """Around fetching and finishing."""
        self._finishing += 1
        try:
            yield
        finally:
            self._finishing -= 1
            self.news()

    @asynccontextmanager
    async def turn(self, stop: Stop) -> AsyncIterator[None]:
        """The right to make one POST: nobody else's is under way, and the window has room.

        It is given at once when `stop` is set; the caller looks before it submits.
        """
        async with self._post:
            await self._wait_after_doubt(stop)
            while not stop.submitting and not self.window.room(self.in_flight):
                await stop.or_event(self._news)
            while not stop.submitting and (delay := self.window.delay(_now())) > 0:
                await stop.pause(delay)
            if not stop.submitting:
                self.window.on_submit(_now())
            yield

    async def _wait_after_doubt(self, stop: Stop) -> None:
        if not self._doubts or stop.submitting:
            return
        try:
            async with asyncio.timeout(_LIST_PATIENCE * self._scale):
                await self._listed()
        except (TimeoutError, ServiceError):
            pass
        wait = _AFTER_DOUBT[min(self._doubts, len(_AFTER_DOUBT)) - 1]
        await stop.pause(wait * self._scale)

    async def accepted(self, task_id: str) -> None:
        """The service gave a task id: it is in flight."""
        self._doubts = 0
        self._throttled_since = None
        self._seen[task_id] = None
        await self._tell(self.window.on_accepted(_now(), self.in_flight))

    def taken_up(self, task_id: str) -> None:
        """A task of an earlier run is in flight."""
        self._seen[task_id] = None
        self.news()

    def unsure(self) -> None:
        """A POST ended without an answer that settles anything."""
        self._doubts += 1

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
        self.news()

    async def _tell(self, changes: list[Change]) -> None:
        for change in changes:
            await self._note(change)
        if changes:
            self.news()


def _now() -> float:
    return asyncio.get_running_loop().time()
