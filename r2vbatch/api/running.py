"""A batch run from Python: ``await run(…)`` inside an event loop, ``run_sync(…)`` without one."""

from __future__ import annotations

import asyncio
import functools
import os
import threading
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any, ParamSpec, TypeVar

from r2vbatch.api import arguments
from r2vbatch.api.looping import inside_a_loop, interruptible
from r2vbatch.api.reading import at_endpoint, measured, models_in
from r2vbatch.api.wording import awaited_for_python
from r2vbatch.batch.answers import Answers, matching
from r2vbatch.batch.consent import Terms
from r2vbatch.batch.consent import consent as agreed_to
from r2vbatch.batch.delivering import Delivery, delivered
from r2vbatch.batch.endpoint import key_for
from r2vbatch.batch.host import Host, tally_of
from r2vbatch.batch.job import Job, opened
from r2vbatch.batch.preparing import prepared
from r2vbatch.batch.report import Report, report
from r2vbatch.batch.run import run as run_job
from r2vbatch.batch.settings import Options, settle
from r2vbatch.dashscope.key import Key, checked
from r2vbatch.dashscope.regions import Endpoint
from r2vbatch.film import Watch
from r2vbatch.ledger import Transition
from r2vbatch.manifest.model import Manifest, Money
from r2vbatch.pacing import Change
from r2vbatch.progress import Event, Events
from r2vbatch.threads import ended, entered, in_thread

P = ParamSpec("P")
T = TypeVar("T")


@awaited_for_python
async def run(
    manifest: Manifest,
    *,
    endpoint: str | None = None,
    key: str | None = None,
    max_cost: Money | str | None = None,
    consent: bool = False,
    only: str | Iterable[str] = (),
    output: str | os.PathLike[str] | None = None,
    ledger: str | os.PathLike[str] | None = None,
    prices: str | None = None,
    catalogue: str | os.PathLike[str] | None = None,
    grace: float = 300.0,
    resubmit_in_doubt: str | Iterable[str] = (),
    stale: bool = False,
    film: bool = True,
    on_event: Callable[[Event], None] | None = None,
    handle_signals: bool = False,
) -> Report:
    """Make every clip of `manifest` that is not made yet, as ``r2vbatch run`` does.

    Without `endpoint`, and where the manifest names none, it is the preview: free, without a
    key, a slate for each take. Call it again at any time: what is done is kept, what was
    interrupted goes on, and nothing is paid for twice. Takes that fail are an outcome, not an
    exception: look at ``report.complete`` or at each of ``report.takes``.

    It prints nothing and takes no signal. Cancelling the task that awaits it (or a time limit of
    yours) is what Ctrl-C is to the command line: nothing more is submitted, an answer under way
    is waited for up to 7 s, a copy or a clip that a thread is at work on until it is done,
    everything is recorded, and ``CancelledError`` is raised; what runs at the service goes on
    there and is billed, and the next run fetches it. Several runs may go
    on side by side, each in an output folder of its own.

    Args:
        manifest: from `load`.
        endpoint: ``preview``, ``singapore``, ``beijing``, ``virginia``, ``frankfurt`` or the base
            URL of one, in place of the manifest's own.
        key: the API key; default: ``DASHSCOPE_API_KEY``, the file that
            ``DASHSCOPE_API_KEY_FILE_PATH`` names, or ``~/.dashscope/api_key``. It is sent to the
            endpoint and written nowhere.
        max_cost: agree to spend, and never more than this in the output folder, earlier runs
            included: ``"6.00 USD"``, or `Money`. Nothing is spent without this or `consent`.
        consent: agree to spend, to make takes again that expired (possibly paid and lost), and
            to move any number of clips that are no longer wanted to ``retired/``. The manifest's
            budget still caps.
        only: shots to make, by id; a glob or several of them.
        output: the output folder; default: the manifest's, else ``out/<its name>`` beside it.
        ledger: where the ledger lies, if not in the output folder.
        prices: the region whose price table applies where the endpoint is none; default
            ``singapore``.
        catalogue: a file with prices, limits or models of your own, as for `load`; the ledger keeps
            its text, so that ``r2vbatch resume`` knows it.
        grace: seconds within which the service is trusted to list a task after its submit; what
            is in doubt is settled no sooner.
        resubmit_in_doubt: takes in doubt that may be sent again where nothing more can be
            learned of them, at the risk of paying for them twice; a glob or several.
        stale: make again, too, what continues another take than it would now, because one was
            circled since, or made anew.
        film: make ``reel.mp4``, ``timeline.otio`` and ``report.html`` at the end, where something
            changed; ``report.film`` tells of them.
        on_event: called in the event loop for every transition of a take, and for sentences a
            person would want to read. What it raises stops the run as a cancellation would, and
            is raised here.
        handle_signals: answer Ctrl-C and SIGTERM while it runs (in the main thread alone): the
            first ends the run early, with a report; the second ends the process.

    Raises:
        ManifestInvalid: `endpoint` or `catalogue` does not offer what the manifest asks for, or a
            local reference has changed since `load`, and is now one that its model does not take.
        TypeError: an argument is of another kind than said here.
        UsageProblem: nobody agreed to the price, there is no key, no shot matches `only`, a cap
            is in another currency, or the like; nothing was spent.
        OutputUnavailable: the output folder or its ledger cannot be used, or another run has it.
    """
    arguments.a_manifest(manifest)
    arguments.a_listener(on_event)
    arguments.a_truth(consent, "consent")
    arguments.a_truth(stale, "stale")
    arguments.a_truth(film, "film")
    arguments.a_number(grace, "grace")
    for name, text in {"endpoint": endpoint, "key": key, "prices": prices}.items():
        arguments.a_text(text, name)
    terms = Terms(
        yes=consent,
        capped=max_cost is not None,
        ask=None,
        say_yes="consent=True",
        say_cap='max_cost="6.00 USD"',
        say_endpoint='endpoint="{}"',
        say_output="output=…",
    )
    options = Options(
        output=arguments.path(output, "output"),
        endpoint=endpoint,
        only=arguments.globs(only, "only"),
        max_cost=arguments.money(max_cost),
        prices=prices,
        grace=grace,
        ledger=arguments.path(ledger, "ledger"),
        stale=stale,
    )
    resent = matching(arguments.globs(resubmit_in_doubt, "resubmit_in_doubt"))
    models = await in_thread(models_in, catalogue)
    meant = await in_thread(at_endpoint, manifest, endpoint, prices, models)
    settings = settle(meant, options)
    opener = _key(key, settings.endpoint)
    async with AsyncExitStack() as stack:
        folder = opened(settings, lambda cache: measured(meant, prices, cache, models))
        job = await stack.enter_async_context(entered(folder))
        job.check_room()
        agreed = await in_thread(agreed_to, job, opener, terms)
        await stack.enter_async_context(prepared(job, again=agreed.again))
        following = _Following(Events(tally_of(job), on_event or _ignore))
        answers = Answers(agreed=resent)
        host = Host(following, _threads, answers, handle_signals)
        ending = await following.of(run_job(job, opener, host, spend=agreed.spend))
        told = await in_thread(report, job, ending)
        if film and not told.interrupted:
            told = replace(told, film=await _filmed(job))
        return told


