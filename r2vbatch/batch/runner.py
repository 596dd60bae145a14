"""Everything left to do, started as slots come free, to its end or a stop.

Coroutines exist for what is in flight, not for what waits. Links are fetched before new work is
submitted, the most urgent first. What a run must leave (a task that still runs, a take in doubt)
stays in the ledger exactly as it stands, for the next run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from r2vbatch.batch.joining import Joining
from r2vbatch.batch.settling import Settler
from r2vbatch.batch.signals import Signals
from r2vbatch.batch.todo import Todo, asked_for
from r2vbatch.errors import R2VBatchError
from r2vbatch.ledger import ENDED, TO_FETCH, Kind, Ledger, State, TakeRow
from r2vbatch.planning import expected
from r2vbatch.planning.model import PlannedTake
from r2vbatch.take import Means, Wanted, live
from r2vbatch.threads import ended, to_its_end

_CHECKPOINT = 60.0
_LOOK = 2.0
"""Seconds between two looks at what people ask for meanwhile."""
_POST_PATIENCE = 7.0
"""Seconds a POST under way is waited for after an interruption."""


class Runner:
    """Starts takes as slots come free, and sees them to their end or the stop."""

    def __init__(
        self, means: Means, todo: Todo, planned: dict[str, PlannedTake], kind: Kind
    ) -> None:
        """`planned`: the takes this run may submit, by id; those that join it are added."""
        self._means = means
        self._todo = todo
        self._planned = planned
        self._kind = kind
        self._alive = 0
        self._aside: dict[int, str] = {}
        """Takes that wait for a doubt to be settled, with their shots."""
        self._takes: asyncio.TaskGroup | None = None
        self.greet: Callable[[], Awaitable[None]] | None = None
        """What is asked of the service before all else."""
        self.settlers: Sequence[Settler] = ()
        self.joining: Joining | None = None
        self._joins = asyncio.Lock()

    async def to_the_end(self, *, signals: bool) -> bool:
        """Everything there is to do; True when a person stopped it.

        `signals`: Ctrl-C and SIGTERM are answered here. A cancellation of the caller stops it in
        the same way, and is raised when everything is recorded.
        """
        with Signals(listen=signals) as heard:
            body = asyncio.create_task(self._all(), name="batch")
            asked = asyncio.create_task(heard.asked.wait(), name="stop")
            try:
                await asyncio.wait({body, asked}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                interrupted = not body.done()
                asked.cancel()
                await to_its_end(asyncio.create_task(self._wind_down(body), name="last steps"))
        if not body.cancelled():
            body.result()
        return interrupted

    async def _wind_down(self, body: asyncio.Task[None]) -> None:
        """See a POST under way to its answer where the batch has not ended by itself, and leave
        nothing unnamed."""
        if not body.done():
            self._means.stop.now("interrupted")
            await self._let_the_post_end()
            body.cancel()
        await ended(body)
        await self._name_unanswered()

    # --- for the settlers ----------------------------------------------------------------

    def take_up(self, row: TakeRow) -> None:
        """See a take that has a task to its end."""
        self.settled()
        take = self._planned.get(row.take) if row.wanted else None
        self._start(Wanted(row, expected(take) if take else asked_for(row), take))

    def send_again(self, row: TakeRow) -> None:
        """Submit a take anew that had been in doubt, if it is one of this run's."""
        if row.take in self._planned:
            self._todo.graph.put_aside(row.key)
        self.settled()

    def given_up(self, row: TakeRow) -> None:
        """A take that had been in doubt has failed."""
        self._note(row)
        self.settled()

    def settled(self) -> None:
        """A take is in doubt no more: those with the same prompt may go."""
        self._aside.clear()
        self._todo.graph.bring_back()
        self._means.posting.news()

    # --- the run -------------------------------------------------------------------------

    async def _let_the_post_end(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_POST_PATIENCE):
                await self._means.posting.quiet()

    async def _name_unanswered(self) -> None:
        """A submit that ended without an answer is in doubt."""
        ledger = self._means.ledger
        for row in await ledger.do(Ledger.in_states, self._kind, [State.SUBMITTING]):
            await ledger.do(
                Ledger.move, row.key, State.IN_DOUBT, "stopped before the service answered",
                post_ended_at=self._means.clock(),
            )  # fmt: skip

    async def _all(self) -> None:
        if self.greet:
            await self.greet()
        try:
            async with asyncio.TaskGroup() as group:
                beside = [group.create_task(self._checkpoints(), name="checkpoints")]
                if self.joining:
                    looking = self._look_out(self.joining)
                    beside.append(group.create_task(looking, name="look out"))
                async with asyncio.TaskGroup() as self._takes:
                    beside += [group.create_task(s.settle(), name="settle") for s in self.settlers]
                    await self._take_up_the_rest()
                    await self._feed()
                    await self._last_take()
                    for task in beside:  # at once: a settler takes nothing up once all have ended
                        task.cancel()
        except* R2VBatchError as several:
            raise _first(several) from None

    async def _take_up_the_rest(self) -> None:
        """What earlier runs left at the service is watched; then the links that are there are
        fetched, no more of them at once than can be: nothing is submitted before."""
        links = [take for take in self._todo.open if take.row.state in TO_FETCH]
        for take in self._todo.open:
            if take.row.state not in TO_FETCH:
                self._start(take)
        fetched = []
        for take in links:
            await self._keep_up(take.row.model)
            fetched.append(self._start(take))
            await asyncio.sleep(0)  # it counts from here on
        if fetched:
            await asyncio.wait(fetched)

    async def _keep_up(self, model: str) -> None:
        """Wait while fetching and finishing are behind."""
        while True:
            news = self._means.posting.next_news
            if not self._means.slots(model).behind:
                return
            await news.wait()

    async def _feed(self) -> None:
        """Start takes in order, each when the window has room for it, until there is nothing
        left that this run can do."""
        posting, stop, graph = self._means.posting, self._means.stop, self._todo.graph
        while not stop.submitting:
            news = posting.next_news
            if (key := graph.next(self._open)) is not None:
                row = await self._means.ledger.do(Ledger.take, key)
                take = self._planned[row.take]
                self._start(Wanted(row, expected(take), take))
                await asyncio.sleep(0)  # it takes its slot, and the next may go beside it
                continue
            if not self._alive:
                if self._means.sentinels.intersection(self._aside.values()):
                    self.settled()
                    continue  # a sentinel may go now that nothing else is left
                if not any(settler.busy for settler in self.settlers):
                    if self.joining:  # a last look: what was asked for until now is made now
                        await self._join(self.joining)
                    if not news.is_set():
                        return
                    continue
            await news.wait()

    async def _last_take(self) -> None:
        """Until no take is alive."""
        while self._alive:
            await self._means.posting.next_news.wait()

    async def _look_out(self, joining: Joining) -> None:
        """Take up what people ask for while the run goes on."""
        while True:
            await asyncio.sleep(_LOOK)
            await self._join(joining)

    async def _join(self, joining: Joining) -> None:
        """Take up what was asked for since the last look."""
        async with self._joins:
            joined = await joining.look()
            for take, row, after in joined:
                self._planned[take.id] = take
                self._todo.add(row, after)
        if joined:
            self._means.posting.news()

    def _open(self, model: str) -> bool:
        return self._means.slots(model).open

    def _start(self, take: Wanted) -> asyncio.Task[None]:
        assert self._takes is not None, "takes are started inside the run"
        self._alive += 1
        return self._takes.create_task(self._live(take), name=take.row.take)

    async def _live(self, take: Wanted) -> None:
        try:
            row = await live(take, self._means)
            self._note(row)
        except Exception:  # it stops the batch: not before a POST under way has its answer
            self._means.stop.now("the batch cannot go on")
            await self._let_the_post_end()
            raise
        finally:
            self._alive -= 1
            self._means.posting.news()

    def _note(self, row: TakeRow) -> None:
        """What the end of one take's life means for the others."""
        if row.state in ENDED or (row.state is State.PLANNED and not row.wanted):
            self._todo.graph.ended(row.key)  # what was taken back holds up nothing, either
        elif row.state is State.PLANNED and row.take in self._planned:
            self._todo.graph.put_aside(row.key)
            self._aside[row.key] = row.shot
        elif row.state is State.IN_DOUBT:
            for settler in self.settlers:
                settler.busy = True

    async def _checkpoints(self) -> None:
        while True:
            await asyncio.sleep(_CHECKPOINT)
            await self._means.ledger.do(Ledger.checkpoint)


def _first(several: BaseExceptionGroup[R2VBatchError]) -> R2VBatchError:
    """One of the errors that stopped the batch: they have one cause, the disk or the ledger."""
    for error in several.exceptions:
        return _first(error) if isinstance(error, BaseExceptionGroup) else error
    raise AssertionError("an exception group holds an exception")
