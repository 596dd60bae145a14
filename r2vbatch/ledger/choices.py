"""What people say of takes once they can watch them: this one is the good one, a note, once more.

Any process may say so at any time, also while a batch runs in another: each is one transaction,
and one event. What follows from it (a film, a retake that is made and paid for) is not known here.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from r2vbatch.ledger import sql, tables
from r2vbatch.ledger.board import LONGEST_CLIP, BoardShot, Note, Retake, storyboard
from r2vbatch.ledger.opening import bring_up, unavailable
from r2vbatch.ledger.rows import from_database, named, whole
from r2vbatch.ledger.states import PAID, Kind
from r2vbatch.ledger.writing import Writer
from r2vbatch.manifest.model import Money


class NothingToRetake(LookupError):
    """No take of the shot was ever begun, so there is none to ask for once more."""


class Choices(Writer):
    """Circles, notes and retakes of an open ledger."""

    # --- asked ---------------------------------------------------------------------------

    def storyboard(self) -> list[BoardShot]:
        """The storyboard as last carried in, in its order, each shot with its wanted takes and
        the circled one."""
        listed = [
            (take, from_database(named(tuple(row))) if row[0] is not None else None)
            for take, *row in self._read(sql.ON_BOARD)
        ]
        return storyboard(listed, self.circles())

    def circles(self) -> dict[int, float]:
        """When people circled takes (seconds since 1970 UTC), by key."""
        return dict(self._choices(sql.CIRCLES))

    def notes(self) -> list[Note]:
        """All notes, oldest first, those on takes no longer wanted included."""
        return [_note(*row) for row in self._choices(sql.NOTES)]

    def retakes(self) -> list[Retake]:
        """All that were ever asked for, oldest first, whether or not their shots still hold."""
        return [_retake(*row) for row in self._choices(sql.RETAKES)]

    def waiting_retakes(self) -> list[Retake]:
        """Those that no run has taken up yet, although their shots hold."""
        return [_retake(*row) for row in self._choices(sql.WAITING)]

    def last_retake(self) -> object:
        """Another value after every retake asked for."""
        return self._choices(sql.LAST_RETAKE)

    def _choices(self, statement: str) -> list[Any]:
        """A ledger of an older format, which nobody has written to since, holds none."""
        return self._read(statement) if self._format >= tables.CHOICES_SINCE else []

    # --- said ----------------------------------------------------------------------------

    def circle(self, key: int) -> None:
        """This is the good take of its shot, in place of another of its kind."""
        with self._choosing() as db:
            for (rival,) in db.execute(sql.RIVALS, (key,)).fetchall():
                db.execute(sql.DROP_CIRCLE, (rival,))
            db.execute(sql.ADD_CIRCLE, (key, self._clock()))
            self._event(db, key, self._clock(), None, None, "circled", {})

    def uncircle(self, key: int) -> None:
        """Not this one after all; nothing happens where it was not circled by a person."""
        with self._choosing() as db:
            if db.execute(sql.DROP_CIRCLE, (key,)).rowcount:
                self._event(db, key, self._clock(), None, None, "no longer circled", {})

    def add_note(self, key: int, text: str, seconds: float | None = None) -> Note:
        """Write something about a take; `seconds` into its clip, if it is about a moment."""
        with self._choosing() as db:
            at, text = self._clock(), whole(text)
            id = db.execute(sql.ADD_NOTE, (key, at, text, seconds)).lastrowid
            assert id is not None, "an INSERT of one row has a key"
            self._event(db, key, at, None, None, "noted", {"note": id, "seconds": seconds})
        return Note(id, key, at, text, seconds)

    def remove_note(self, id: int) -> None:
        """Take a note away; nothing happens where there is none."""
        with self._choosing() as db:
            if found := db.execute(sql.NOTE_OF, (id,)).fetchone():
                db.execute(sql.DROP_NOTE, (id,))
                self._event(db, found[0], self._clock(), None, None, "note removed", {"note": id})

    def ask_again(
        self, shot: str, kind: Kind, takes: int = 1, *, agreed: Money | None = None
    ) -> list[Retake]:
        """Ask for that many more takes of a shot, each with a number that none of it ever had.

        `agreed`: the price of one that a person said yes to, which a batch that is running may
        spend on it; a later run asks again. Recording it spends nothing. Raises `NothingToRetake`.
        """
        amount, currency = (str(agreed.amount), agreed.currency) if agreed else (None, None)
        asked = []
        with self._choosing() as db:
            found = db.execute(sql.ASKED_OF, (kind, shot)).fetchone()
            if found is None:
                raise NothingToRetake(shot)
            last = int(db.execute(sql.HIGHEST, {"kind": kind, "of": found[0]}).fetchone()[0])
            for number in range(last + 1, last + 1 + takes):
                at = self._clock()
                row = (kind, shot, found[0], number, at)
                id = db.execute(sql.ADD_RETAKE, (*row, amount, currency)).lastrowid
                assert id is not None, "an INSERT of one row has a key"
                detail = {"shot": shot, "kind": kind, "number": number, "agreed": agreed}
                self._event(db, None, at, None, None, "asked for another take", detail)
                asked.append(Retake(id, *row, agreed))
        return asked

    def take_back(self, shot: str, kind: Kind) -> list[Retake]:
        """Forget what was asked for of a shot and not begun: nothing was paid for it, nor may have
        been. A run that goes on and has it before it does not submit it any more."""
        with self._choosing() as db:
            found = db.execute(sql.ASKED_OF, (kind, shot)).fetchone()
            if found is None:
                return []
            paid = json.dumps(sorted(PAID))
            rows = db.execute(sql.UNBEGUN, (kind, found[0], paid)).fetchall()
            taken = [retake for row in rows if (retake := _retake(*row)).shot == shot]
            for retake in taken:
                db.execute(sql.DROP_RETAKE, (retake.id,))
                db.execute(sql.UNWANT_RETAKE, (kind, retake.shot_fingerprint, retake.number))
                detail = {"shot": shot, "kind": kind, "number": retake.number}
                self._event(db, None, self._clock(), None, None, "retake taken back", detail)
        return taken

    @contextmanager
    def _choosing(self) -> Iterator[sqlite3.Connection]:
        """A transaction on a ledger that has a place for choices."""
        if self._format < tables.FORMAT:
            try:
                bring_up(self._db)
            except sqlite3.Error as problem:
                raise unavailable(self.path, problem) from problem
        with self._transaction() as db:
            yield db


def _note(id: int, key: int, at: float, text: str, seconds: float | None) -> Note:
    """A moment that no clip has is none: a ledger may come from somebody else."""
    timed = seconds is not None and 0 <= seconds <= LONGEST_CLIP
    return Note(id, key, at, text, seconds if timed else None)


def _retake(
    id: int, kind: Kind, shot: str, fingerprint: str, number: int, at: float,
    agreed: str | None, currency: str | None,
) -> Retake:  # fmt: skip
    price = Money(Decimal(agreed), currency) if agreed and currency else None
    return Retake(id, kind, shot, fingerprint, number, at, price)
