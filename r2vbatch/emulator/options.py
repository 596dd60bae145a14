"""Every switch of the emulator, with the likelier reading of the documentation as default.

Plain data that survives a trip through JSON, so that a child process gets its switches on a
pipe. What a switch does is decided in the rooms that ask for it.
"""

from __future__ import annotations

import json
import random
from dataclasses import asdict, dataclass, field, fields
from datetime import timedelta, timezone
from typing import Any, Literal

from r2vbatch.emulator.faults import Fault
from r2vbatch.errors import UsageProblem

Span = float | tuple[float, float]
"""Seconds: a number, or the ends of a range from which a seeded draw is made."""

HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Options:
    """The switches. Rates and limits are switched off by None; times are seconds."""

    host: str = "127.0.0.1"
    port: int = 0
    """0 lets the kernel choose."""
    keys: tuple[str, ...] = field(default=(), repr=False)
    """Keys that are accepted. Empty: any ``sk-…`` key, each an account of its own."""
    one_account: bool = False
    """All keys belong to one main account."""
    seed: int = 0
    """Of latencies and faults."""
    latency: Span = 0.0
    """Run time of a task, at least what drawing its slate takes."""
    answer_delay: Span = 0.0
    """A submit is answered this long after its task was created."""
    create_delay: Span = 0.0
    """A task is created this long after its POST arrived, even if the client has gone."""
    in_flight: int | None = 5
    """Tasks running at once, per model and account."""
    over_limit: Literal["queue", "refuse"] = "queue"
    """Beyond `in_flight`: wait as PENDING, or 429 Throttling.Concurrency."""
    queue_length: int | None = None
    """How many may wait as PENDING before a submit is refused."""
    submits_per_second: int | None = 5
    """Per model and account."""
    queries_per_second: int | None = 20
    """Per account; query, list and cancel together."""
    policies_per_second: int | None = 100
    """Upload policies, per account and model."""
    zone: str = "+08:00"
    """Of the time strings, which carry none."""
    clock_offset: float = 0.0
    """The service's clock minus ours; it shows in the Date header too."""
    task_life: float = 24 * HOUR
    """From creation; after that a query says UNKNOWN."""
    link_life: float = 24 * HOUR
    upload_life: float = 48 * HOUR
    policy_life: float = 300.0
    render: bool = True
    """False: every task of one size, length and sound gets the same cheap clip."""
    workers: int | None = None
    """Processes that draw slates; None: one a processor, at most four."""
    missing_reference: Literal["card", "fail"] = "card"
    """A remote reference that cannot be had: a named card is drawn, or the task fails."""
    size_refused: Literal["later", "at_once"] = "later"
    """A size outside the list: a FAILED task (as in the documented sample), or HTTP 400."""
    unknown_model: Literal[404, 400] = 404
    """404 ModelNotFound or 400 InvalidParameter; both are documented."""
    needless_audio: Literal["ignore", "refuse"] = "ignore"
    """`audio` sent to a model that always has sound."""
    five_or_ten: bool = False
    """wan2.6-r2v takes only 5 or 10 s, as in Virginia."""
    faults: tuple[Fault, ...] = ()

    def __post_init__(self) -> None:
        zone_of(self.zone)
        for name in ("latency", "answer_delay", "create_delay"):
            low, high = ends(getattr(self, name))
            if not 0 <= low <= high:
                raise UsageProblem(f"{name} must be seconds, or a range of them, not below 0")

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


def ends(span: Span) -> tuple[float, float]:
    """The two ends of a span; a number is both."""
    return span if isinstance(span, tuple) else (span, span)


def draw(span: Span, rng: random.Random) -> float:
    """A seeded draw from `span`, in seconds."""
    low, high = ends(span)
    return low if low == high else rng.uniform(low, high)


def zone_of(text: str) -> timezone:
    """``+08:00`` as a time zone.

    Raises:
        UsageProblem: when the text is not of that form.
    """
    sign, rest = text[:1], text[1:].split(":")
    if sign not in "+-" or len(rest) != 2 or not all(p.isdigit() and len(p) == 2 for p in rest):
        raise UsageProblem(f"{text!r} is not a zone", hint="write it as +08:00")
    offset = timedelta(hours=int(rest[0]), minutes=int(rest[1]))
    return timezone(-offset if sign == "-" else offset)
