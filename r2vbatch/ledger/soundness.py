"""What each value in a ledger must be, so that whoever reads it can rely on that.

A ledger may come from somebody else, or have been changed with another tool; SQLite holds any value
in any column. All of it is looked through once, when it is opened, by SQLite itself: a text where a
time should be is then a sentence, and not a surprise in the middle of a batch.

This room refuses to know what a value means.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Final, NamedTuple, get_args

from r2vbatch.ledger.states import Kind, State


def _among(*values: str) -> str:
    return "IN ({})".format(", ".join(f"'{value}'" for value in values))


def _integer(low: int, high: int) -> str:
    return f"typeof({{0}}) = 'integer' AND {{0}} BETWEEN {low} AND {high}"


def _number(low: float, high: float) -> str:
    return f"typeof({{0}}) IN ('real', 'integer') AND {{0}} BETWEEN {low} AND {high}"


def _json(*types: str, so_that: str = "1") -> str:
    """JSON text of one of these types, by SQLite's names, `so_that` holds. Of what is no JSON
    nothing may be asked, and AND makes no promise to stop at the first that does not hold."""
    return (
        "CASE WHEN typeof({0}) = 'text' AND json_valid({0})"
        f" THEN json_type({{0}}) {_among(*types)} AND {so_that} ELSE 0 END"
    )


def _or_null(rule: str) -> str:
    return f"{{0}} IS NULL OR {rule}"


_TEXT: Final = "typeof({0}) = 'text'"
_WORD: Final = f"{_TEXT} AND NOT instr({{0}}, '/') AND NOT instr(CAST({{0}} AS BLOB), x'00')"
"""May become part of a file's name."""
_COUNT: Final = _integer(0, 999_999)
_BYTES: Final = _integer(0, 2**53)
_TIME: Final = _number(0, 1e11)
"""Seconds since 1970, to the year 5138: what a calendar can name."""
_OFFSET: Final = _number(-1e11, 1e11)
"""Seconds between two clocks."""
_AMOUNT: Final = _json("integer", "real", so_that="abs(CAST({0} AS REAL)) < 1e18")
"""Decimal text: what Decimal prints of a finite number is a number of JSON."""
_STATE: Final = f"{{0}} {_among(*State)}"
_KIND: Final = f"{{0}} {_among(*get_args(Kind))}"

_RULES: Final[Mapping[str, Mapping[str, str]]] = {
    "meta": {"value": _TEXT},
    "takes": {
        **dict.fromkeys(("take", "shot", "model"), _TEXT),
        **dict.fromkeys(("fingerprint", "shot_fingerprint"), _WORD),
        "kind": _KIND,
        "number": _COUNT,
        "wanted": "{0} IN (0, 1)",
        "state": _STATE,
        "flags": _json("array"),
        "request": _json("object"),
        "prompt_key": _TEXT,
        **dict.fromkeys(("estimate", "billed_seconds", "cost"), _or_null(_AMOUNT)),
        "per_second": _or_null(_json("object", "integer", "real")),
        "marks": _json("array"),
        "attempts": _COUNT,
        "intent_at": _or_null(_TIME),
        "post_ended_at": _or_null(_TIME),
        "clock_offset": _or_null(_OFFSET),
        **dict.fromkeys(("submitted_at", "started_at", "ended_at"), _or_null(_TIME)),
        "link_expires": _or_null(_TIME),
        "lost": _AMOUNT,
        "bytes": _or_null(_BYTES),
        **dict.fromkeys(
            ("currency", "endpoint", "task_id", "request_id", "link", "file", "sha256",
             "error_code", "error_message"), _or_null(_TEXT)),
    },
    "events": {
        "at": _TIME,
        "before": _or_null(_STATE),
        "after": _or_null(_STATE),
        "why": _TEXT,
        "detail": _json("object"),
    },
    "tasks": {
        **dict.fromkeys(("task_id", "endpoint", "origin"), _TEXT),
        "submitted_at": _TIME,
        "clock_offset": _or_null(_OFFSET),
    },
    "board": {"take": _TEXT, "fingerprint": _WORD},
    "moves": dict.fromkeys(("source", "target"), _TEXT),
    "uploads": {"url": _TEXT, "made_at": _TIME},
    "circles": {"at": _TIME},
    "notes": {"at": _TIME, "text": _TEXT, "seconds": _or_null(_TIME)},
    "retakes": {
        "kind": _KIND,
        **dict.fromkeys(("shot", "shot_fingerprint"), _TEXT),
        "number": _COUNT,
        "at": _TIME,
        "agreed": _or_null(_AMOUNT),
        "currency": _or_null(_TEXT),
    },
    "continued": {"sha256": _TEXT},
    "losses": {"amount": _AMOUNT, "currency": _TEXT},
}  # fmt: skip
"""By table and column: SQL that holds for a value of ours, which is ``{0}`` in it."""

_LISTS: Final = (
    ("takes", "flags", "item.type = 'text'"),
    ("takes", "marks", "item.type = 'text'"),
    ("takes", "per_second", _AMOUNT.format("item.value")),
)
"""What holds for each item of a column's JSON. Thousands of rows have the same."""


class Odd(NamedTuple):
    """A value that is not ours."""

    column: str
    """As ``takes.cost``."""
    take: str
    """Whose it is; empty for that of another table."""


def oddity(db: sqlite3.Connection, has: Collection[str]) -> Odd | None:
    """The first value found that r2vbatch does not write; `has` are the columns there are, each as
    ``takes.cost``. Raises `sqlite3.Error` as SQLite does."""
    for statement in _statements(frozenset(has)):
        if found := db.execute(statement).fetchone():
            return Odd(*map(str, found))
    return None


@cache
def _statements(has: frozenset[str]) -> Sequence[str]:
    """Each finds one oddity. A table is read once, whatever the number of its columns."""
    whole = [
        _first_odd(table, there)
        for table, rules in _RULES.items()
        if (there := {name: rule for name, rule in rules.items() if f"{table}.{name}" in has})
    ]
    items = [
        f"SELECT '{table}.{column}', '' FROM (SELECT DISTINCT {column} AS list FROM {table}),"
        f" json_each(list) AS item WHERE json_type(list) IN ('array', 'object')"
        f" AND NOT coalesce({rule}, 0) LIMIT 1"
        for table, column, rule in _LISTS
    ]
    return [*whole, *items]


def _first_odd(table: str, rules: Mapping[str, str]) -> str:
    cases = " ".join(
        f"WHEN NOT coalesce({rule.format(name)}, 0) THEN '{table}.{name}'"
        for name, rule in rules.items()
    )
    take = "take" if table == "takes" else "''"
    return f"SELECT CASE {cases} END AS odd, {take} FROM {table} WHERE odd IS NOT NULL LIMIT 1"
