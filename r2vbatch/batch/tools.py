"""The tools of a run's takes, made for one run and put away at its end.

Which service, which windows, which budget and which pool: all of that is decided here once, and
the life of a take (`take`) works with what it is given.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

from r2vbatch import catalogue
from r2vbatch.batch.answers import Answers
from r2vbatch.batch.crew import Crew
from r2vbatch.batch.endpoint import Doors, reader_of
from r2vbatch.batch.finishing import Finisher
from r2vbatch.batch.host import Host, Telling
from r2vbatch.batch.runner import Runner
from r2vbatch.batch.settling import Settler
from r2vbatch.catalogue import Catalogue, own
from r2vbatch.clock import now
from r2vbatch.dashscope.client import Reader
from r2vbatch.dashscope.key import Key
from r2vbatch.dashscope.patience import Patience
from r2vbatch.dashscope.times import plausible
from r2vbatch.errors import ManifestInvalid
from r2vbatch.ledger import Ledger, LedgerThread
from r2vbatch.manifest.model import Limits
from r2vbatch.pacing import Change, QueryPlan, Watch, Window
from r2vbatch.storage import Folder
from r2vbatch.take import Means, Posting, Slots, Spending, Stop
from r2vbatch.take.budget import Budget

_QUERIES = 20.0
"""The service's quota a second, for all models together."""
_PREVIEW_RATE = 1000.0
"""Calls a second to our own emulator, which has no quotas then."""
_DOWNLOADS = 4
_RECENT = 2.0
"""Seconds for which a submit may count against the service's rate."""
_GRACE = 300.0


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

    def submit_rate(self, published: float) -> float:
        """Submits a second."""
        return _PREVIEW_RATE if self.preview else self.limits.submits_per_second or published


async def readers_at(
    stack: AsyncExitStack, setting: Setting, urls: Iterable[str], key: Key, patience: Patience
) -> dict[str, Reader]:
    """A reader for each of `urls`, by base URL, closed with `stack`."""
    return {
        url: await stack.enter_async_context(
            reader_of(
                url,
                key,
                zone=zone_of(setting.ledger, url),
                rate=setting.query_rate,
                patience=patience,
            )
        )
        for url in urls
    }


def ledger_thread(stack: AsyncExitStack, ledger: Ledger) -> LedgerThread:
    """The thread that alone uses `ledger` during a run; it is put away with `stack`."""
    thread = LedgerThread(ledger)
    stack.callback(thread.close)
    return thread


def tools(
    stack: AsyncExitStack,
    setting: Setting,
    thread: LedgerThread,
    opened: Doors,
    key: Key,
    spending: Spending | None,
    budget: Budget,
    host: Host,
) -> Means:
    """The tools of a run, which are put away with `stack`."""
    crew = Crew(host.pool)
    stack.push_async_callback(crew.close)
    posting = Posting(listed=opened.all[0].list_tasks, scale=setting.grace / _GRACE)
    stop = Stop()
    stop.heard = posting.news
    thread.listener = host.telling.show
    return Means(
        spending=spending,
        reader=opened.reader,
        download=opened.all[0].download,
        ledger=thread,
        folder=setting.folder,
        posting=posting,
        slots=_slots(setting, thread, posting, host.telling),
        watch=Watch(QueryPlan(setting.query_rate)),
        budget=budget,
        finish=Finisher(crew).finish,
        stop=stop,
        mark=key.mark(setting.ledger.salt),
        downloads=asyncio.Semaphore(setting.limits.downloads or _DOWNLOADS),
        clock=now,
        say=host.telling.say,
        grace=setting.grace,
    )


def _slots(
    setting: Setting, thread: LedgerThread, posting: Posting, telling: Telling
) -> Callable[[str], Slots]:
    """The window of each model, made when it is first asked for."""
    limits, models = setting.limits, _models(setting.ledger)

    async def note(change: Change) -> None:
        telling.pace(change)
        await thread.do(
            Ledger.note, change.reason,
            what=change.what, before=change.before, after=change.after,
        )  # fmt: skip

    present, clock = now(), asyncio.get_running_loop().time()
    recent = setting.ledger.intents_since(present - _RECENT)

    @cache
    def of(model: str) -> Slots:
        rates = (models.model(model) or models.widest).rates
        window = Window(
            limits.in_flight or rates.in_flight,
            setting.submit_rate(rates.submits_per_second),
            most=limits.in_flight + 2 if limits.in_flight else None,
        )
        # the service still counts what a run that was killed just now had submitted
        for submitted, at in recent:
            if submitted == model:
                window.on_submit(clock - max(0.0, present - at))
        return Slots(window, posting, note=note)

    return of


def settlers_for(
    readers: Iterable[Reader], means: Means, runner: Runner, answers: Answers
) -> Sequence[Settler]:
    """One at each place where takes may be in doubt; only where this run submits are they sent
    again."""
    models = _models(means.ledger.ledger)
    return [
        Settler(
            reader, means, models, answers,
            take_up=runner.take_up,
            send_again=runner.send_again if means.spending else None,
            given_up=runner.given_up,
        )
        for reader in readers
    ]  # fmt: skip


def _models(ledger: Ledger) -> Catalogue:
    """What is known of models, and what the file that the batch was run with knew."""
    text = ledger.meta("live catalogue_text")
    try:
        return own.of_text(text, "") if text else catalogue.load()
    except (
        ManifestInvalid
    ):  # a later version ships such a model itself; what is paid for is fetched
        return catalogue.load()


@asynccontextmanager
async def ticking(telling: Telling) -> AsyncIterator[None]:
    """Who follows the run hears of every second of the block."""

    async def tick() -> None:
        while True:
            await asyncio.sleep(1.0)
            telling.tick()

    ticks = asyncio.create_task(tick(), name="ticks")
    try:
        yield
    finally:
        ticks.cancel()
        await asyncio.wait([ticks])  # nothing of a run is left on a loop that is somebody else's


def zone_of(ledger: Ledger, url: str) -> timedelta | None:
    """The zone of printed times at a base URL, if an earlier run has learned it; what no place on
    earth keeps was not learned, and is found out again."""
    try:
        zone = timedelta(seconds=float(ledger.meta(f"zone {url}") or "nan"))
    except (ValueError, OverflowError):
        return None
    return zone if plausible(zone) else None
