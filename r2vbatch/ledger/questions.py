"""What can be asked of a ledger. Nothing here writes.

Each question is one statement of `sql`, and its answer plain data: people's tools, pages and a
running batch ask the same ones.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

from r2vbatch.dashscope.model import Upload
from r2vbatch.garbage import uncollected
from r2vbatch.ledger import sql, tables
from r2vbatch.ledger.opening import unavailable
from r2vbatch.ledger.rows import (
    Known,
    KnownTask,
    Move,
    Purse,
    Standing,
    TakeRow,
    Transition,
    UploadKey,
    decimal,
    from_database,
    named,
    remembered,
    whole,
)
from r2vbatch.ledger.states import OPEN, TO_FETCH, Kind, State
from r2vbatch.manifest.model import Money
from r2vbatch.media.model import FileFacts


class Questions:
    """The readable side of an open ledger."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._db = connection
        self.path = path

    def _read(self, statement: str, *parameters: object) -> list[Any]:
        try:
            return self._db.execute(statement, parameters).fetchall()
        except sqlite3.Error as problem:
            raise unavailable(self.path, problem) from problem

    @property
    def _format(self) -> int:
        return int(self._read("PRAGMA user_version")[0][0])

    def take(self, key: int) -> TakeRow:
        """One take."""
        return from_database(named(self._read(sql.TAKE, key)[0]))

    def wanted(self, kind: Kind) -> list[TakeRow]:
        """All wanted takes of a kind."""
        return [from_database(named(row)) for row in self._read(sql.WANTED, kind)]

    def of_shot(self, kind: Kind, shot: str) -> list[TakeRow]:
        """The wanted takes of a shot and kind."""
        return [from_database(named(row)) for row in self._read(sql.OF_SHOT, kind, shot)]

    def shown(self) -> list[TakeRow]:
        """The takes of the storyboard as last carried in, in its order, each by its live row
        where there is one, else by its preview row."""
        return [from_database(named(row)) for row in self._read(sql.SHOWN)]

    def intents_since(self, since: float) -> list[tuple[str, float]]:
        """(model, time) of the latest intents to submit a live take, oldest first."""
        return self._read(sql.RECENT, since)

    def tasks(self) -> list[KnownTask]:
        """Every task there ever was of a live take."""
        return [KnownTask(*row) for row in self._read(sql.TASKS)]

    def marks(self) -> list[frozenset[str]]:
        """The account marks of each live take: keys that reached one task are one account's."""
        return [frozenset(json.loads(row[0])) for row in self._read(sql.MARKS)]

    def unfinished(self, kind: Kind) -> list[TakeRow]:
        """Takes with something left to do: wanted ones, and paid ones no longer wanted."""
        return [from_database(named(row)) for row in self._read(sql.UNFINISHED, kind)]

    def in_states(self, kind: Kind, states: Iterable[State]) -> list[TakeRow]:
        """Takes of a kind in any of `states`, wanted or not."""
        wanted = json.dumps(sorted(states))
        return [from_database(named(row)) for row in self._read(sql.IN_STATES, kind, wanted)]

    @uncollected()
    def standing(self, kind: Kind) -> list[Standing]:
        """Where each wanted take of a kind stands, and each other that is, or may be, paid for
        and is not here yet."""
        states = json.dumps(sorted(OPEN | TO_FETCH))
        return [Standing.read(row) for row in self._read(sql.STANDING, kind, states)]

    @uncollected()
    def known(self, kind: Kind) -> list[Known]:
        """Every take of a kind, for matching."""
        return [
            Known(key, take, shot, fingerprint, bool(wanted), State(state), bool(has_file))
            for key, take, shot, fingerprint, wanted, state, has_file in self._read(sql.KNOWN, kind)
        ]

    def files(self, kind: Kind) -> list[tuple[int, str, int | None]]:
        """(key, file, bytes) of every done take."""
        return self._read(sql.FILES, kind)

    def gone(self, kind: Kind, there: Collection[str]) -> set[int]:
        """The keys of done takes whose file is not among those that are `there`."""
        return {key for key, file, _ in self.files(kind) if file not in there}

    def dropped_slates(self) -> list[tuple[int, str]]:
        """(key, file) of every slate whose take is no longer wanted."""
        return self._read(sql.DROPPED_SLATES)

    def counts(self) -> dict[Kind, dict[State, int]]:
        """How many wanted takes stand in each state, by kind."""
        found: dict[Kind, dict[State, int]] = {"preview": {}, "live": {}}
        for kind, state, number in self._read(sql.COUNTS):
            found[kind][State(state)] = number
        return found

    def same_prompt_open(self, row: TakeRow, since: float) -> str | None:
        """A take with the same prompt whose submit, begun after `since`, is not settled."""
        found = self._read(sql.SAME_PROMPT, row.kind, row.prompt_key, row.key, since)
        return found[0][0] if found else None

    def purses(self) -> list[Purse]:
        """Live money, in each currency there is any in: what was billed, or lost, and the full
        estimate of all that may be billed yet. Takes no longer wanted count like the others."""
        spent: defaultdict[str, Decimal] = defaultdict(Decimal)
        set_aside: defaultdict[str, Decimal] = defaultdict(Decimal)
        for currency, state, estimate, cost, number in self._read(sql.SPENT):
            kept = set_aside if State(state) in OPEN else spent
            kept[currency] += number * price_of(decimal(cost), decimal(estimate))
        apart = self._format >= tables.LOSSES_SINCE
        for currency, amount in self._read(sql.LOSSES if apart else sql.LOSSES_BEFORE):
            spent[currency] += Decimal(amount)
        return [
            Purse(Money(spent[currency], currency), Money(set_aside[currency], currency))
            for currency in sorted({*spent, *set_aside})
        ]

    def events(self, key: int) -> list[tuple[float, str | None, str | None, str, dict[str, Any]]]:
        """(at, before, after, why, detail) of one take, oldest first."""
        rows = self._read(sql.EVENTS_OF, key)
        return [(at, before, after, why, json.loads(d)) for at, before, after, why, d in rows]

    def transitions(self, kind: Kind) -> list[Transition]:
        """Every transition there ever was of takes of a kind, oldest first, without its reason."""
        return [
            Transition(key, State(before), State(after), at, "")
            for key, at, before, after in self._read(sql.TRANSITIONS, kind)
        ]

    def reasons(self) -> dict[int, str]:
        """Why each take that is not done came to stand where it stands, by key; without those that
        nothing was said of."""
        return dict(self._read(sql.REASONS))

    def revision(self) -> int:
        """Grows with every event."""
        return int(self._read(sql.LAST_EVENT)[0][0])

    def upload(self, key: UploadKey) -> Upload | None:
        """The latest upload of a file, whether or not it still lives."""
        found = self._read(sql.GET_UPLOAD, *key)
        return Upload(*found[0]) if found else None

    def moves(self) -> list[Move]:
        """File moves that were begun and not ended."""
        return [Move(*row) for row in self._read(sql.MOVES)]

    def meta(self, name: str) -> str | None:
        """A fact about the batch, or None."""
        found = self._read(sql.GET_META, name)
        return found[0][0] if found else None

    @property
    def salt(self) -> str:
        """Salts the account marks, so that they mean nothing outside this ledger."""
        return self.meta("salt") or ""

    def get(self, path: Path, size: int, mtime_ns: int) -> FileFacts | None:
        """Remembered facts of a local file, if it has not changed since."""
        found = self._read(sql.GET_FACTS, whole(str(path)), size, mtime_ns)
        return remembered(found[0][0]) if found else None


def price_of(cost: Decimal | None, estimate: Decimal | None) -> Decimal:
    """What a take was billed, else what it may have been."""
    return next((known for known in (cost, estimate) if known is not None), Decimal(0))
