"""Takes in doubt at one base URL, brought to an end while the batch goes on.

The rules are `reconcile`'s; here its loop is kept: read the list, query what may be ours, carry
out what is decided, durably, before the next question. Nothing here submits: a take that is to be
sent again goes back to planned, and to the runner.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal

from r2vbatch.batch.answers import Answers
from r2vbatch.catalogue import Catalogue
from r2vbatch.clock import now
from r2vbatch.dashscope.client import Reader
from r2vbatch.dashscope.faults import ServiceError
from r2vbatch.dashscope.model import Task, TaskPage
from r2vbatch.ledger import KnownTask, Ledger, State, TakeRow
from r2vbatch.reconcile import (
    Adopt,
    Ask,
    Decision,
    Doubt,
    Facts,
    Fail,
    For,
    Intent,
    Listing,
    Resend,
    Retire,
    Ruling,
    Wait,
    decide,
    listing,
    same_account,
    service_time,
    window,
)
from r2vbatch.take import Means
from r2vbatch.take.watch import echo_name

_SHORTEST = 0.05
"""Seconds between two looks, at the least."""


class Settler:
    """Settles the takes in doubt at one base URL."""

    def __init__(
        self,
        reader: Reader,
        means: Means,
        catalogue: Catalogue,
        answers: Answers,
        *,
        take_up: Callable[[TakeRow], None],
        send_again: Callable[[TakeRow], None] | None,
        given_up: Callable[[TakeRow], None],
    ) -> None:
        """`take_up` sees an adopted take to its end; `send_again` submits one anew, None where
        this run submits nothing; `given_up` is told of one that has failed."""
        self._reader = reader
        self._url = reader.endpoint.base_url
        self._means = means
        self._catalogue = catalogue
        self._answers = answers
        self._take_up = take_up
        self._send_again = send_again
        self._given_up = given_up
        self._start_up = now()
        self._listings: list[Listing] = []
        self._details: dict[str, Task] = {}
        self._asked_at: dict[str, float] = {}
        self._resends: dict[int, int] = {}
        self._sentinels: set[str] = set()
        """Shots of which one more take was allowed: one, and no more."""
        self.busy = True
        """Whether there is something that this run may still learn or do."""

    async def settle(self) -> None:
        """Until cancelled: settle what is in doubt, and wait for more."""
        while True:
            news = self._means.posting.next_news
            rows, under_way = await self._unsettled()
            if not rows:
                self._quiet()
                await self._wait(None, news)
                continue
            facts = await self._facts(under_way)
            ruling = decide([self._intent(row) for row in rows.values()], facts)
            if await self._carry_out(ruling, rows):
                continue
            if await self._learn(ruling, rows):
                continue
            if all(self._final(decision) for decision in ruling.decisions):
                self._quiet()
            else:
                self.busy = True
            await self._wait(self._next(ruling), news)

    def _quiet(self) -> None:
        if self.busy:
            self.busy = False
            self._means.posting.news()

    def _final(self, decision: Decision) -> bool:
        unsent = isinstance(decision, Resend) and self._send_again is None
        return unsent or isinstance(decision, Doubt | Ask)

    async def _wait(self, until: float | None, news: asyncio.Event) -> None:
        """Until a moment (seconds since 1970) or news of the batch."""
        seconds = None if until is None else max(_SHORTEST, until - now())
        await asyncio.sleep(_SHORTEST)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await news.wait()

    # --- what is known -------------------------------------------------------------------

    async def _unsettled(self) -> tuple[dict[int, TakeRow], frozenset[str]]:
        """What is in doubt here, and the prompts whose POSTs are under way: read at one moment, and
        before the tasks, so that the task of a POST that ends meanwhile is nobody else's."""
        states = [State.IN_DOUBT, State.SUBMITTING]
        rows = await self._means.ledger.do(Ledger.in_states, "live", states)
        here = {r.key: r for r in rows if r.state is State.IN_DOUBT and r.endpoint == self._url}
        return here, frozenset(r.prompt_key for r in rows if r.state is State.SUBMITTING)

    def _intent(self, row: TakeRow) -> Intent:
        parameters = row.parameters
        model = self._catalogue.model(row.model) or self._catalogue.widest
        size, resolution = parameters.get("size"), parameters.get("resolution")
        tier = resolution or next(iter(model.by_size.get(size or "", ())), None)
        return Intent(
            key=row.key,
            take=row.take,
            model=row.model,
            prompt=row.request["input"]["prompt"],
            limit=model.prompt_limit,
            size=size,
            tier=int(tier.rstrip("Pp")) if tier else None,
            seconds=Decimal(str(parameters["duration"])) if "duration" in parameters else None,
            endpoint=self._url,
            marks=frozenset(row.marks),
            intent_at=row.has(row.intent_at),
            post_ended_at=row.post_ended_at,
            clock_offset=row.clock_offset,
            resends=self._resends.get(row.key, 0),
            wanted=row.wanted,
            consent=self._answers.consent(row),
        )

    async def _facts(self, under_way: frozenset[str]) -> Facts:
        do, skew = self._means.ledger.do, self._skew
        tasks = await do(Ledger.tasks)
        spending = self._means.spending
        return Facts(
            now=self._now(),
            start_up=service_time(self._start_up, skew),
            grace=timedelta(seconds=self._means.grace),
            endpoint=spending.client.endpoint.base_url if spending else "",
            accounts=same_account(self._means.mark, await do(Ledger.marks)),
            listings=self._listings,
            known={t.task_id: self._created(t) for t in tasks if t.origin != "stray"},
            details=self._details,
            unclaimed=frozenset(t.task_id for t in tasks if t.origin == "stray"),
            under_way=under_way,
            echo_trusted=await do(Ledger.meta, echo_name(self._url)) is not None,
            clock_offset=skew,
        )

    def _created(self, task: KnownTask) -> datetime | None:
        """When a task of ours was created, on the service's clock, as far as we know it ourselves:
        the time of an adopted one is the list's. One made elsewhere need not be listed here."""
        if task.origin == "adopted" or task.endpoint != self._url:
            return None
        offset = self._skew if task.clock_offset is None else task.clock_offset
        return service_time(task.submitted_at, offset)

    @property
    def _skew(self) -> float:
        """The service's clock minus ours, in seconds."""
        offset = self._reader.clock_offset
        return 0.0 if offset is None else offset.total_seconds()

    def _now(self) -> datetime:
        return service_time(now(), self._skew)

    # --- learning more -------------------------------------------------------------------

    async def _learn(self, ruling: Ruling, rows: dict[int, TakeRow]) -> bool:
        """Take the listing and ask the questions that are due; whether any was."""
        due = [t for t in ruling.watch if self._poll_at(t) <= now()]
        for task_id in due:
            await self._query(task_id)
        list_now = ruling.list_at is not None and ruling.list_at <= self._now()
        if list_now:
            self._listings.append(await self._list(rows))
        return bool(due) or list_now

    def _poll_at(self, task_id: str) -> float:
        return self._asked_at.get(task_id, 0.0) + max(_SHORTEST, self._means.grace / 20)

    async def _query(self, task_id: str) -> None:
        self._asked_at[task_id] = now()
        with suppress(ServiceError):
            self._details[task_id] = await self._reader.query(task_id)

    async def _list(self, rows: dict[int, TakeRow]) -> Listing:
        """All pages of the task list, read in one go."""
        began = self._now()
        known = map(self._created, await self._means.ledger.do(Ledger.tasks))
        span = window([self._intent(r) for r in rows.values()], known, began, self._skew)
        pages: list[TaskPage] = []
        with suppress(ServiceError):
            while not pages or len(pages) < pages[-1].pages:
                pages.append(
                    await self._reader.list_tasks(
                        span.start if span else None,
                        span.end if span else None,
                        page=len(pages) + 1,
                        offset=timedelta(0),
                    )
                )
        return listing(pages, began, self._now(), span.start if span else None)

    def _next(self, ruling: Ruling) -> float | None:
        """When there is something to do again, by our clock."""
        moments = [ruling.list_at, *(d.until for d in ruling.decisions if isinstance(d, Wait))]
        due = [moment.timestamp() - self._skew for moment in moments if moment]
        due += [self._poll_at(task_id) for task_id in ruling.watch]
        return min(due, default=None)

    # --- carrying out --------------------------------------------------------------------

    async def _carry_out(self, ruling: Ruling, rows: dict[int, TakeRow]) -> bool:
        """Do what is decided; whether anything was done."""
        for stray in ruling.retire:  # first: where no doubt is left, no later run looks for them
            await self._retire(stray)
        done = [await self._one(decision, rows[decision.key]) for decision in ruling.decisions]
        return any(done) or bool(ruling.retire)

    async def _one(self, decision: Decision, row: TakeRow) -> bool:
        means, left = self._means, self._means.left
        match decision:
            case Adopt():
                left.pop(row.key, None)
                self._take_up(await self._adopt(decision))
            case Resend() if self._send_again is not None and not means.stop.submitting:
                left.pop(row.key, None)
                self._send_again(await self._resend(decision, row))
            case Fail():
                means.budget.settle(row.price, None)
                to = State.FAILED
                self._given_up(await means.ledger.do(Ledger.move, row.key, to, decision.reason))
            case Ask():
                left[row.key] = decision.reason
                return await self._answers.put(row, decision.reason)
            case Wait() | Doubt() | Resend():
                left[row.key] = decision.reason
                if isinstance(decision, Wait) and decision.what is For.SENTINEL:
                    means.sentinels.update({row.shot} - self._sentinels)
                    self._sentinels.add(row.shot)
                return False
        return True

    async def _adopt(self, decision: Adopt) -> TakeRow:
        row = await self._means.ledger.do(
            Ledger.move,
            decision.key,
            State.SUBMITTED,
            decision.reason,
            task_id=decision.task_id,
            marks=[self._means.mark],  # a task that was recognised proves no other key's account
            submitted_at=decision.created_at.timestamp() - self._skew,
        )
        # that a task was made says as much of the service as an answer would have
        await self._means.slots(row.model).accepted(decision.task_id)
        return row

    async def _resend(self, decision: Resend, row: TakeRow) -> TakeRow:
        """Back to planned. Where a person said yes, what was asked for before counts as lost."""
        self._resends[row.key] = self._resends.get(row.key, 0) + 1
        self._means.budget.settle(row.price, None if decision.proven else row.price)
        if not decision.proven:
            self._answers.used.add(row.key)
        return await self._means.ledger.do(
            Ledger.move, row.key, State.PLANNED, decision.reason, lost=not decision.proven
        )

    async def _retire(self, stray: Retire) -> None:
        at = stray.created_at.timestamp() - self._skew
        row = await self._means.ledger.do(
            Ledger.add_stray, stray.key, stray.task_id, at, stray.reason
        )
        self._means.budget.take_on(row.price)
        self._take_up(row)
