"""Writing to a ledger: a transaction, and the event that goes with every change.

Nothing is written but inside a transaction that took the lock at its beginning: other processes
write, too. Each change leaves an event, so that who follows the ledger sees it by its `revision`.
Waiting for the disk is most of what a commit costs, so several transactions may be made as one.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from r2vbatch.ledger import sql
from r2vbatch.ledger.opening import unavailable
from r2vbatch.ledger.questions import Questions
from r2vbatch.ledger.rows import Transition, unsigned, whole
from r2vbatch.ledger.states import State

_SECRET = frozenset({"link"})  # never copied into the event history


class Writer(Questions):
    """An open ledger that can be written to."""

    def __init__(self, connection: sqlite3.Connection, path: Path, clock: Callable[[], float]):
        super().__init__(connection, path)
        self._clock = clock
        self.listener: Callable[[Transition], None] | None = None
        self._untold: list[Transition] = []

    @contextmanager
    def together(self) -> Iterator[None]:
        """The transactions of the block as one: all of them are durable after it, or, when
        anything in it raises, none."""
        try:
            with self._transaction():
                yield
        except BaseException:
            self._untold.clear()
            raise
        self._tell()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        if self._db.in_transaction:  # that of `together`, which ends it
            yield self._db
            return
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            finally:
                if self._db.in_transaction:  # else SQLite has rolled back, as on a full disk
                    self._db.execute("ROLLBACK")
        except sqlite3.Error as problem:
            raise unavailable(self.path, problem) from problem

    def _tell(self, *transitions: Transition) -> None:
        """Tell the listener, once what happened is durable."""
        self._untold += transitions
        if self._db.in_transaction:
            return
        told, self._untold = self._untold, []
        if self.listener:
            for transition in told:
                self.listener(transition)

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
        text = unsigned(json.dumps(shown, ensure_ascii=False, default=str))
        db.execute(sql.ADD_EVENT, (key, at, before, after, whole(unsigned(why)), whole(text)))
