"""A run, composed: the endpoint, the tools of its takes, and what happens at its two ends.

`run` makes what is not made yet; `collect` only ends what is running and fetches what is
generated, and is given nothing that could submit.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Protocol

from r2vbatch import catalogue
from r2vbatch.batch.answers import Answers
from r2vbatch.batch.endpoint import Doors, client_of, key_for, reader_of
from r2vbatch.batch.finishing import Finisher
from r2vbatch.batch.job import Job
from r2vbatch.batch.runner import Runner
from r2vbatch.batch.settling import Settler
from r2vbatch.batch.todo import left_to_collect, left_to_do, made_at
from r2vbatch.batch.trust import trusted
from r2vbatch.clock import now
from r2vbatch.dashscope.client import Reader
from r2vbatch.dashscope.faults import Reach, ServiceError
from r2vbatch.dashscope.key import Key
from r2vbatch.dashscope.patience import Patience
from r2vbatch.ledger import ENDED, Ledger, LedgerThread, State, Transition
from r2vbatch.manifest.model import Limits
from r2vbatch.pacing import Change, QueryPlan, Watch, Window
from r2vbatch.planning.model import PlannedTake
from r2vbatch.references import References
from r2vbatch.storage import Folder
from r2vbatch.take import Means, Posting, Slots, Spending, Stop
from r2vbatch.take.budget import Budget

_IN_FLIGHT = 5
_SUBMITS = 5.0
_QUERIES = 20.0
"""The service's quotas a second."""
_PREVIEW_RATE = 1000.0
"""Calls a second to our own emulator, which has no quotas then."""
_DOWNLOADS = 4
_RECENT = 2.0
"""Seconds for which a submit may count against the service's rate."""
_LONG_PAUSE = 15.0
"""Seconds of waiting that are worth a word."""
_GRACE = 300.0


class Telling(Protocol):
    """Someone who follows a run."""

    def show(self, transition: Transition) -> None:
        """One transition was committed."""
        ...

    def say(self, sentence: str) -> None:
        """Something a person who waits should know."""
        ...


@dataclass
class Report:
    """How a run ended."""

    counts: dict[State, int]
    left: dict[int, str] = field(default_factory=dict)
    """By ledger key: why this run left a take unfinished."""
    stopped: str | None = None
    """Why submitting stopped early, and what to do about it."""
    advice: str = ""
    refused: bool = False
    """The service refuses in a way that would hit every take."""
    interrupted: bool = False
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Setting:
    """Where a run works, and within which limits."""

    ledger: Ledger
    folder: Folder
    limits: Limits
    preview: bool
    grace: float

    @property
    def query_rate(self) -> float:
        """Half the quota: other programs of the account have a right to ask, too."""
        return _PREVIEW_RATE if self.preview else (self.limits.queries_per_second or _QUERIES) / 2

    @property
    def submit_rate(self) -> float:
        """Submits a second."""
        return _PREVIEW_RATE if self.preview else self.limits.submits_per_second or _SUBMITS


async def run(job: Job, telling: Telling, answers: Answers, *, spend: bool) -> Report:
    """Do what is left to do. Raises `OutputUnavailable` for a disk or ledger that fails.

    `spend`: a person agreed to it. Without that nothing is submitted that could cost anything.
    """
    began = time.monotonic()
    todo = left_to_do(job)
    if todo.nothing:
        return Report(job.counts())
    key = key_for(job.settings.endpoint)
    setting = Setting(
        job.ledger, job.folder, job.settings.limits, job.kind == "preview", job.settings.grace
    )
    here = job.settings.endpoint
    others = [] if setting.preview else made_at(job.ledger)
    others = [u for u in others if u != here.base_url and trusted(job.ledger, u, key)]
    patience = Patience(telling.say)
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(
            client_of(
                here,
                key,
                zone=_zone(job.ledger, here.base_url),
                rate=setting.query_rate,
                patience=patience,
            )
        )
        readers = await _readers(stack, setting, others, key, patience)
        opened = Doors({client.endpoint.base_url: client, **readers})
        spending = Spending(client, References(client, _files(job.takes))) if spend else None
        budget = Budget(job.settings.caps, job.spent)
        means = _means(stack, setting, opened, key, spending, budget, telling)
        runner = Runner(means, todo, {take.id: take for take in job.takes}, job.kind)
        if not setting.preview:
            runner.settlers = _settlers(opened.all, means, runner, answers)
            await _greet(client, means.stop)
        interrupted = await runner.to_the_end()
        await means.ledger.do(Ledger.set_meta, **_learned(opened.all))
    return _report(job.counts(), means, interrupted, began)


async def collect(
    ledger: Ledger, folder: Folder, key: Key, grace: float, telling: Telling
) -> Report:
    """End what is running and fetch what is generated; what is in doubt may be adopted.

    Nothing is submitted: no part of this has a client that could.
    """
    began = time.monotonic()
    setting = Setting(ledger, folder, Limits(), preview=False, grace=grace)
    places = [url for url in made_at(ledger) if trusted(ledger, url, key)]
    todo = left_to_collect(ledger)
    if todo.nothing or not places:
        return Report(ledger.counts()["live"], seconds=0.0)
    async with AsyncExitStack() as stack:
        opened = Doors(await _readers(stack, setting, places, key, Patience(telling.say)))
        means = _means(stack, setting, opened, key, None, Budget((), None), telling)
        runner = Runner(means, todo, {}, "live")
        runner.settlers = _settlers(opened.all, means, runner, Answers())
        interrupted = await runner.to_the_end()
        await means.ledger.do(Ledger.set_meta, **_learned(opened.all))
    return _report(ledger.counts()["live"], means, interrupted, began)


