"""A small model of the service and of time, for simulating the protocol of design 6.3.

It knows nothing of `r2vbatch.reconcile`: what the service does is written down here a second
time, from the dossier. All times are the service's true seconds; nothing sleeps.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from random import Random

Process = Generator[float, None, None]
"""Yields how many seconds until it goes on."""

EPOCH = 1_790_000_000.0
HOUR = 3600.0
DAY = 24 * HOUR


class Kernel:
    """Virtual time: runs processes in order of their next moment."""

    def __init__(self) -> None:
        self.now = EPOCH
        self._heap: list[tuple[float, int, Process]] = []
        self._count = itertools.count()

    def spawn(self, process: Process, delay: float = 0.0) -> None:
        heapq.heappush(self._heap, (self.now + delay, next(self._count), process))

    def run(self, until: float) -> None:
        """Everything up to `until`, or until nothing is left."""
        while self._heap and self._heap[0][0] <= until:
            self.now, _, process = heapq.heappop(self._heap)
            try:
                delay = next(process)
            except StopIteration:
                continue
            self.spawn(process, max(delay, 0.001))
        self.now = until if self._heap else self.now

    def kill(self) -> None:
        """SIGKILL: every process is gone; connections they held are cut."""
        for _, _, process in self._heap:
            process.close()
        self._heap.clear()

    @property
    def idle(self) -> bool:
        return not self._heap


@dataclass(eq=False)
class Job:
    """One task at the service."""

    id: str
    account: str
    model: str
    prompt: str
    size: str
    seconds: int
    created: float
    visible: float
    ends: float
    fails: bool
    ours: str | None
    """The take whose POST made it."""

    def status(self, now: float) -> str:
        if now < self.created + 2:
            return "PENDING"
        if now < self.ends:
            return "RUNNING"
        return "FAILED" if self.fails else "SUCCEEDED"


@dataclass
class Weather:
    """How this world behaves, drawn from its seed."""

    grace: float
    echo: str
    zone_hours: int
    shift: float
    """Seconds by which the list misdates its rows."""
    page_size: int
    newest_first: bool
    unanswered: float
    """Share of POSTs that are not answered."""
    made: float
    """Share of those that made a task all the same."""
    late: float
    """Share of those whose task is made or listed late."""
    beyond: float
    """Share of the late ones that come past the grace: outside the promise."""
    usage: bool
    """Whether usage says size and length."""
    fails: float
    foreign_every: float | None
    outages: list[tuple[float, float, str]] = field(default_factory=list)
    """(from, to, "down" or "empty")."""


class Service:
    """Accounts with tasks: POST, list, query."""

    def __init__(self, weather: Weather, rng: Random, kernel: Kernel) -> None:
        self.weather = weather
        self.jobs: list[Job] = []
        self._by_id: dict[str, Job] = {}
        self._rng = rng
        self._kernel = kernel
        self.beyond_promise: set[str] = set()
        self.unanswered = 0

    def post(
        self, account: str, model: str, prompt: str, size: str, seconds: int, take: str
    ) -> Generator[float, None, str | None]:
        """One POST; returns the task id, or None for no answer. Closing it cuts the line."""
        rng, weather, kernel = self._rng, self.weather, self._kernel
        answered = rng.random() >= weather.unanswered
        makes = answered or rng.random() < weather.made
        late = makes and not answered and rng.random() < weather.late
        quick = answered or rng.random() < 0.5
        duration = rng.choice((0.3, 0.3, 2.0, 8.0, 90.0)) if quick else 120.0
        job = None
        try:
            if makes and not late:
                arrives = min(rng.random() * 2, duration * 0.9)
                yield arrives
                job = self.add(account, model, prompt, size, seconds, take, created=kernel.now)
                job.visible = kernel.now + rng.choice((0.0, 0.0, 5.0, 60.0, weather.grace))
                yield duration - arrives
            else:
                yield duration
        finally:
            end = kernel.now
            if job is None and (late or (makes and rng.random() < 0.5)):
                job = self._late(account, model, prompt, size, seconds, take, end)
            if job is not None and job.id not in self.beyond_promise:
                job.visible = min(job.visible, end + weather.grace)
        if not answered:
            self.unanswered += 1
        return job.id if answered and job else None

    def _late(
        self, account: str, model: str, prompt: str, size: str, seconds: int, take: str, end: float
    ) -> Job:
        """Made after the line was cut: within the grace, often only just."""
        rng, grace = self._rng, self.weather.grace
        after = grace - rng.random() if rng.random() < 0.4 else rng.random() * grace
        beyond = rng.random() < self.weather.beyond
        if beyond:
            after = grace * (1.2 + rng.random())
        job = self.add(account, model, prompt, size, seconds, take, created=end + after)
        job.visible = job.created + rng.choice((0.0, 30.0))
        if beyond:
            self.beyond_promise.add(job.id)
        return job

    def add(
        self,
        account: str,
        model: str,
        prompt: str,
        size: str,
        seconds: int,
        take: str | None,
        created: float,
    ) -> Job:
        rng = self._rng
        job = Job(
            f"{rng.getrandbits(48):012x}", account, model, prompt, size, seconds, created, created,
            created + rng.choice((20, 90, 240, 600)) * (0.5 + rng.random()),
            rng.random() < self.weather.fails, take,
        )  # fmt: skip
        self.jobs.append(job)
        self._by_id[job.id] = job
        return job

    def others(self, account: str, prompts: list[tuple[str, str]]) -> Process:
        """Another program at work on the same account: (model, prompt) pairs."""
        assert self.weather.foreign_every is not None
        while True:
            yield self._rng.expovariate(1 / self.weather.foreign_every)
            model, prompt = self._rng.choice(prompts)
            self.add(account, model, prompt, "1280*720", 5, None, self._kernel.now)

    def trouble(self) -> str | None:
        now = self._kernel.now
        return next((what for a, b, what in self.weather.outages if a <= now < b), None)

    def page(
        self, account: str, number: int, start: str | None, end: str | None
    ) -> tuple[list[Job], int] | None:
        """One page of the list and the total; None when it does not answer.

        `start` and `end` as on the wire, read in the service's own zone.
        """
        trouble = self.trouble()
        if trouble == "down":
            return None
        if trouble == "empty":
            return [], 0
        now = self._kernel.now
        first = self._moment(start) if start else now - DAY
        last = self._moment(end) if end else now
        rows = [
            job
            for job in self.jobs
            if job.account == account
            and job.visible <= now
            and job.created > now - DAY
            and first <= job.created <= last
        ]
        rows.sort(key=lambda job: job.created, reverse=self.weather.newest_first)
        size = self.weather.page_size
        return rows[(number - 1) * size : number * size], len(rows)

    def _moment(self, text: str) -> float:
        zone = timezone(timedelta(hours=self.weather.zone_hours))
        return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=zone).timestamp()

    def find(self, account: str, task_id: str) -> Job | None:
        """What a query sees: its own account's tasks, for a day."""
        job = self._by_id.get(task_id)
        now = self._kernel.now
        seen = job and job.account == account and job.created <= now < job.created + DAY
        return job if seen else None

    def echo(self, prompt: str, limit: int) -> str:
        """`orig_prompt`, as this world shows it."""
        alter: dict[str, Callable[[str], str]] = {
            "whole": lambda text: text[:limit],
            "spaced": lambda text: "  ".join(text[:limit].split(" ")) + "\n",
            "cut": lambda text: text[:60],
            "altered": lambda text: "Video: " + text[:limit].upper().replace(" ", "_"),
        }
        return alter[self.weather.echo](prompt)

    def paid(self) -> Iterator[Job]:
        """Our tasks that were billed by now."""
        return (j for j in self.jobs if j.ours and j.status(self._kernel.now) == "SUCCEEDED")
