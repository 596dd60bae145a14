"""Misbehaviour to order: rules, how they are written, and which of them strike a call.

A rule says on which operation, what, and when: at a rate (seeded) or on the nth calls. What
each kind does is done by the rooms that serve; this one only decides.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal

from r2vbatch.emulator.refusals import CODES
from r2vbatch.emulator.zones import zone_of
from r2vbatch.errors import UsageProblem

JSON_OPS = frozenset({"submit", "query", "list", "cancel", "policy"})
OPS = JSON_OPS | {"upload", "download"}

KINDS: Mapping[str, tuple[frozenset[str], str, str]] = {
    "reset_before": (OPS, "", "connection reset, nothing done"),
    "reset_after": (OPS, "", "done, then reset before the answer"),
    "status": (OPS, "500", "this HTTP status, no JSON, nothing done"),
    "error_after": (OPS, "500", "done, but this HTTP status is answered"),
    "refuse": (JSON_OPS, "InternalError", "refused with this code and its status"),
    "code_in_200": (JSON_OPS, "InternalError", "refused with this code, but HTTP 200"),
    "throttle": (JSON_OPS, "Throttling.RateQuota", "429 with this code"),
    "no_task_id": (frozenset({"submit"}), "", "HTTP 200 without a task id, nothing created"),
    "slow": (OPS, "2", "done, answered this many seconds later"),
    "stall": (OPS, "", "done, headers are sent, then nothing"),
    "truncated": (OPS, "", "done, the body ends half-way"),
    "corrupted": (frozenset({"download"}), "", "wrong bytes in the middle"),
    "malformed_json": (JSON_OPS, "", "done, the body is not JSON"),
    "redirect": (JSON_OPS, "", "307 to the same path, nothing done"),
    "no_host": (frozenset({"query", "policy"}), "", "done, its link leads to an unknown host"),
    "unknown": (frozenset({"query"}), "", "UNKNOWN, though the task lives"),
    "stranger": (frozenset({"submit"}), "a quiet street", "another program submits this, too"),
    "late": (frozenset({"submit"}), "5", "created this many seconds after the POST"),
    "fail": (frozenset({"submit"}), "", "the task fails with this `Code: message`, or none"),
    "clip_wrong": (frozenset({"submit"}), "size", "the clip has another size, length; or silent"),
    "list_late": (frozenset({"list"}), "60", "tasks younger than this are not listed"),
    "list_zone": (frozenset({"list"}), "+00:00", "times asked for are read in this zone"),
    "list_tasks_key": (frozenset({"list"}), "", "rows come under `tasks`, not `data`"),
}
"""Kind: the operations it may strike, its value when none is given, what it does."""

LAST_CALL = 10_000
Part = Literal["op", "kind", "value", "when"]
_RULE = re.compile(
    r"(?P<op>[^:]*):?(?P<kind>[^=]*?)(?:=(?P<value>.*?))?(?::(?P<when>\d?\.\d+|[01]|#.*))?", re.S
)

NUMBERS = frozenset({"status", "error_after", "slow", "late", "list_late"})
STATUSES = frozenset({"status", "error_after"})
WRONG_CLIPS = ("size", "length", "silent")


class BadRule(UsageProblem):
    """A rule that makes no sense, and which characters of it do not (`start` to `end`)."""

    def __init__(self, message: str, part: Part, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.part = part
        self.start = self.end = 0


@dataclass(frozen=True, slots=True)
class Fault:
    """One rule. With `nth` (calls of `op`, from 1) it strikes exactly those; else at `rate`.

    Raises:
        BadRule: when it makes no sense.
    """

    op: str
    kind: str
    rate: float = 1.0
    nth: tuple[int, ...] = ()
    value: str = ""

    def __post_init__(self) -> None:
        if self.op not in OPS:
            raise BadRule(f"there is no operation {self.op!r}", "op", hint=_meant(self.op, OPS))
        if self.kind not in KINDS:
            raise BadRule(f"there is no fault {self.kind!r}", "kind", hint=_meant(self.kind, KINDS))
        ops, default, _ = KINDS[self.kind]
        if self.op not in ops:
            raise BadRule(
                f"{self.kind} cannot strike {self.op}", "op", hint=f"only {', '.join(sorted(ops))}"
            )
        if not 0 <= self.rate <= 1:
            raise BadRule(f"a fault's rate lies between 0 and 1, not {self.rate}", "when")
        object.__setattr__(self, "value", str(self.value) or default)
        self._check_value()

    def _check_value(self) -> None:
        known = {
            "throttle": [c for c, (status, _) in CODES.items() if status == 429],
            "refuse": list(CODES),
            "code_in_200": list(CODES),
            "clip_wrong": list(WRONG_CLIPS),
        }.get(self.kind)
        if known and self.value not in known:
            hint = _meant(self.value, known)
            raise BadRule(f"{self.kind} cannot be {self.value!r}", "value", hint=hint)
        if self.kind in NUMBERS and not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", self.value):
            raise BadRule(f"{self.kind} needs a number, not {self.value!r}", "value")
        if self.kind in STATUSES and self.number not in range(200, 600):
            raise BadRule(f"{self.value} is not an HTTP status", "value", hint="200 to 599")
        if self.kind == "list_zone":
            try:
                zone_of(self.value)
            except UsageProblem as problem:
                raise BadRule(problem.message, "value", hint=problem.hint) from None

    @property
    def number(self) -> float:
        """The value of a kind that takes a number."""
        return float(self.value)

    @classmethod
    def of(cls, rule: Any) -> Fault:
        """A rule as a child process is told it: a mapping, or a text as `parse` reads it."""
        if isinstance(rule, str):
            return cls.parse(rule)
        return cls(**{**rule, "nth": tuple(rule["nth"])})

    @classmethod
    def parse(cls, text: str) -> Fault:
        """``op:kind[=value][:when]``; `when` is a rate (``0.1``) or calls (``#1,4-6``)."""
        parts = _RULE.fullmatch(text)
        assert parts is not None  # it matches whatever there is
        when = parts["when"] or ""
        try:
            nth = _calls(when[1:]) if when.startswith("#") else ()
            rate = float(when) if when and not nth else 1.0
            return cls(parts["op"], parts["kind"] or "", rate, nth, parts["value"] or "")
        except BadRule as bad:
            found = parts.span(bad.part)
            bad.start, bad.end = found if found[0] >= 0 else (len(text), len(text))
            raise


def _calls(text: str) -> tuple[int, ...]:
    """``1,4-6`` as the numbers of calls."""
    numbers: list[int] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if not (first.isdecimal() and (last.isdecimal() if dash else not last)):
            raise BadRule(f"{part!r} is not a call", "when", hint="write #2, or #1,4-6")
        low, high = int(first), int(last or first)
        if not 1 <= low <= high <= LAST_CALL:
            raise BadRule(f"{part!r} is no range of calls from 1 to {LAST_CALL:,}", "when")
        numbers.extend(range(low, high + 1))
    return tuple(numbers)


def _meant(word: str, words: Iterable[str]) -> str:
    known = sorted(words)
    near = get_close_matches(word, known, 1)
    return f"did you mean {near[0]}?" if near else f"one of {', '.join(known)}"


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
