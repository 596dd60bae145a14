"""Writing to a ledger: a transaction, and the event that goes with every change.

Nothing is written but inside a transaction that took the lock at its beginning: other processes
write, too. Each change leaves an event, so that who follows the ledger sees it by its `revision`.
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

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
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
