"""The ledger: a durable record of what was intended, what happened, and where each take stands.

Each transition is one transaction: the take's current state and one append-only event. Illegal
transitions raise before anything is written. One writer thread per process is expected (see
`thread`); other processes may read, and other verbs may write, at any time.

This room refuses to know what a transition means or when it should happen.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from r2vbatch.errors import OutputUnavailable
from r2vbatch.ledger import sql
from r2vbatch.ledger.states import PAID, Kind, State, legal
from r2vbatch.media.model import FileFacts

_SECRET = frozenset({"link"})  # never copied into the event history
_JSON = frozenset({"flags", "marks", "request"})


class IllegalTransition(Exception):
    """A bug of ours: a take was moved in a way that `states` does not allow."""


@dataclass(frozen=True, slots=True)
class TakeRow:
    """One take as the ledger has it. Times in seconds since 1970 UTC, money as Decimal."""

    key: int
    kind: Kind
    take: str
    shot: str
    number: int
    wanted: bool
    fingerprint: str
    shot_fingerprint: str
    state: State
    flags: tuple[str, ...]
    model: str
    request: dict[str, Any]
    prompt_key: str
    estimate: Decimal | None
    currency: str | None
    per_second: Decimal | None
    endpoint: str | None
    marks: tuple[str, ...]
    attempts: int
    intent_at: float | None
    post_ended_at: float | None
    clock_offset: float | None
    task_id: str | None
    request_id: str | None
    submitted_at: float | None
    started_at: float | None
    ended_at: float | None
    link: str | None
    link_expires: float | None
    billed_seconds: Decimal | None
    cost: Decimal | None
    lost: Decimal
    file: str | None
    sha256: str | None
    bytes: int | None
    error_code: str | None
    error_message: str | None


class Known(NamedTuple):
    """The little of a take that matching needs."""

    key: int
    take: str
    shot: str
    fingerprint: str
    wanted: bool
    state: State
    has_file: bool


class NewTake(NamedTuple):
    """A take the plan wants and the ledger does not have."""

    kind: Kind
    take: str
    shot: str
    number: int
    fingerprint: str
    shot_fingerprint: str
    model: str
    request: dict[str, Any]
    prompt_key: str
    estimate: Decimal | None
    currency: str | None
    per_second: Decimal | None


class Move(NamedTuple):
    """A file on its way to another name, both relative to the output folder."""

    key: int
    source: str
    target: str


class Transition(NamedTuple):
    """What a listener is told of one committed transition."""

    key: int
    before: State
    after: State
    at: float
    why: str


class Ledger:
    """One open ledger. Not for use from several threads at once."""

    def __init__(self, connection: sqlite3.Connection, path: Path, clock: Callable[[], float]):
        self._db = connection
        self._clock = clock
        self.path = path
        self.listener: Callable[[Transition], None] | None = None

    # --- opening and closing -------------------------------------------------------------

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        create: bool = True,
        shared_disk: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> Ledger:
        """Open (or make) the ledger at `path`.

        `shared_disk`: the file lies on a network or synced file system, where write-ahead
        logging is unsafe. Raises `OutputUnavailable` for what is not a ledger of ours.
        """
        if not create and not path.is_file():
            raise OutputUnavailable(
                f"{path}: no ledger here", hint="give the output folder of a batch that has run"
            )
        try:
            db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
            _prepare(db, path, shared_disk=shared_disk)
        except sqlite3.Error as problem:
            raise _unavailable(path, problem) from problem
        return cls(db, path, clock)

    def close(self) -> None:
        """Checkpoint, so that a copy of the file alone is complete, and close."""
        self.checkpoint()
        self._db.close()

    def checkpoint(self) -> None:
        """Move what the write-ahead log holds into the database file."""
        with suppress(sqlite3.OperationalError):  # a reader is in the way: the next one will
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
        except sqlite3.Error as problem:
            with suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")
            raise _unavailable(self.path, problem) from problem

    # --- transitions ---------------------------------------------------------------------

    def move(self, key: int, to: State, why: str = "", /, **columns: Any) -> TakeRow:
        """Move one take to state `to`, setting `columns` with it, durably, and return it.

        Raises `IllegalTransition` where `states.legal` says no; nothing is written then.
        """
        with self._transaction() as db:
            transition = self._move(db, key, to, why, columns)
            row = self._take(db, key)
        if self.listener:
            self.listener(transition)
        return row

    def move_all(self, moves: Iterable[tuple[int, State, str]]) -> None:
        """Several transitions in one transaction (at start-up)."""
        with self._transaction() as db:
            transitions = [self._move(db, key, to, why, {}) for key, to, why in moves]
        if self.listener:
            for transition in transitions:
                self.listener(transition)

    def _move(
        self, db: sqlite3.Connection, key: int, to: State, why: str, columns: dict[str, Any]
    ) -> Transition:
        kind, state = db.execute(sql.STATE_OF, (key,)).fetchone()
        before, now = State(state), self._clock()
        if not legal(kind, before, to):
            raise IllegalTransition(f"take {key} ({kind}): {before} -> {to}")
        if to is State.PLANNED:
            columns = {**self._start_over(db, key, before), **columns}
        db.execute(sql.update_take(["state", *columns]), _bound(columns, key, to))
        self._event(db, key, now, before, to, why, columns)
        return Transition(key, before, to, now, why)

    def _start_over(self, db: sqlite3.Connection, key: int, before: State) -> dict[str, Any]:
        """What a take asked again forgets; what it may have cost stays counted as lost."""
        cleared: dict[str, Any] = dict.fromkeys(
            ("task_id", "request_id", "submitted_at", "started_at", "ended_at", "link",
             "link_expires", "billed_seconds", "cost", "file", "sha256", "bytes",
             "intent_at", "post_ended_at")
        )  # fmt: skip
        if before is State.EXPIRED:
            row = self._take(db, key)
            cleared["lost"] = str(row.lost + (row.cost or row.estimate or Decimal(0)))
        return cleared

    def _event(
        self,
        db: sqlite3.Connection,
        key: int | None,
        at: float,
        before: State | None,
        after: State | None,
        why: str,
        detail: dict[str, Any],
    ) -> None:
        shown = {k: v for k, v in detail.items() if k not in _SECRET and v is not None}
        text = json.dumps(shown, ensure_ascii=False, default=str)
        db.execute(sql.ADD_EVENT, (key, at, before, after, why, text))

    def note(self, why: str, /, **detail: Any) -> None:
        """An event about the batch as a whole."""
        with self._transaction() as db:
            self._event(db, None, self._clock(), None, None, why, detail)

    def amend(self, key: int, why: str, /, **columns: Any) -> TakeRow:
        """Set columns without a transition (a new link for a task, say)."""
        with self._transaction() as db:
            db.execute(sql.update_take(columns), _bound(columns, key))
            self._event(db, key, self._clock(), None, None, why, columns)
            return self._take(db, key)

    # --- the plan applied ----------------------------------------------------------------

    def apply(
        self,
        *,
        fresh: Iterable[NewTake],
        named: Iterable[tuple[int, NewTake]],
        unwanted: Iterable[int],
        moves: Iterable[Move],
    ) -> None:
        """Make the wanted takes those of the plan, in one transaction.

        `fresh` are added as planned; `named` are rows that go on under a (possibly new) id
        with the plan's present estimate; `unwanted` are wanted no longer; `moves` are the
        files that follow, to be carried out by `storage` and ended with `end_moves`.
        """
        named = list(named)
        with self._transaction() as db:
            for key in unwanted:
                db.execute(sql.UNWANT, (key,))
                self._event(db, key, self._clock(), None, None, "no longer wanted", {})
            # two steps, so that two takes may swap their ids under the unique index
            for key, _ in named:
                db.execute(sql.UNWANT, (key,))
            for key, take in named:
                columns = {"take": take.take, "shot": take.shot, "number": take.number,
                           "wanted": 1, "estimate": take.estimate, "currency": take.currency,
                           "per_second": take.per_second}  # fmt: skip
                db.execute(sql.update_take(columns), _bound(columns, key))
                self._event(db, key, self._clock(), None, None, "wanted", {"take": take.take})
            for take in fresh:
                added = db.execute(sql.ADD_TAKE, _bound(take._asdict())).lastrowid
                self._event(db, added, self._clock(), None, State.PLANNED, "", {"take": take.take})
            db.executemany(sql.ADD_MOVE, moves)

    def moves(self) -> list[Move]:
        """File moves that were begun and not ended."""
        return [Move(*row) for row in self._db.execute(sql.MOVES)]

    def moves_set_out(self) -> None:
        """Every moving file now lies at ``.moving/<key>``."""
        with self._transaction() as db:
            db.execute(sql.MOVES_SET_OUT)

    def end_moves(self, places: dict[int, str | None]) -> None:
        """All moves are carried out: `places` says where the file of each take lies now."""
        with self._transaction() as db:
            for key, file in places.items():
                db.execute(sql.update_take(["file"]), {"file": file, "key": key})
            db.execute(sql.END_MOVES)

    # --- questions -----------------------------------------------------------------------

    def take(self, key: int) -> TakeRow:
        """One take."""
        return self._take(self._db, key)

    def _take(self, db: sqlite3.Connection, key: int) -> TakeRow:
        return _row(db.execute(sql.TAKE, (key,)).fetchone())

    def wanted(self, kind: Kind) -> list[TakeRow]:
        """All wanted takes of a kind."""
        return [_row(row) for row in self._db.execute(sql.WANTED, (kind,))]

    def unfinished(self, kind: Kind) -> list[TakeRow]:
        """Takes with something left to do: wanted ones, and paid ones no longer wanted."""
        return [_row(row) for row in self._db.execute(sql.UNFINISHED, (kind,))]

    def in_states(self, kind: Kind, states: Iterable[State]) -> list[TakeRow]:
        """Takes of a kind in any of `states`, wanted or not."""
        wanted = json.dumps(sorted(states))
        return [_row(row) for row in self._db.execute(sql.IN_STATES, (kind, wanted))]

    def known(self, kind: Kind) -> list[Known]:
        """Every take of a kind, for matching."""
        return [
            Known(key, take, shot, fingerprint, bool(wanted), State(state), bool(has_file))
            for key, take, shot, fingerprint, wanted, state, has_file in self._db.execute(
                sql.KNOWN, (kind,)
            )
        ]

    def files(self, kind: Kind) -> list[tuple[int, str]]:
        """(key, file) of every done take."""
        return list(self._db.execute(sql.FILES, (kind,)))

    def counts(self) -> dict[Kind, dict[State, int]]:
        """How many wanted takes stand in each state, by kind."""
        found: dict[Kind, dict[State, int]] = {"preview": {}, "live": {}}
        for kind, state, number in self._db.execute(sql.COUNTS):
            found[kind][State(state)] = number
        return found

    def same_prompt_open(self, row: TakeRow, since: float) -> str | None:
        """A take with the same prompt whose submit, begun after `since`, is not settled."""
        found = self._db.execute(
            sql.SAME_PROMPT, (row.kind, row.prompt_key, row.key, since)
        ).fetchone()
        return found[0] if found else None

    def spent(self, currency: str) -> Decimal:
        """Live money in `currency`: what was billed, and the full estimate of all that may be."""
        total = Decimal(0)
        for state, estimate, cost, lost in self._db.execute(sql.SPENT, (currency,)):
            total += Decimal(lost)
            if State(state) in PAID:
                total += Decimal(cost or estimate or 0)
        return total

    def events(self, key: int) -> list[tuple[float, str | None, str | None, str, dict[str, Any]]]:
        """(at, before, after, why, detail) of one take, oldest first."""
        rows = self._db.execute(sql.EVENTS_OF, (key,))
        return [(at, before, after, why, json.loads(d)) for at, before, after, why, d in rows]

    def revision(self) -> int:
        """Grows with every event."""
        return int(self._db.execute(sql.LAST_EVENT).fetchone()[0])

    # --- odds and ends -------------------------------------------------------------------

    def meta(self, name: str) -> str | None:
        """A fact about the batch, or None."""
        found = self._db.execute(sql.GET_META, (name,)).fetchone()
        return found[0] if found else None

    def set_meta(self, /, **facts: str) -> None:
        """Record facts about the batch."""
        with self._transaction() as db:
            db.executemany(sql.SET_META, facts.items())

    @property
    def salt(self) -> str:
        """Salts the account marks, so that they mean nothing outside this ledger."""
        return self.meta("salt") or ""

    def get(self, path: Path, size: int, mtime_ns: int) -> FileFacts | None:
        """Remembered facts of a local file, if it has not changed since."""
        found = self._db.execute(sql.GET_FACTS, (str(path), size, mtime_ns)).fetchone()
        if found is None:
            return None
        facts = json.loads(found[0])
        return FileFacts(**{**facts, "seconds": _decimal(facts["seconds"])})

    def put(self, path: Path, size: int, mtime_ns: int, facts: FileFacts) -> None:
        """Remember facts of a local file."""
        text = json.dumps(asdict(facts), default=str)
        with self._transaction() as db:
            db.execute(sql.SET_FACTS, (str(path), size, mtime_ns, text))


def _prepare(db: sqlite3.Connection, path: Path, *, shared_disk: bool) -> None:
    db.execute("PRAGMA foreign_keys = ON")
    db.execute(f"PRAGMA journal_mode = {'DELETE' if shared_disk else 'WAL'}")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("BEGIN IMMEDIATE")
    application, version = (
        db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")
    )
    empty = db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
    if empty:
        for statement in sql.SCHEMA.split(";\n"):
            db.execute(statement)
        db.execute(f"PRAGMA application_id = {sql.APPLICATION_ID}")
        db.execute(f"PRAGMA user_version = {sql.FORMAT}")
        db.execute(sql.SET_META, ("salt", secrets.token_hex(16)))
    elif application != sql.APPLICATION_ID:
        raise OutputUnavailable(
            f"{path} is a database of another program",
            hint="choose another output folder with -o, or another place with --ledger",
        )
    elif version > sql.FORMAT:
        raise OutputUnavailable(
            f"{path} was written by a newer r2vbatch", hint="upgrade r2vbatch to go on with it"
        )
    db.execute("COMMIT")


def _unavailable(path: Path, problem: sqlite3.Error) -> OutputUnavailable:
    if isinstance(problem, sqlite3.OperationalError):
        hint = "free some room, check the permissions of the folder, and run again"
    else:
        hint = "restore it from a copy; the clips beside it are not touched"
    return OutputUnavailable(f"the ledger {path} cannot be used: {problem}", hint=hint)


def _bound(columns: dict[str, Any], key: int | None = None, to: State | None = None) -> Any:
    bound = {name: _plain(name, value) for name, value in columns.items()}
    if key is not None:
        bound["key"] = key
    if to is not None:
        bound["state"] = str(to)
    return bound


def _plain(name: str, value: Any) -> Any:
    if name in _JSON:
        return json.dumps(value, ensure_ascii=False)
    return str(value) if isinstance(value, Decimal) else value


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _row(raw: tuple[Any, ...]) -> TakeRow:
    values = dict(zip(sql.COLUMNS, raw, strict=True))
    for name in ("estimate", "per_second", "billed_seconds", "cost", "lost"):
        values[name] = _decimal(values[name])
    values.update(
        wanted=bool(values["wanted"]),
        state=State(values["state"]),
        flags=tuple(json.loads(values["flags"])),
        marks=tuple(json.loads(values["marks"])),
        request=json.loads(values["request"]),
    )
    return TakeRow(**values)
