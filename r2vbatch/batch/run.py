"""The calls of a run: everything left to do, started as slots come free, to its end or a stop.

Coroutines exist for what is in flight, not for what waits. Links are fetched before new work is
submitted, the most urgent first. What a run must leave (a task that still runs, a take in doubt)
stays in the ledger exactly as it stands, for the next run.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from r2vbatch.batch.endpoint import Doors, doors, key_for
from r2vbatch.batch.finishing import Finisher
from r2vbatch.batch.job import Job
from r2vbatch.batch.signals import Signals
from r2vbatch.batch.todo import left_to_do, made_at
from r2vbatch.batch.trust import trusted
from r2vbatch.errors import R2VBatchError
from r2vbatch.ledger import (
    ENDED,
    Ledger,
    LedgerThread,
    State,
    Transition,
)
from r2vbatch.pacing import Change, QueryPlan, Watch, Window
from r2vbatch.plan import expected
from r2vbatch.plan.model import PlannedTake
from r2vbatch.references import References
from r2vbatch.take import Means, Slots, Stop, Wanted, live
from r2vbatch.take.budget import Budget

_SUBMITS = 5.0
_QUERIES = 20.0
"""The service's quotas a second."""
_PREVIEW_RATE = 1000.0
"""Calls a second to our own emulator, which has no quotas then."""
_DOWNLOADS = 4
_CHECKPOINT = 60.0
_POST_PATIENCE = 8.0
"""Seconds a POST under way is waited for after an interruption."""
_GRACE = 300.0

Listener = Callable[[Transition], None]


@dataclass
class Report:
    """How a run ended."""

    counts: dict[State, int]
    left: dict[str, str] = field(default_factory=dict)
    """By take id: why this run left it unfinished."""
    stopped: str | None = None
    """Why submitting stopped early, and what to do about it."""
    advice: str = ""
    refused: bool = False
    """The service refuses in a way that would hit every take."""
    interrupted: bool = False
    seconds: float = 0.0


async def run(job: Job, listener: Listener) -> Report:
    """Do what is left to do. Raises `OutputUnavailable` for a disk or ledger that fails."""
    began = time.monotonic()
    if left_to_do(job).nothing:
        return Report(job.counts())
    key = key_for(job.settings.endpoint)
    limits = job.settings.limits
    rate = _PREVIEW_RATE if job.kind == "preview" else _query_rate(job)
    others = [u for u in made_at(job) if trusted(job.ledger, u, key)]
    stop = Stop()
    async with AsyncExitStack() as stack:
        thread = LedgerThread(job.ledger)
        stack.callback(thread.close)
        finisher = Finisher()
        stack.callback(finisher.close)
        opened = await stack.enter_async_context(
            doors(job.settings.endpoint, key, others, zones=_zones(job, others), rate=rate)
        )
        means = Means(
            client=opened.client,
            reader=opened.reader,
            ledger=thread,
            folder=job.folder,
            references=References(opened.client, _files(job.takes)),
            slots=_slots(job, thread, opened.client.list_tasks),
            watch=Watch(QueryPlan(rate)),
            budget=Budget(job.settings.caps, job.spent),
            finish=finisher.finish,
            stop=stop,
            mark=key.mark(job.ledger.salt),
            downloads=asyncio.Semaphore(limits.downloads or _DOWNLOADS),
            clock=time.time,
            grace=job.settings.grace,
        )
        loop = asyncio.get_running_loop()

        def tell(transition: Transition) -> None:  # from the ledger's thread
            loop.call_soon_threadsafe(listener, transition)

        job.ledger.listener = tell
        stack.callback(setattr, job.ledger, "listener", None)
        runner = _Runner(job, means)
        interrupted = await runner.to_the_end()
        await thread.do(Ledger.set_meta, **_learned(opened))
    return Report(
        counts=job.counts(),
        left=means.left,
        stopped=stop.reason,
        advice=stop.hint,
        refused=stop.refused,
        interrupted=interrupted,
        seconds=time.monotonic() - began,
    )


