"""Accounts, tasks, windows and queues: the state of the service, and its laws.

Given a clock and told when work ends; it sleeps for nothing and serves nothing. What a task
makes is the runner's business, how it is asked for the server's.
"""

from __future__ import annotations

import random
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from r2vbatch.emulator.ask import Ask
from r2vbatch.emulator.counting import Counters, Window
from r2vbatch.emulator.faults import Fault
from r2vbatch.emulator.options import Options, draw
from r2vbatch.emulator.refusals import Refusal

Clock = Callable[[], float]
"""Seconds since the epoch, on the service's clock."""


@dataclass(slots=True, eq=False)
class Task:
    """One submitted request and what became of it. Times are the service's, in seconds."""

    id: str
    request_id: str
    lane: Lane
    ask: Ask
    slate: Mapping[str, Any]
    """What the wire does not carry: shot, take, names. Empty for other clients."""
    resolves_oss: bool
    created: float
    run_seconds: float
    faults: Mapping[str, Fault]
    status: str = "PENDING"
    started: float | None = None
    ended: float | None = None
    code: str | None = None
    message: str | None = None
    usage: Mapping[str, Any] | None = None
    downloads: int = 0

    def row(self) -> dict[str, Any]:
        """For the admin page."""
        ask = self.ask
        return {
            "task_id": self.id,
            "model": ask.model,
            "prompt": ask.prompt,
            "size": f"{ask.width}*{ask.height}",
            "duration": ask.duration,
            "seed": ask.seed,
            "shot": self.slate.get("shot"),
            "take": self.slate.get("take"),
            "status": self.status,
            "code": self.code,
            "created": self.created,
            "started": self.started,
            "ended": self.ended,
            "run_seconds": self.run_seconds,
            "downloads": self.downloads,
        }


@dataclass(eq=False)
class Lane:
    """One model of one account: where tasks run and wait."""

    account: Account
    submits: Window
    policies: Window
    running: int = 0
    waiting: deque[Task] = field(default_factory=deque)


@dataclass(eq=False)
class Account:
    """One main account; several keys may reach it."""

    name: str
    queries: Mapping[str, Window]
    """By operation; all of them under "" where they share one budget."""
    lanes: dict[str, Lane] = field(default_factory=dict)
    tasks: dict[str, Task] = field(default_factory=dict)
    counters: Counters = field(default_factory=Counters)