async def _readers(
    stack: AsyncExitStack, setting: Setting, urls: Iterable[str], key: Key, patience: Patience
) -> dict[str, Reader]:
    return {
        url: await stack.enter_async_context(
            reader_of(
                url,
                key,
                zone=_zone(setting.ledger, url),
                rate=setting.query_rate,
                patience=patience,
            )
        )
        for url in urls
    }


def _means(
    stack: AsyncExitStack,
    setting: Setting,
    opened: Doors,
    key: Key,
    spending: Spending | None,
    budget: Budget,
    telling: Telling,
) -> Means:
    """The tools of a run, which are put away with `stack`."""
    loop = asyncio.get_running_loop()
    thread = LedgerThread(setting.ledger)
    stack.callback(thread.close)
    finisher = Finisher()
    stack.callback(finisher.close)

    def tell(transition: Transition) -> None:  # from the ledger's thread
        loop.call_soon_threadsafe(telling.show, transition)

    posting = Posting(listed=opened.all[0].list_tasks, scale=setting.grace / _GRACE)
    stop = Stop()
    stop.heard = posting.news
    setting.ledger.listener = tell
    stack.callback(setattr, setting.ledger, "listener", None)
    return Means(
        spending=spending,
        reader=opened.reader,
        download=opened.all[0].download,
        ledger=thread,
        folder=setting.folder,
        posting=posting,
        slots=_slots(setting, thread, posting, telling),
        watch=Watch(QueryPlan(setting.query_rate)),
        budget=budget,
        finish=finisher.finish,
        stop=stop,
        mark=key.mark(setting.ledger.salt),
        downloads=asyncio.Semaphore(setting.limits.downloads or _DOWNLOADS),
        clock=now,
        say=telling.say,
        grace=setting.grace,
    )


def _slots(
    setting: Setting, thread: LedgerThread, posting: Posting, telling: Telling
) -> Callable[[str], Slots]:
    """The window of each model, made when it is first asked for."""
    limits = setting.limits

    async def note(change: Change) -> None:
        if change.what == "pause" and change.after >= _LONG_PAUSE:
            telling.say(f"submitting waits {change.after:.0f} s: {change.reason}")
        await thread.do(
            Ledger.note, change.reason,
            what=change.what, before=change.before, after=change.after,
        )  # fmt: skip

    present, clock = now(), asyncio.get_running_loop().time()
    recent = setting.ledger.intents_since(present - _RECENT)

    @cache
    def of(model: str) -> Slots:
        window = Window(
            limits.in_flight or _IN_FLIGHT,
            setting.submit_rate,
            most=limits.in_flight + 2 if limits.in_flight else None,
        )
        # the service still counts what a run that was killed just now had submitted
        for submitted, at in recent:
            if submitted == model:
                window.on_submit(clock - max(0.0, present - at))
        return Slots(window, posting, note=note)

    return of


def _settlers(
    readers: Iterable[Reader], means: Means, runner: Runner, answers: Answers
) -> Sequence[Settler]:
    """One at each place where takes may be in doubt; only where this run submits are they sent
    again."""
    models = catalogue.load()
    return [
        Settler(
            reader, means, models, answers,
            take_up=runner.take_up,
            send_again=runner.send_again if means.spending else None,
            settled=runner.settled,
        )
        for reader in readers
    ]  # fmt: skip


async def _greet(reader: Reader, stop: Stop) -> None:
    """Ask for the task list before the first POST: it tells the service's clock, and whether the
    key is any good, at no cost."""
    try:
        await reader.list_tasks(page_size=1)
    except ServiceError as failure:
        verdict = failure.verdict
        if verdict.reach is Reach.BATCH:
            stop.now(f"{verdict.sentence} ({failure})", verdict.advice, refused=True)


def _files(takes: Iterable[PlannedTake]) -> dict[str, Path]:
    return {s.sha256: s.file for take in takes for s in take.sent if s.sha256 and s.file}


def _zone(ledger: Ledger, url: str) -> timedelta | None:
    """The zone of printed times at a base URL, if an earlier run has learned it."""
    zone = ledger.meta(f"zone {url}")
    return timedelta(seconds=float(zone)) if zone else None


def _learned(readers: Iterable[Reader]) -> dict[str, str]:
    return {
        f"zone {reader.endpoint.base_url}": str(reader.offset.total_seconds())
        for reader in readers
        if reader.offset_known and reader.endpoint.kind == "live"
    }


def _report(counts: dict[State, int], means: Means, interrupted: bool, began: float) -> Report:
    return Report(
        counts=counts,
        left={
            key: reason
            for key, reason in means.left.items()
            if means.ledger.ledger.take(key).state not in ENDED
        },
        stopped=means.stop.reason,
        advice=means.stop.hint,
        refused=means.stop.refused,
        interrupted=interrupted,
        seconds=time.monotonic() - began,
    )