class _Runner:
    """Starts takes as slots come free, and sees them to their end or the stop."""

    def __init__(self, job: Job, means: Means) -> None:
        self._job = job
        self._means = means
        self._todo = left_to_do(job)
        self._planned = {take.id: take for take in job.takes}
        self._alive = 0

    async def to_the_end(self) -> bool:
        """Everything there is to do; True when a person stopped it."""
        with Signals() as signals:
            body = asyncio.create_task(self._all(), name="batch")
            asked = asyncio.create_task(signals.asked.wait(), name="stop")
            await asyncio.wait({body, asked}, return_when=asyncio.FIRST_COMPLETED)
            interrupted = not body.done()
            if interrupted:
                self._means.stop.now("interrupted")
                await self._let_the_post_end()
                body.cancel()
            asked.cancel()
            try:
                await body
            except asyncio.CancelledError:
                pass
            finally:
                await self._name_unanswered()
        return interrupted

    async def _let_the_post_end(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_POST_PATIENCE):
                await self._means.slots.quiet()

    async def _name_unanswered(self) -> None:
        """A submit that ended without an answer is in doubt."""
        ledger = self._means.ledger
        for row in await ledger.do(Ledger.in_states, self._job.kind, [State.SUBMITTING]):
            await ledger.do(
                Ledger.move, row.key, State.IN_DOUBT, "stopped before the service answered",
                post_ended_at=self._means.clock(),
            )  # fmt: skip

    async def _all(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                tidy = group.create_task(self._checkpoints(), name="checkpoints")
                async with asyncio.TaskGroup() as takes:
                    for take in self._todo.open:
                        self._start(take, takes)
                    await self._feed(takes)
                tidy.cancel()
        except* R2VBatchError as several:
            raise _first(several) from None

    async def _feed(self, takes: asyncio.TaskGroup) -> None:
        """Start takes in order, each when the window has room for it."""
        slots, stop, graph = self._means.slots, self._means.stop, self._todo.graph
        while not stop.submitting:
            if slots.open and (key := graph.next()) is not None:
                row = await self._means.ledger.do(Ledger.take, key)
                take = self._planned[row.take]
                self._start(Wanted(row, expected(take), take), takes)
            elif not self._alive:
                return
            await slots.changed(stop)

    def _start(self, take: Wanted, takes: asyncio.TaskGroup) -> None:
        self._alive += 1
        takes.create_task(self._live(take), name=take.row.take)

    async def _live(self, take: Wanted) -> None:
        try:
            row = await live(take, self._means)
            if row.state in ENDED:
                self._todo.graph.ended(row.key)
        finally:
            self._alive -= 1
            self._means.slots.news()

    async def _checkpoints(self) -> None:
        while True:
            await asyncio.sleep(_CHECKPOINT)
            await self._means.ledger.do(Ledger.checkpoint)


def _first(several: BaseExceptionGroup[R2VBatchError]) -> R2VBatchError:
    """One of the errors that stopped the batch: they have one cause, the disk or the ledger."""
    for error in several.exceptions:
        return _first(error) if isinstance(error, BaseExceptionGroup) else error
    raise AssertionError("an exception group holds an exception")


def _slots(job: Job, thread: LedgerThread, listed: Callable[[], Awaitable[object]]) -> Slots:
    limits = job.settings.limits

    async def note(change: Change) -> None:
        await thread.do(
            Ledger.note, change.reason,
            what=change.what, before=change.before, after=change.after,
        )  # fmt: skip

    window = Window(
        limits.in_flight or 5,
        _submit_rate(job),
        most=limits.in_flight + 2 if limits.in_flight else None,
    )
    return Slots(window, listed=listed, scale=job.settings.grace / _GRACE, note=note)


def _zones(job: Job, others: Iterable[str]) -> dict[str, timedelta]:
    """The zones of printed times that earlier runs have learned, by base URL."""
    known = {u: job.ledger.meta(f"zone {u}") for u in (job.settings.endpoint.base_url, *others)}
    return {u: timedelta(seconds=float(zone)) for u, zone in known.items() if zone}


def _learned(opened: Doors) -> dict[str, str]:
    live = (reader for reader in opened.all if reader.endpoint.kind == "live")
    return {
        f"zone {reader.endpoint.base_url}": str(reader.offset.total_seconds())
        for reader in live
        if reader.offset_known
    }


def _submit_rate(job: Job) -> float:
    if job.kind == "preview":
        return _PREVIEW_RATE
    return job.settings.limits.submits_per_second or _SUBMITS


def _query_rate(job: Job) -> float:
    """Half the quota: other programs of the account have a right to ask, too."""
    return (job.settings.limits.queries_per_second or _QUERIES) / 2


def _files(takes: Iterable[PlannedTake]) -> dict[str, Path]:
    return {s.sha256: s.file for take in takes for s in take.sent if s.sha256 and s.file}