class Service:
    """The state of the service. Raises `Refusal` for what it will not do."""

    def __init__(self, options: Options, clock: Clock) -> None:
        self.options = options
        self.now = clock
        self.accounts: dict[str, Account] = {}
        self._names: dict[str, str] = {}
        self._runs = random.Random(f"{options.seed}/runs")
        if options.keys:
            for key in options.keys:
                self._account(key)

    def authorize(self, header: str | None) -> Account:
        """The account behind an Authorization header."""
        scheme, _, key = (header or "").partition(" ")
        if not header or scheme.lower() != "bearer" or not key.strip():
            raise Refusal.of("InvalidApiKey", "No API-key provided.")
        key = key.strip()
        known = key in self.options.keys if self.options.keys else key.startswith("sk-")
        if not known or key.startswith("sk-sp-"):
            raise Refusal.of("InvalidApiKey", "Invalid API-key provided.")
        return self._account(key)

    def check_workspace(self, workspace: str | None) -> None:
        """Refuse a workspace that is none of those there are."""
        known = self.options.workspaces
        if workspace is not None and known and workspace not in known:
            raise Refusal.of("NOT AUTHORIZED")

    def _account(self, key: str) -> Account:
        if key not in self._names:
            number = 1 if self.options.one_account else len(self._names) + 1
            self._names[key] = f"account-{number}"
        name = self._names[key]
        if name not in self.accounts:
            limit = self.options.queries_per_second
            windows = {op: Window(limit) for op in ("", "query", "list", "cancel")}
            self.accounts[name] = Account(name, windows)
        return self.accounts[name]

    def lane(self, account: Account, model: str) -> Lane:
        """The lane of one model of one account."""
        if model not in account.lanes:
            submits = Window(self.options.submits_per_second)
            policies = Window(self.options.policies_per_second)
            account.lanes[model] = Lane(account, submits, policies)
        return account.lanes[model]

    def too_fast(self) -> Refusal:
        """A call over a rate."""
        return Refusal.of(self.options.rate_code)

    def admit_query(self, account: Account, op: str) -> None:
        """Count a query, list or cancel (`op`) against the account's budget."""
        window = account.queries[op if self.options.separate_limits else ""]
        if not window.admits(self.now()):
            account.counters.query_rate_violations += 1
            raise self.too_fast()

    def admit_submit(self, lane: Lane) -> None:
        """Count a submit against the lane's rate."""
        if not lane.submits.admits(self.now()):
            lane.account.counters.submit_rate_violations += 1
            raise self.too_fast()

    def create(
        self,
        lane: Lane,
        ask: Ask,
        *,
        slate: Mapping[str, Any],
        resolves_oss: bool,
        faults: Mapping[str, Fault],
    ) -> Task:
        """A new task, waiting."""
        self._check_room(lane)
        task = Task(
            id=str(uuid.uuid4()),
            request_id=str(uuid.uuid4()),
            lane=lane,
            ask=ask,
            slate=slate,
            resolves_oss=resolves_oss,
            created=self.now(),
            run_seconds=draw(self.options.latency, self._runs),
            faults=faults,
        )
        account = lane.account
        account.tasks[task.id] = task
        lane.waiting.append(task)
        account.counters.tasks_created += 1
        busy = lane.running + len(lane.waiting)
        account.counters.max_in_flight = max(account.counters.max_in_flight, busy)
        return task

    def _check_room(self, lane: Lane) -> None:
        limit, queue = self.options.in_flight, self.options.queue_length
        busy = lane.running + len(lane.waiting)
        if limit is None or busy < limit:
            return
        if self.options.over_limit == "refuse" or (queue is not None and busy >= limit + queue):
            raise Refusal.of("Throttling.Concurrency")

    def next_to_run(self, lane: Lane) -> Task | None:
        """Take the longest waiting task out of the queue, if there is a free place."""
        limit = self.options.in_flight
        if not lane.waiting or (limit is not None and lane.running >= limit):
            return None
        task = lane.waiting.popleft()
        task.status, task.started = "RUNNING", self.now()
        lane.running += 1
        counters = lane.account.counters
        counters.max_running = max(counters.max_running, lane.running)
        return task

    def succeed(self, task: Task, usage: Mapping[str, Any]) -> None:
        """The task's clip is ready; it is billed."""
        task.usage = usage
        task.lane.account.counters.billed_tasks += 1
        task.lane.account.counters.billed_seconds += float(usage["duration"])
        self._end(task, "SUCCEEDED")

    def fail(self, task: Task, code: str | None, message: str | None) -> None:
        """The task failed, with a reason or without one."""
        task.code, task.message = code, message
        self._end(task, "FAILED")

    def _end(self, task: Task, status: str) -> None:
        task.status, task.ended = status, self.now()
        task.lane.running -= 1

    def cancel(self, account: Account, task_id: str) -> Task:
        """Take a waiting task out of the queue."""
        task = self.find(account, task_id)
        if task is None or task.status != "PENDING":
            raise Refusal.of(
                "UnsupportedOperation",
                "Failed to cancel the task, please confirm if the task is in PENDING status.",
            )
        task.lane.waiting.remove(task)
        task.status, task.ended = "CANCELED", self.now()
        return task

    def find(self, account: Account, task_id: str) -> Task | None:
        """A task this account may see: its own, while it lives."""
        task = account.tasks.get(task_id)
        alive = task and self.now() < task.created + self.options.task_life
        return task if alive else None

    def any_task(self, task_id: str) -> Task | None:
        """A task of whichever account, for a link that needs no key."""
        return next((a.tasks[task_id] for a in self.accounts.values() if task_id in a.tasks), None)

    def stats(self) -> dict[str, Any]:
        """Counters and tasks by account, and the counters of all together."""
        accounts = {
            a.name: asdict(a.counters) | {"tasks": [t.row() for t in a.tasks.values()]}
            for a in self.accounts.values()
        }
        total: dict[str, Any] = asdict(Counters())
        for name in total:
            combine = max if name.startswith("max_") else sum
            total[name] = combine([row[name] for row in accounts.values()] or [0])
        total["tasks"] = [row for a in accounts.values() for row in a["tasks"]]
        return {"accounts": accounts, "total": total, "now": self.now()}
