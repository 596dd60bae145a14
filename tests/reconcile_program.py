"""A program that keeps the protocol around `reconcile.decide`, in virtual time.

It does what `take` and `batch` do, with a dictionary for the ledger: intents before POSTs, ids
before anything else, one POST at a time, no twin while one is in doubt. Only `Books` outlives a
crash. `Mind` stands between it and `decide`: a test may put a worse one there, to see the
simulation catch it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

from reconcile_world import DAY, HOUR, Job, Kernel, Process, Service

from r2vbatch.dashscope.model import Listed, Status, Task, TaskPage, Usage
from r2vbatch.dashscope.prompts import prompt_key
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
    Ruling,
    Wait,
    Window,
    decide,
    listing,
    same_account,
    service_time,
    unchanged,
    window,
)

LIMIT = 120
STEP = 20.0
PATIENCE = 8 * HOUR


@dataclass
class Row:
    """A take in the ledger."""

    key: int
    name: str
    prompt: str
    size: str
    seconds: int
    model: str
    shot: int
    state: str = "planned"
    wanted: bool = True
    endpoint: str = ""
    marks: frozenset[str] = frozenset()
    intent_at: float = 0.0
    post_ended_at: float | None = None
    clock_offset: float | None = None
    task_id: str | None = None
    unseen: bool = False
    """The service does not know its task, by the key last used."""
    yes: int = 0
    """Resends that nobody proved safe."""


@dataclass
class Books:
    """All that survives a crash."""

    rows: list[Row]
    known: dict[str, datetime | None] = field(default_factory=dict)
    unclaimed: set[str] = field(default_factory=set)
    fetched: set[str] = field(default_factory=set)
    trusted: set[str] = field(default_factory=set)
    prompt_answers: set[str] = field(default_factory=set)
    """Tasks whose POST was answered within a minute."""


class Mind:
    """Says what to do. The honest one just asks `decide`."""

    def rule(self, intents: list[Intent], facts: Facts) -> Ruling:
        return decide(intents, facts)


@dataclass
class Run:
    """One run of the program, from its start to its end or a crash."""

    kernel: Kernel
    service: Service
    books: Books
    rng: Random
    mind: Mind
    skew: float
    """Our clock minus the true one."""
    mark: str = "k1"
    account: str = "main"
    endpoint: str = "https://one.example"
    consent: bool = False
    windows: bool = False
    """Ask for a window instead of the last 24 h."""
    offset: float | None = None
    listings: list[Listing] = field(default_factory=list)
    details: dict[str, Task] = field(default_factory=dict)
    resends: dict[int, int] = field(default_factory=dict)
    asked: set[int] = field(default_factory=set)
    """Takes whose one yes has been used."""
    latest: dict[int, Decision] = field(default_factory=dict)
    under_way: str | None = None
    list_at: datetime | None = None
    over: bool = False

    def start(self) -> None:
        self.started, self.started_ours = self.kernel.now, self.ours()
        for row in self.books.rows:
            if row.state == "submitting":
                row.state = "in_doubt"
            elif row.state == "failed" and row.wanted:
                row.state = "planned"
        self.kernel.spawn(self._all())

    # --- clocks ------------------------------------------------------------------------------

    def ours(self) -> float:
        return self.kernel.now + self.skew

    def service_now(self) -> datetime:
        return service_time(self.ours(), self.offset or 0.0)

    # --- the run -----------------------------------------------------------------------------

    def _all(self) -> Process:
        yield from self._list()
        self.kernel.spawn(self._submits())
        self.kernel.spawn(self._watches())
        yield from self._reconciles()

    def _doubtful(self) -> list[Row]:
        """Those at this run's endpoint: others are reconciled with listings of their own."""
        here = [row for row in self.books.rows if row.endpoint == self.endpoint]
        return [row for row in here if row.state == "in_doubt"]

    def _key(self, row: Row) -> str:
        return prompt_key(row.prompt, LIMIT)

    def _submits(self) -> Process:
        while not self.over:
            row = self._next()
            if row is None:
                yield STEP
                continue
            yield from self._submit(row)
            yield self.rng.choice((1.0, 10.0))

    def _next(self) -> Row | None:
        planned = [row for row in self.books.rows if row.state == "planned" and row.wanted]
        free = [row for row in planned if not self._twins(row)]
        if free or not planned:
            return free[0] if free else None
        for row in planned:
            (twin, *more) = self._twins(row)
            decision = self.latest.get(twin.key)
            lacks = isinstance(decision, Wait) and decision.what is For.SENTINEL
            if lacks and not more and twin.shot == row.shot:
                return row
        return None

    def _twins(self, row: Row) -> list[Row]:
        return [
            other
            for other in self.books.rows
            if other is not row
            and other.state in {"submitting", "in_doubt"}
            and other.intent_at > self.ours() - DAY
            and self._key(other) == self._key(row)
        ]

    def _submit(self, row: Row) -> Process:
        row.state, row.endpoint, row.marks = "submitting", self.endpoint, frozenset({self.mark})
        row.intent_at, row.post_ended_at, row.task_id = self.ours(), None, None
        row.clock_offset = self.offset
        self.under_way = self._key(row)
        task_id = yield from self.service.post(
            self._place(), row.model, row.prompt, row.size, row.seconds, row.name
        )
        self.under_way = None
        if task_id is None:
            row.state, row.post_ended_at = "in_doubt", self.ours()
            self.list_at = self.service_now()
            yield 5.0
        else:
            self._has(row, task_id, self.service_now())
            if self.ours() - row.intent_at < 60:
                self.books.prompt_answers.add(task_id)

    def _place(self) -> str:
        return f"{self.endpoint} {self.account}"

    def _has(self, row: Row, task_id: str, at: datetime | None) -> None:
        row.state, row.task_id = "submitted", task_id
        self.books.known[task_id] = at

    # --- the task list -----------------------------------------------------------------------

    def _list(self) -> Process:
        began, since, pages = self.ours(), None, list[TaskPage]()
        start = end = None
        asked = self._window() if self.windows else None
        if asked:
            since, start, end = asked.start, _stamp(asked.start), _stamp(asked.end)
        while not pages or len(pages) < pages[-1].pages:
            yield self.rng.choice((0.1, 0.3, 2.0))
            answer = self.service.page(self._place(), len(pages) + 1, start, end)
            if answer is None:
                yield 20.0
                pages.clear()
                break
            self.offset = -self.skew + self.rng.uniform(-0.7, 0.7)
            jobs, total = answer
            size = self.service.weather.page_size
            rows = tuple(self._row(job) for job in jobs)
            pages.append(TaskPage(rows, len(pages) + 1, -(-total // size), total))
        began_there = service_time(began, self.offset or 0.0)
        self.listings.append(listing(pages, began_there, self.service_now(), since))

    def _window(self) -> Window | None:
        known = self.books.known.values()
        return window(self._intents(), known, self.service_now(), self.offset or 0.0)

    def _row(self, job: Job) -> Listed:
        status = Status(job.status(self.kernel.now))
        at = datetime.fromtimestamp(job.created + self.service.weather.shift, UTC)
        return Listed(job.id, status, job.model, at)

    # --- tasks -------------------------------------------------------------------------------

    def _query(self, task_id: str, endpoint: str = "") -> Task | None:
        if self.service.trouble() == "down":
            return None
        job = self.service.find(f"{endpoint or self.endpoint} {self.account}", task_id)
        status = Status(job.status(self.kernel.now)) if job else Status.UNKNOWN
        done = job is not None and status is Status.SUCCEEDED
        usage = None
        if done and self.service.weather.usage:
            usage = Usage(
                Decimal(job.seconds + 3), Decimal(3), Decimal(f"{job.seconds}.0"), job.size, 720
            )
        echo = self.service.echo(job.prompt, LIMIT) if done else None
        link = "https://clip" if done else None
        return Task(task_id, "r", status, None, None, None, echo, link, None, "", "", usage)

    def _watches(self) -> Process:
        """Follow our own tasks to their end, and fetch."""
        while not self.over:
            yield STEP * 2
            for row in self.books.rows:
                if row.state == "submitted":
                    self._follow(row)

    def _follow(self, row: Row) -> None:
        assert row.task_id
        task = self._query(row.task_id, row.endpoint)
        if task is None:
            return
        row.unseen = task.status is Status.UNKNOWN
        if not row.unseen:
            row.marks |= {self.mark}
        if task.status is Status.SUCCEEDED:
            row.state = "done"
            self.books.fetched.add(row.task_id)
            if unchanged(row.prompt, task.prompt):
                self.books.trusted.add(row.endpoint)
        elif task.status is Status.FAILED:
            row.state = "failed"

    # --- reconciling -------------------------------------------------------------------------

    def _intents(self) -> list[Intent]:
        return [
            Intent(
                row.key, row.name, row.model, row.prompt, LIMIT, row.size, None, row.seconds,
                row.endpoint, row.marks, row.intent_at, row.post_ended_at, row.clock_offset,
                self.resends.get(row.key, 0), row.wanted,
                self.consent and row.key not in self.asked,
            )
            for row in self._doubtful()
        ]  # fmt: skip

    def _facts(self) -> Facts:
        return Facts(
            now=self.service_now(),
            start_up=service_time(self.started_ours, self.offset or 0.0),
            grace=timedelta(seconds=self.service.weather.grace),
            endpoint=self.endpoint,
            accounts=same_account(self.mark, [row.marks for row in self.books.rows]),
            listings=tuple(self.listings),
            known=dict(self.books.known),
            details=dict(self.details),
            unclaimed=frozenset(self.books.unclaimed),
            under_way=frozenset({self.under_way} if self.under_way else ()),
            echo_trusted=self.endpoint in self.books.trusted,
            clock_offset=self.offset or 0.0,
        )

    def _reconciles(self) -> Process:
        while not self.over:
            if not self._doubtful():
                self.latest, self.list_at = {}, None
                self.over = self._settled()
                yield STEP
                continue
            if self.list_at is not None and self.list_at <= self.service_now():
                yield from self._list()
            yield from self._decide()
            self.over = self._settled()
            yield self._pause()

    def _pause(self) -> float:
        if self.list_at is None:
            return STEP * 3
        return min(STEP * 3, max(0.1, (self.list_at - self.service_now()).total_seconds()))

    def _settled(self) -> bool:
        """Nothing is left that this run could do."""
        if self.under_way or any(
            row.state == "submitted" and not row.unseen for row in self.books.rows
        ):
            return False
        if self.kernel.now - self.started > PATIENCE:
            return True
        stuck = all(isinstance(d, Ask | Doubt) for d in self.latest.values())
        waits = [row for row in self.books.rows if row.state == "planned" and row.wanted]
        return stuck and all(self._twins(row) for row in waits)

    def _decide(self) -> Process:
        yield 0.0
        while intents := self._intents():
            ruling = self.mind.rule(intents, self._facts())
            self.latest = {each.key: each for each in ruling.decisions}
            self.list_at = ruling.list_at
            changed = self._carry_out(ruling)
            yield 0.0
            if not changed and not self._ask_about(ruling.watch):
                return

    def _carry_out(self, ruling: Ruling) -> bool:
        rows = {row.key: row for row in self.books.rows}
        for lost in ruling.retire:
            self.books.unclaimed.add(lost.task_id)
            self.books.fetched.add(lost.task_id)
        changed = False
        for each in ruling.decisions:
            row = rows[each.key]
            if isinstance(each, Adopt):
                self._has(row, each.task_id, None)
                row.marks = frozenset({self.mark})
            elif isinstance(each, Resend):
                row.state = "planned"
                if not each.proven:
                    row.yes += 1
                    self.asked.add(row.key)
                self.resends[row.key] = self.resends.get(row.key, 0) + 1
            elif isinstance(each, Fail):
                row.state = "failed"
            else:
                continue
            changed = True
        return changed

    def _ask_about(self, watch: tuple[str, ...]) -> bool:
        """Query what is watched; whether anything ended."""
        ended = False
        for task_id in watch:
            task = self._query(task_id)
            if task is not None:
                self.details[task_id] = task
                ended |= task.status in {Status.SUCCEEDED, Status.FAILED}
        return ended


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%d%H%M%S")
