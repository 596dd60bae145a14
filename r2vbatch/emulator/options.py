"""Every switch of the emulator, with the likelier reading of the documentation as default.

Plain data that survives a trip through JSON, so that a child process gets its switches on a
pipe. What a switch does is decided in the rooms that ask for it. The sentence beside a type is
what `--help` says of it, the first line of a class the heading above.
"""

from __future__ import annotations

import json
import random
from dataclasses import asdict, dataclass, field, fields
from typing import Annotated, Any, Literal

from r2vbatch.emulator.faults import Fault
from r2vbatch.emulator.models import MODELS
from r2vbatch.emulator.readings import OfFiles, OfLists, OfReplies, OfRequests
from r2vbatch.emulator.zones import zone_of
from r2vbatch.errors import UsageProblem

Span = float | tuple[float, float]
"""Seconds: a number, or the ends of a range from which a seeded draw is made."""

Region = Literal["cn-beijing", "ap-southeast-1", "us-east-1", "eu-central-1"]

HOUR = 3600.0
FARTHEST_CLOCK = 10 * 365 * 24 * HOUR
"""Seconds that the service's clock may be off: what any zone and any date can still show."""

_LEAST = {
    "in_flight": 1, "submits_per_second": 1, "queries_per_second": 1, "policies_per_second": 1,
    "workers": 1, "largest_page": 1, "queue_length": 0, "retry_after": 0, "upload_mb": 0,
}  # fmt: skip


@dataclass(frozen=True)
class General:
    """The service"""

    host: Annotated[str, "Address to listen on."] = "127.0.0.1"
    port: Annotated[int, "Port to listen on; 0 lets the system choose."] = 0
    region: Annotated[
        Region, "Which models there are: us-east-1 and eu-central-1 have wan2.6-r2v alone."
    ] = "cn-beijing"
    one_account: Annotated[bool, "All keys belong to one account."] = False
    seed: Annotated[int, "Seed of run times and faults."] = 0
    latency: Annotated[Span, "Run time of a task, at least what drawing its slate takes."] = 0.0
    answer_delay: Annotated[Span, "Answer a submit this long after its task was created."] = 0.0
    create_delay: Annotated[
        Span, "Create a task this long after its POST arrived, even if the client has gone."
    ] = 0.0
    zone: Annotated[str, "Zone of the time strings, which carry none."] = "+08:00"
    clock_offset: Annotated[float, "Seconds the service's clock is ahead of ours."] = 0.0


@dataclass(frozen=True)
class Limits:
    """Its limits"""

    in_flight: Annotated[int | None, "Tasks running at once, per model and account."] = 5
    over_limit: Annotated[
        Literal["queue", "refuse"], "Beyond that: wait as PENDING, or 429 Throttling.Concurrency."
    ] = "queue"
    queue_length: Annotated[int | None, "Tasks that may wait before a submit is refused."] = None
    submits_per_second: Annotated[int | None, "Per model and account."] = 5
    queries_per_second: Annotated[int | None, "Query, list and cancel together, per account."] = 20
    separate_limits: Annotated[bool, "Query, list and cancel have that limit each."] = False
    policies_per_second: Annotated[int | None, "Upload policies, per model and account."] = 100
    longest_run: Annotated[float, "Seconds until a task fails with InternalError.Timeout."] = (
        3 * HOUR
    )
    task_life: Annotated[float, "Seconds from creation until a task is UNKNOWN."] = 24 * HOUR
    link_life: Annotated[float, "Seconds from its end until a clip's link expires."] = 24 * HOUR
    upload_life: Annotated[float, "Seconds an upload is kept."] = 48 * HOUR
    policy_life: Annotated[float, "Seconds an upload policy holds."] = 300.0


@dataclass(frozen=True)
class Drawing:
    """Slates"""

    workers: Annotated[int | None, "Processes that draw; off: by processors, at most 4."] = None
    missing_reference: Annotated[
        Literal["card", "fail"],
        "A remote reference that cannot be had: draw a named card, or fail the task.",
    ] = "card"


@dataclass(frozen=True)
class Options(General, Limits, Drawing, OfRequests, OfReplies, OfLists, OfFiles):
    """The switches. Rates and limits are switched off by None; times are seconds."""

    keys: tuple[str, ...] = field(default=(), repr=False)
    """Keys that are accepted. Empty: any ``sk-…`` key, each an account of its own."""
    workspaces: tuple[str, ...] = ()
    """Workspaces that a request may name. Empty: any."""
    likes: tuple[str, ...] = ()
    """Models that no documentation tells of, ``NAME=LIKE``: each keeps the rules of another, but
    for its figures (lengths of clips, limits of files), which are taken on trust."""
    render: bool = True
    """False: every task of one size, length and sound gets the same cheap clip."""
    faults: tuple[Fault, ...] = ()

    def __post_init__(self) -> None:
        zone_of(self.zone)
        zone_of(self.list_zone or self.zone)
        for name in ("latency", "answer_delay", "create_delay"):
            low, high = ends(getattr(self, name))
            if not 0 <= low <= high:
                raise UsageProblem(f"{flag(name)} takes seconds, or a range, from 0 on")
        for name in ("longest_run", "task_life", "link_life", "upload_life", "policy_life"):
            if not getattr(self, name) >= 0:
                raise UsageProblem(f"{flag(name)} takes seconds, from 0 on")
        if not abs(self.clock_offset) <= FARTHEST_CLOCK:
            raise UsageProblem(f"{flag('clock_offset')} takes seconds, at most ten years of them")
        self._check_counts()
        for like in self.likes:
            name, _, known = like.partition("=")
            if not name or known not in MODELS:
                told = f"--model takes NAME=LIKE, not {like!r}"
                raise UsageProblem(told, hint=f"LIKE is one of {', '.join(MODELS)}")
        if not 0 <= self.port < 2**16:
            raise UsageProblem(f"there is no port {self.port}", hint="0 to 65535")

    def _check_counts(self) -> None:
        for name, least in _LEAST.items():
            value = getattr(self, name)
            if value is not None and value < least:
                never = name in Limits.__annotations__ and least
                hint = "at 0 nothing would ever be let in; off is no limit" if never else ""
                told = f"{flag(name)} takes a whole number from {least} on"
                raise UsageProblem(told, hint=hint)

    def to_json(self) -> str:
        """One line, for a pipe."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Options:
        """The inverse of `to_json`; unknown names are an error."""
        data: dict[str, Any] = json.loads(text)
        data["faults"] = tuple(Fault.of(rule) for rule in data.get("faults", ()))
        unknown = set(data) - {f.name for f in fields(cls)}
        if unknown:
            raise UsageProblem(f"the emulator has no option named {', '.join(sorted(unknown))}")
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in data.items()
        }
        return cls(**values)


def flag(name: str) -> str:
    """A switch as it is written on the command line."""
    return f"--{name.replace('_', '-')}"


def ends(span: Span) -> tuple[float, float]:
    """The two ends of a span; a number is both."""
    return span if isinstance(span, tuple) else (span, span)


def draw(span: Span, rng: random.Random) -> float:
    """A seeded draw from `span`, in seconds."""
    low, high = ends(span)
    return low if low == high else rng.uniform(low, high)
