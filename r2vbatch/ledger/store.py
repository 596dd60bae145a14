"""The ledger: a durable record of what was intended, what happened, and where each take stands.

Each transition is one transaction: the take's current state and one append-only event. Illegal
transitions raise before anything is written. One writer thread per process is expected (see
`thread`); other processes may read, and other verbs may write, at any time.

This room refuses to know what a transition means or when it should happen.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from r2vbatch.clock import now
from r2vbatch.dashscope.model import Upload
from r2vbatch.errors import OutputUnavailable
from r2vbatch.ledger import sql
from r2vbatch.ledger.continuity import Continuity
from r2vbatch.ledger.opening import connect
from r2vbatch.ledger.questions import price_of
from r2vbatch.ledger.rows import (
    Move,
    NewTake,
    TakeRow,
    Transition,
    UploadKey,
    bound,
    from_database,
    named,
    unsigned,
    whole,
)
from r2vbatch.ledger.states import State, legal
from r2vbatch.media.model import FileFacts

_FORGOTTEN = (
    "task_id", "request_id", "submitted_at", "started_at", "ended_at", "link", "link_expires",
    "billed_seconds", "cost", "file", "sha256", "bytes", "intent_at", "post_ended_at",
)  # fmt: skip
"""What a take that is asked again forgets."""
_CHECKPOINT_PATIENCE = 500
"""Milliseconds. A page that reads for minutes must not hold up a batch."""


class IllegalTransition(Exception):
    """A bug of ours: a take was moved in a way that `states` does not allow."""


class TaskTaken(Exception):
    """The service gave a task to a take that another one has."""


class Ledger(Continuity):
    """One open ledger. Not for use from several threads at once."""

    # --- opening and closing -------------------------------------------------------------

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        create: bool = True,
        shared_disk: bool | None = None,
        clock: Callable[[], float] = now,
        patience: float = 4.0,
    ) -> Ledger:
        """Open (or make) the ledger at `path`.

        `create` is for the one run that holds the folder: it also sets how the ledger is kept,
        which on a network or synced file system must not be write-ahead logging (`shared_disk`:
        None finds out). `patience`: seconds to wait for another writer; a stop must not take
        longer than ten. Raises
        `OutputUnavailable` for what is not a ledger of ours, or cannot be used now.
        """
        if not create and not path.is_file():
            raise OutputUnavailable(
                f"{path}: no ledger here", hint="give the output folder of a batch that has run"
            )
        db = connect(path, keep=create, shared_disk=shared_disk, patience=patience)
        return cls(db, path, clock)

    def close(self) -> None:
        """Checkpoint, so that a copy of the file alone is complete, and close."""
        self.checkpoint()
        self._db.close()

    def checkpoint(self) -> None:
        """Move what the write-ahead log holds into the database file."""
        patience = self._read("PRAGMA busy_timeout")[0][0]
        with suppress(sqlite3.OperationalError):  # a reader is in the way: the next one will
            self._db.execute(f"PRAGMA busy_timeout = {_CHECKPOINT_PATIENCE}")
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._db.execute(f"PRAGMA busy_timeout = {patience}")

    # --- transitions ---------------------------------------------------------------------

    def move(
        self, key: int, to: State, why: str = "", /, *, lost: bool = False, **columns: Any
    ) -> TakeRow:
        """Move one take to state `to`, setting `columns` with it, durably, and return it.

        `lost`: what it may have cost until now stays counted, whatever becomes of it.
        Raises `IllegalTransition` where `states.legal` says no; nothing is written then.
        """
        with self._transaction() as db:
            if lost:
                self._lose(db, key)
            transition, row = self._move(db, key, to, why, columns)
        self._tell(transition)
        return row

    def created(self, key: int, task_id: str, /, **columns: Any) -> TakeRow:
        """A submit was answered with a task: move its take to submitted, as `move` does.

        Raises `TaskTaken`, and writes nothing, when any take ever had that task.
        """
        if self._read(sql.KNOWS_TASK, task_id):
            raise TaskTaken(task_id)
        return self.move(key, State.SUBMITTED, task_id=task_id, **columns)

    def intend(
        self, row: TakeRow, since: float, /, *, beside_twin: bool, **columns: Any
    ) -> TakeRow | str:
        """Record the intent to submit a take, unless one with the same prompt, begun after `since`,
        is in doubt: its id is returned then, and nothing written. `beside_twin` allows both.
        Nothing is written either where people took the take back meanwhile: its row is returned,
        planned, and not wanted."""
        with self.together():  # who takes it back does so before this, or too late
            if not (present := self.take(row.key)).wanted:
                return present
            twin = None if beside_twin else self.same_prompt_open(row, since)
            return twin or self.move(row.key, State.SUBMITTING, "", **columns)

    def move_all(self, moves: Iterable[tuple[int, State, str]]) -> None:
        """Several transitions in one transaction (at start-up)."""
        with self._transaction() as db:
            transitions = [self._move(db, key, to, why, {})[0] for key, to, why in moves]
        self._tell(*transitions)

    def _move(
        self, db: sqlite3.Connection, key: int, to: State, why: str, columns: dict[str, Any]
    ) -> tuple[Transition, TakeRow]:
        stored = named(db.execute(sql.TAKE, (key,)).fetchone())
        before, now, why = State(stored["state"]), self._clock(), unsigned(why)
        if not legal(stored["kind"], before, to):
            raise IllegalTransition(f"take {key} ({stored['kind']}): {before} -> {to}")
        if to is State.PLANNED:
            if before is State.EXPIRED:
                self._lose(db, key)
            columns = {**dict.fromkeys(_FORGOTTEN), **columns}
        changes = bound(columns, key, to)
        db.execute(sql.update_take("state", *columns), changes)
        if to is State.SUBMITTED:
            origin = "adopted" if before is State.IN_DOUBT else "submitted"
            db.execute(sql.ADD_TASK, (origin, key))
        self._event(db, key, now, before, to, why, columns)
        return Transition(key, before, to, now, why), from_database({**stored, **changes})

    def _lose(self, db: sqlite3.Connection, key: int) -> None:
        row = self.take(key)
        if lost := row.money(price_of(row.cost, row.estimate)):
            db.execute(sql.ADD_LOSS, (key, str(lost.amount), lost.currency))

    def add_stray(self, like: int, task_id: str, submitted_at: float, why: str) -> TakeRow:
        """A task that may have been paid for by us and is nobody's, as a take that is not wanted,
        submitted, flagged, and otherwise like the take `like` that it resembles."""
        with self._transaction() as db:
            key = db.execute(sql.ADD_STRAY, (task_id, submitted_at, like)).lastrowid
            assert key is not None, "an INSERT of one row has a key"
            db.execute(sql.ADD_TASK, ("stray", key))
            self._event(db, key, self._clock(), None, State.SUBMITTED, why, {"task_id": task_id})
            return self.take(key)

    def note(self, why: str, /, **detail: Any) -> None:
        """An event about the batch as a whole."""
        with self._transaction() as db:
            self._event(db, None, self._clock(), None, None, why, detail)

    def amend(self, key: int, why: str, /, **columns: Any) -> TakeRow:
        """Set columns without a transition (a new link for a task, say)."""
        with self._transaction() as db:
            db.execute(sql.update_take(*columns), bound(columns, key))
            self._event(db, key, self._clock(), None, None, why, columns)
            return self.take(key)

    # --- the plan applied ----------------------------------------------------------------

    def apply(
        self,
        *,
        fresh: Iterable[NewTake],
        named: Iterable[tuple[int, NewTake]],
        unwanted: Iterable[int],
        moves: Iterable[Move],
        replaced: Collection[int] = (),
    ) -> None:
        """Make the wanted takes those of the plan, in one transaction.

        `fresh` are added as planned; `named` are rows that go on under a (possibly new) id, at
        the price they were made for; `unwanted` are wanted no longer; `moves` are the
        files that follow, to be carried out by `storage` and ended with `end_moves`; those of
        `unwanted` that are `replaced` are not wanted again, whatever their fingerprint.
        """
        named = list(named)
        with self._transaction() as db:
            for key in unwanted:
                db.execute(sql.UNWANT, (key,))
                if key in replaced:
                    db.execute(sql.SET_REPLACED, (1, key))
                self._event(db, key, self._clock(), None, None, "no longer wanted", {})
            # two steps, so that two takes may swap their ids under the unique index
            for key, _ in named:
                db.execute(sql.UNWANT, (key,))
            for key, take in named:
                columns = {"take": take.take, "shot": take.shot, "number": take.number, "wanted": 1}
                db.execute(sql.update_take(*columns), bound(columns, key))
                db.execute(sql.SET_REPLACED, (0, key))
                self._event(db, key, self._clock(), None, None, "wanted", {"take": take.take})
            for take in fresh:
                added = db.execute(sql.ADD_TAKE, bound(take._asdict())).lastrowid
                self._event(db, added, self._clock(), None, State.PLANNED, "", {"take": take.take})
            db.executemany(sql.ADD_MOVE, moves)

    def set_board(self, takes: Iterable[tuple[str, str]]) -> None:
        """Remember the plan's takes (id, fingerprint) in storyboard order, if they are others."""
        rows = [(position, *take) for position, take in enumerate(takes)]
        digest = hashlib.sha256(repr(rows).encode()).hexdigest()
        if self.meta("board") == digest:
            return
        with self._transaction() as db:
            db.execute(sql.CLEAR_BOARD)
            db.executemany(sql.ADD_TO_BOARD, rows)
            db.execute(sql.SET_META, ("board", digest))
            self._event(db, None, self._clock(), None, None, "another storyboard", {})

    def price(self, takes: Iterable[NewTake]) -> None:
        """Give wanted takes the plan's present price, where nothing was or may be paid for them
        at another: they may have been planned at the prices of another region."""
        with self._transaction() as db:
            db.executemany(sql.PRICE, [bound(take._asdict()) for take in takes])

    def moves_set_out(self) -> None:
        """Every moving file now lies at ``.moving/<key>``."""
        with self._transaction() as db:
            db.execute(sql.MOVES_SET_OUT)

    def end_moves(self) -> None:
        """All moves are carried out: each file lies at its target, unless it has gone."""
        with self._transaction() as db:
            db.execute(sql.FILES_MOVED)
            db.execute(sql.END_MOVES)

    # --- odds and ends -------------------------------------------------------------------

    def set_meta(self, /, **facts: str) -> None:
        """Record facts about the batch."""
        with self._transaction() as db:
            db.executemany(sql.SET_META, [(name, whole(value)) for name, value in facts.items()])

    def set_upload(self, key: UploadKey, upload: Upload) -> None:
        """Remember an upload, in place of an earlier one."""
        with self._transaction() as db:
            db.execute(sql.SET_UPLOAD, (*key, upload.url, upload.made_at))

    def put(self, path: Path, size: int, mtime_ns: int, facts: FileFacts) -> None:
        """Remember facts of a local file."""
        text = json.dumps(asdict(facts), default=str)
        with self._transaction() as db:
            db.execute(sql.SET_FACTS, (whole(str(path)), size, mtime_ns, text))