async def _filmed(job: Job) -> Delivery:
    """The film of a run. A cancellation ends it at the next frame."""
    halt = threading.Event()
    watch = Watch(halt.is_set, lambda what, done, total: None)
    making = asyncio.get_running_loop().run_in_executor(None, delivered, job, watch)
    try:
        return await asyncio.shield(making)
    except asyncio.CancelledError:
        halt.set()
        await ended(making)
        raise


def _without_a_loop(act: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]:
    """`act` for programs without an event loop."""

    @functools.wraps(act)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        if inside_a_loop():
            raise RuntimeError(
                f"{wrapped.__name__} was called inside an event loop (a notebook has one, too):"
                f" use `await {act.__name__}(…)` there"
            )
        return interruptible(act(*args, **kwargs))

    return wrapped


run_sync = _without_a_loop(run)
run_sync.__name__ = run_sync.__qualname__ = "run_sync"
run_sync.__doc__ = """`run`, with the same arguments, for programs without an event loop.

Ctrl-C while it runs, however often, records everything, as a cancellation of `run` does, and raises
``KeyboardInterrupt``. Raises `RuntimeError` inside an event loop, where ``await run(…)`` is meant.
"""


class _Following:
    """Hands a run's events to its caller; what the caller raises ends the run."""

    def __init__(self, events: Events) -> None:
        self._events = events
        self._run: asyncio.Task[Any] | None = None
        self._failure: BaseException | None = None

    async def of(self, run: Coroutine[Any, Any, T]) -> T:
        """What `run` returns, or what its caller's function raised meanwhile."""
        self._run = task = asyncio.create_task(run, name="run")
        try:
            return await task
        except asyncio.CancelledError:
            outer = asyncio.current_task()
            if self._failure is None or (outer and outer.cancelling()):
                raise
            raise self._failure from None

    def show(self, transition: Transition) -> None:
        """One transition."""
        self._try(lambda: self._events.show(transition))

    def say(self, sentence: str) -> None:
        """A sentence."""
        self._try(lambda: self._events.say(sentence))

    def pace(self, change: Change) -> None:
        """Submitting goes faster or slower."""
        self._try(lambda: self._events.pace(change))

    def tick(self) -> None:
        """Nothing happened."""

    def _try(self, act: Callable[[], None]) -> None:
        if self._failure is not None:
            return
        try:
            act()
        except BaseException as failure:  # the caller's own, sys.exit() too: all is recorded first
            self._failure = failure
            assert self._run is not None, "events come while the run goes on"
            self._run.cancel()


def _ignore(event: Event) -> None:
    """Nobody listens."""


def _threads(workers: int) -> Executor:
    """Where clips are verified: threads, since a process of our own would run the caller's
    script a second time."""
    return ThreadPoolExecutor(workers, thread_name_prefix="clips")


def _key(key: str | None, endpoint: Endpoint) -> Key:
    if key is None or endpoint.kind == "preview":
        return key_for(endpoint)
    return checked(key, "the argument `key`")
