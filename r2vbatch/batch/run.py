"""A run, composed: the endpoint, the tools of its takes, and what happens at its two ends.

`run` makes what is not made yet; `collect` only ends what is running and fetches what is
generated, and is given nothing that could submit.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial

from r2vbatch.batch.crew import Crew
from r2vbatch.batch.endpoint import Doors, client_of, likes_of
from r2vbatch.batch.fitting import sources
from r2vbatch.batch.frames import Frames
from r2vbatch.batch.host import Host
from r2vbatch.batch.job import Job
from r2vbatch.batch.joining import Joining
from r2vbatch.batch.runner import Runner
from r2vbatch.batch.shelf import LedgerShelf
from r2vbatch.batch.todo import left_to_collect, left_to_do, made_at
from r2vbatch.batch.tools import (
    Setting,
    ledger_thread,
    readers_at,
    settlers_for,
    ticking,
    tools,
    zone_of,
)
from r2vbatch.batch.trust import trusted
from r2vbatch.dashscope.client import Client, Reader
from r2vbatch.dashscope.faults import Reach, ServiceError
from r2vbatch.dashscope.key import Key
from r2vbatch.dashscope.patience import Patience
from r2vbatch.ledger import ENDED, Ledger, LedgerThread, State
from r2vbatch.manifest.model import Limits
from r2vbatch.references import References, Shelf
from r2vbatch.storage import Folder
from r2vbatch.take import Means, Spending, Stop
from r2vbatch.take.budget import Budget


@dataclass
class Ending:
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


async def run(job: Job, key: Key, host: Host, *, spend: bool) -> Ending:
    """Do what is left to do. Raises `OutputUnavailable` for a disk or ledger that fails.

    `spend`: a person agreed to it. Without that nothing is submitted that could cost anything.
    """
    began = time.monotonic()
    todo = left_to_do(job)
    if todo.nothing:
        return Ending(job.counts())
    setting = Setting(
        job.ledger, job.folder, job.settings.limits, job.kind == "preview", job.settings.grace
    )
    here = job.settings.endpoint
    others = [] if setting.preview else made_at(job.ledger)
    others = [u for u in others if u != here.base_url and trusted(job.ledger, u, key)]
    patience = Patience(host.telling.say)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(ticking(host.telling))
        client = await stack.enter_async_context(
            client_of(
                here,
                key,
                zone=zone_of(job.ledger, here.base_url),
                rate=setting.query_rate,
                patience=patience,
                likes=likes_of(job.plan.catalogue),
            )
        )
        readers = await readers_at(stack, setting, others, key, patience)
        opened = Doors({client.endpoint.base_url: client, **readers})
        crew = Crew(host.pool)
        stack.push_async_callback(crew.close)
        files = sources(job.takes, crew, job.folder)
        thread = ledger_thread(stack, job.ledger)
        shelf = _shelf(job, client, thread, key)
        frames = Frames(thread, job.kind, job.folder, crew, files)
        given = References(client, files, shelf)
        spending = Spending(client, given, frames.of) if spend else None
        means = tools(stack, setting, thread, opened, key, spending, job.budget, host)
        runner = Runner(means, todo, {take.id: take for take in job.takes}, job.kind)
        runner.joining = Joining(job, thread) if spend else None
        if not setting.preview:
            runner.settlers = settlers_for(opened.all, means, runner, host.answers)
            runner.greet = partial(_greet, client, means.stop)
        interrupted = await runner.to_the_end(signals=host.signals)
        await means.ledger.do(Ledger.set_meta, **_learned(opened.all))
    return _ending(job.counts(), means, interrupted, began)


async def collect(ledger: Ledger, folder: Folder, key: Key, grace: float, host: Host) -> Ending:
    """End what is running and fetch what is generated; what is in doubt may be adopted.

    Nothing is submitted: no part of this has a client that could.
    """
    began = time.monotonic()
    setting = Setting(ledger, folder, Limits(), preview=False, grace=grace)
    places = [url for url in made_at(ledger) if trusted(ledger, url, key)]
    todo = left_to_collect(ledger)
    if todo.nothing or not places:
        return Ending(ledger.counts()["live"], seconds=0.0)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(ticking(host.telling))
        readers = await readers_at(stack, setting, places, key, Patience(host.telling.say))
        opened = Doors(readers)
        thread = ledger_thread(stack, ledger)
        means = tools(stack, setting, thread, opened, key, None, Budget((), None), host)
        runner = Runner(means, todo, {}, "live")
        runner.settlers = settlers_for(opened.all, means, runner, host.answers)
        interrupted = await runner.to_the_end(signals=host.signals)
        await means.ledger.do(Ledger.set_meta, **_learned(opened.all))
    return _ending(ledger.counts()["live"], means, interrupted, began)


async def _greet(reader: Reader, stop: Stop) -> None:
    """Ask for the task list before the first POST: it tells the service's clock, and whether the
    key is any good, at no cost."""
    try:
        await reader.list_tasks(page_size=1)
    except ServiceError as failure:
        verdict = failure.verdict
        if verdict.reach is Reach.BATCH:
            stop.now(f"{verdict.sentence} ({failure})", verdict.advice, refused=True)


def _shelf(job: Job, client: Client, thread: LedgerThread, key: Key) -> Shelf | None:
    """The emulator of a preview forgets its uploads when it ends; the service does not."""
    if job.kind == "preview":
        return None
    return LedgerShelf(thread, client.endpoint.base_url, key.mark(job.ledger.salt))


def _learned(readers: Iterable[Reader]) -> dict[str, str]:
    return {
        f"zone {reader.endpoint.base_url}": str(reader.offset.total_seconds())
        for reader in readers
        if reader.offset_known and reader.endpoint.kind == "live"
    }


def _ending(counts: dict[State, int], means: Means, interrupted: bool, began: float) -> Ending:
    return Ending(
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
