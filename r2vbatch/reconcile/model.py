"""What is known about takes in doubt, and what may be decided about them. Plain data.

Times are aware and on the service's clock, but for those of an `Intent`, which stand as the
ledger has them: on our clock, with the difference that was measured then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from r2vbatch.dashscope.model import Listed, Task

RESENDS = 3
"""How often one run sends a take again; absent once more, it has failed."""


@dataclass(frozen=True, slots=True)
class Intent:
    """A take that was to be submitted and has no task id. Its POST has ended."""

    key: int
    """The take's key in the ledger."""
    take: str
    """``sh010_t01``, for the words of a reason."""
    model: str
    prompt: str
    """As sent, whole."""
    limit: int
    """Characters of a prompt that the model's service keeps."""
    size: str | None
    """``W*H`` asked for; None where the request does not say, and it is not compared then."""
    tier: int | None
    """720 or 1080, likewise (usage calls it SR)."""
    seconds: Decimal | float | None
    """Output seconds asked for, likewise."""
    endpoint: str
    """The base URL the POST went to."""
    marks: frozenset[str]
    """Account marks the take has."""
    intent_at: float
    """Seconds since 1970 on our clock."""
    post_ended_at: float | None
    """Likewise; None where a crash hid it."""
    clock_offset: float | None
    """The service's clock minus ours, as kept with the intent; None where none was known."""
    resends: int = 0
    """How often this run has sent the take again."""
    wanted: bool = True
    consent: bool = False
    """A person said yes to sending it again (``--resubmit-in-doubt``, or on the terminal). Good
    for one resend that is not proven: the caller drops it then."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The service's task list as read in one go, or an attempt to read it."""

    began: datetime
    """When its first page was asked for."""
    ended: datetime
    """When its last page came, or the attempt failed."""
    rows: tuple[Listed, ...]
    complete: bool
    """False: no answer, or pages that do not add up. Its rows exist; what it lacks may too."""
    since: datetime | None = None
    """Where its window opens; None for the last 24 h."""


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known besides the intents. One endpoint's: that of the intents."""

    now: datetime
    start_up: datetime
    """When this run began: every POST of an earlier one had ended by then."""
    grace: timedelta
    """Within so much of a POST's end its task exists and is listed, if it ever will be."""
    endpoint: str
    """The base URL at which this run submits."""
    accounts: frozenset[str]
    """Marks of the key in use and of every key proven to be the same account's."""
    listings: Sequence[Listing]
    """Of this run, oldest first. Those older than the oldest intent may be left out."""
    known: Mapping[str, datetime | None]
    """Every task id the ledger ever had for a take, with the time it has for its creation; None
    for an adopted one, whose time is the list's own and proves nothing about the list. Read at
    the moment of deciding. Without `unclaimed`."""
    details: Mapping[str, Task] = field(default_factory=dict)
    """Newest answer to a query, of the tasks that `Ruling.watch` named."""
    unclaimed: frozenset[str] = frozenset()
    """Tasks already fetched into ``retired/`` by a `Retire`: nobody's, and still in the way of
    a take that they may belong to."""
    under_way: frozenset[str] = frozenset()
    """`prompt_key` of each prompt whose POST is under way now."""
    echo_trusted: bool = False
    """This endpoint has echoed one of our prompts `unchanged`."""
    clock_offset: float = 0.0
    """The service's clock minus ours, in seconds, now."""


class For(StrEnum):
    """What a take waits for."""

    POST = "the end of a POST"
    GRACE = "the service's time to list a task"
    SECOND = "a second listing"
    SENTINEL = "a task that shows the list to be alive"
    """Where nothing else is left to submit, one more take of the same shot may go now."""
    LIST = "the task list to answer"
    TASKS = "tasks that are still being made"


@dataclass(frozen=True, slots=True)
class Adopt:
    """The task is the take's: record it as submitted with this id, before anything else.

    Its marks become that of the key in use, alone: that two keys are one account's is proven by a
    task whose id a POST gave, never by one that was recognised.
    """

    key: int
    task_id: str
    created_at: datetime
    retired: bool
    """The take is no longer wanted: its clip goes to ``retired/``."""
    reason: str


@dataclass(frozen=True, slots=True)
class Retire:
    """The task may be one we paid for and is nobody's: fetch it into ``retired/``, flagged."""

    key: int
    """The take it resembles, which stays as it is."""
    task_id: str
    created_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Resend:
    """Back to planned, and submitted again."""

    key: int
    proven: bool
    """False: a person said yes; what was asked for before may have been paid and lost."""
    reason: str


@dataclass(frozen=True, slots=True)
class Fail:
    """Proven absent, nothing was paid, and it is not sent again in this run."""

    key: int
    reason: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing can be said yet."""

    key: int
    until: datetime | None
    """When there may be more to say; None: when a watched task or a POST has ended."""
    what: For
    reason: str


@dataclass(frozen=True, slots=True)
class Ask:
    """Only a person can say: ask on a terminal, naming the price; elsewhere it stays in doubt."""

    key: int
    reason: str


@dataclass(frozen=True, slots=True)
class Doubt:
    """It stays in doubt, and this run will hardly learn more."""

    key: int
    reason: str
    tasks: tuple[str, ...] = ()
    """What a person should look at."""


Decision = Adopt | Resend | Fail | Wait | Ask | Doubt


@dataclass(frozen=True, slots=True)
class Ruling:
    """What to do now."""

    decisions: tuple[Decision, ...]
    """One for each intent, in the order given."""
    retire: tuple[Retire, ...]
    watch: tuple[str, ...]
    """Unknown tasks to query until they end, oldest first."""
    list_at: datetime | None
    """When to take the next listing; in the past: now. None: none is needed."""
