"""Misbehaviour to order: rules, how they are written, and which of them strike a call.

A rule says on which operation, what, and when: at a rate (seeded) or on the nth calls. What
each kind does is done by the rooms that serve; this one only decides.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from r2vbatch.emulator.refusals import CODES
from r2vbatch.errors import UsageProblem

JSON_OPS = frozenset({"submit", "query", "list", "cancel", "policy"})
OPS = JSON_OPS | {"upload", "download"}

KINDS: Mapping[str, tuple[frozenset[str], str, str]] = {
    "reset_before": (OPS, "", "connection reset, nothing done"),
    "reset_after": (OPS, "", "done, then the connection is reset before the answer"),
    "status": (OPS, "500", "this HTTP status with no JSON in the body, nothing done"),
    "error_after": (OPS, "500", "done, but this HTTP status is answered"),
    "refuse": (JSON_OPS, "InternalError", "refused with this code and its documented status"),
    "throttle": (JSON_OPS, "Throttling.RateQuota", "429 with this code"),
    "no_task_id": (frozenset({"submit"}), "", "HTTP 200 without a task id, nothing created"),
    "slow": (OPS, "2", "done, answered this many seconds later"),
    "stall": (OPS, "", "done, headers are sent, then nothing"),
    "truncated": (OPS, "", "done, the body ends half-way"),
    "corrupted": (frozenset({"download"}), "", "bytes in the middle are not what they should be"),
    "malformed_json": (JSON_OPS, "", "done, the body is not JSON"),
    "redirect": (JSON_OPS, "", "307 to the same path, nothing done"),
    "unknown": (frozenset({"query"}), "", "UNKNOWN, though the task lives"),
    "late": (frozenset({"submit"}), "5", "created this many seconds after the POST arrived"),
    "fail": (frozenset({"submit"}), "", "the task ends FAILED with this `Code: message`, or none"),
    "clip_wrong": (frozenset({"submit"}), "size", "the clip has another size, length or silent"),
    "list_late": (frozenset({"list"}), "60", "tasks younger than this are not listed"),
    "list_zone": (frozenset({"list"}), "+00:00", "times asked for are read in this zone"),
    "list_tasks_key": (frozenset({"list"}), "", "rows come under `tasks`, not `data`"),
}
"""Kind: the operations it may strike, its value when none is given, what it does."""

NUMBERS = frozenset({"status", "error_after", "slow", "late", "list_late"})
WRONG_CLIPS = ("size", "length", "silent")


@dataclass(frozen=True, slots=True)
class Fault:
    """One rule. With `nth` (calls of `op`, from 1) it strikes exactly those; else at `rate`."""

    op: str
    kind: str
    rate: float = 1.0
    nth: tuple[int, ...] = ()
    value: str = ""

    def __post_init__(self) -> None:
        if self.op not in OPS:
            raise UsageProblem(
                f"there is no operation {self.op!r}", hint=f"one of {', '.join(sorted(OPS))}"
            )
        if self.kind not in KINDS:
            raise UsageProblem(
                f"there is no fault {self.kind!r}", hint=f"one of {', '.join(KINDS)}"
            )
        ops, default, _ = KINDS[self.kind]
        if self.op not in ops:
            raise UsageProblem(f"{self.kind} cannot strike {self.op}, only {', '.join(ops)}")
        if not 0 <= self.rate <= 1:
            raise UsageProblem(f"a fault's rate lies between 0 and 1, not {self.rate}")
        object.__setattr__(self, "value", str(self.value) or default)
        self._check_value()

    def _check_value(self) -> None:
        known = {
            "throttle": [c for c, (status, _) in CODES.items() if status == 429],
            "refuse": list(CODES),
            "clip_wrong": list(WRONG_CLIPS),
        }.get(self.kind)
        if known and self.value not in known:
            raise UsageProblem(
                f"{self.kind} cannot be {self.value!r}", hint=f"one of {', '.join(known)}"
            )
        if self.kind in NUMBERS and not re.fullmatch(r"\d+(\.\d+)?", self.value):
            raise UsageProblem(f"{self.kind} needs a number, not {self.value!r}")

    @property
    def number(self) -> float:
        """The value of a kind that takes a number."""
        return float(self.value)

    @classmethod
    def of(cls, rule: Any) -> Fault:
        """A rule from a file: a mapping, or a text as `parse` reads it."""
        if isinstance(rule, str):
            return cls.parse(rule)
        if not isinstance(rule, Mapping):
            raise UsageProblem("a fault is a mapping with `op` and `kind`, or a text")
        unknown = set(rule) - {"op", "kind", "rate", "nth", "value"}
        if unknown or not {"op", "kind"} <= set(rule):
            raise UsageProblem(
                "a fault has `op`, `kind`, and perhaps `value`, `rate`, `nth`; "
                f"this one has {', '.join(map(str, rule))}"
            )
        try:
            nth = tuple(int(n) for n in rule.get("nth", ()))
            rate = float(rule.get("rate", 1.0))
        except (TypeError, ValueError):
            raise UsageProblem("a fault's `nth` is a list of numbers, `rate` a number") from None
        return cls(rule["op"], rule["kind"], rate, nth, str(rule.get("value", "")))

    @classmethod
    def parse(cls, text: str) -> Fault:
        """``op:kind[=value][:when]``, where `when` is a rate (``0.1``) or calls (``#1,4``)."""
        op, _, rest = text.partition(":")
        when = re.search(r":(\d?\.\d+|[01]|#[\d,]+)$", rest)
        kind, _, value = rest[: when.start() if when else None].partition("=")
        rate, nth = 1.0, tuple[int, ...]()
        if when and when[1].startswith("#"):
            nth = tuple(int(n) for n in when[1][1:].split(",") if n)
        elif when:
            rate = float(when[1])
        return cls(op, kind, rate, nth, value)


class Faults:
    """The rules at work: counts calls and draws. Several rules may strike one call."""

    def __init__(self, rules: Sequence[Fault], seed: int) -> None:
        self._rules = rules
        self._calls: Counter[str] = Counter()
        self._draws = [random.Random(f"{seed}/{i}/{r.op}/{r.kind}") for i, r in enumerate(rules)]

    def strike(self, op: str) -> dict[str, Fault]:
        """Count one call of `op`; the rules that strike it, by kind."""
        self._calls[op] += 1
        struck: dict[str, Fault] = {}
        for rule, rng in zip(self._rules, self._draws, strict=True):
            if rule.op == op and self._hits(rule, rng):
                struck.setdefault(rule.kind, rule)
        return struck

    def _hits(self, rule: Fault, rng: random.Random) -> bool:
        if rule.nth:
            return self._calls[rule.op] in rule.nth
        return rule.rate >= 1 or rng.random() < rule.rate
