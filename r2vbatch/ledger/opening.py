"""Opening a ledger: the right file, in the right format and journal mode, or a sentence why not.

A database of another program is refused before anything in it is touched.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path

from r2vbatch.errors import OutputUnavailable
from r2vbatch.ledger import sql, tables
from r2vbatch.ledger.soundness import oddity
from r2vbatch.storage import on_shared_disk

_DAMAGED = "restore it from a copy; the clips beside it are not touched"
_HINTS = {
    sqlite3.SQLITE_BUSY: "another program is writing to it: wait for it, or close it",
    sqlite3.SQLITE_LOCKED: "another program is writing to it: wait for it, or close it",
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_READONLY: "mend its permissions and those of its folder, and run again",
    sqlite3.SQLITE_CANTOPEN: "see that its folder is there and may be written to",
}
_ELSE = "free some room, check the disk, and run again; nothing is lost"


def connect(
    path: Path, *, keep: bool, shared_disk: bool | None, patience: float
) -> sqlite3.Connection:
    """A connection to the ledger at `path`, made if there is none.

    `keep`: set how it is kept; a reader leaves that as it finds it.

    Raises `OutputUnavailable` for what is not a ledger of ours, or cannot be used now.
    """
    if path.exists() and not path.is_file():
        raise OutputUnavailable(
            f"{path} is no file, and a ledger is one",
            hint="move it elsewhere, or choose another place with --ledger",
        )
    try:
        where, uri = (_frozen(path), True) if not keep and _is_frozen(path) else (str(path), False)
        db = sqlite3.connect(
            where, uri=uri, isolation_level=None, check_same_thread=False, timeout=patience
        )
    except sqlite3.Error as problem:
        raise unavailable(path, problem) from problem
    try:
        _refuse_others(db, path, keep=keep)
        if keep:
            shared = on_shared_disk(path) if shared_disk is None else shared_disk
            db.execute(f"PRAGMA journal_mode = {'DELETE' if shared else 'WAL'}")
            bring_up(db)
        db.execute("PRAGMA foreign_keys = ON")
        db.execute("PRAGMA synchronous = FULL")
    except sqlite3.Error as problem:
        db.close()
        raise unavailable(path, problem) from problem
    except BaseException:
        db.close()
        raise
    return db


def _is_frozen(path: Path) -> bool:
    """Whether nothing can change this ledger: it lies on a read-only disk, all of it in one file.
    There SQLite finds no place for the index of its log, and need not look for one."""
    log = path.with_name(f"{path.name}-wal")
    unfinished = log.is_file() and log.stat().st_size > 0
    if not path.is_file() or unfinished:
        return False
    # not a lack of permission: where somebody else may write, SQLite must go on looking
    disk = os.statvfs(path.absolute().parent).f_flag if hasattr(os, "statvfs") else 0
    return bool(disk & getattr(os, "ST_RDONLY", 0))


def _frozen(path: Path) -> str:
    return f"{path.absolute().as_uri()}?immutable=1"


def unavailable(path: Path, problem: sqlite3.Error) -> OutputUnavailable:
    """What SQLite says, and what to do about it."""
    code = getattr(problem, "sqlite_errorcode", 0) & 0xFF  # the primary code
    return OutputUnavailable(
        f"the ledger {path} cannot be used: {problem}", hint=_HINTS.get(code, _ELSE)
    )


def _refuse_others(db: sqlite3.Connection, path: Path, *, keep: bool) -> None:
    if _empty(db):
        if keep:
            return
        raise OutputUnavailable(
            f"the ledger {path} is empty: nothing was begun in it, or it was cut short",
            hint="begin with `r2vbatch run MANIFEST`; if there are clips beside it, restore it"
            " from a copy",
        )
    if _pragma(db, "application_id") != tables.APPLICATION_ID:
        raise OutputUnavailable(
            f"{path} is a database of another program",
            hint="choose another output folder with -o, or another place with --ledger",
        )
    if _pragma(db, "user_version") > tables.FORMAT:
        raise OutputUnavailable(
            f"{path} was written by a newer r2vbatch", hint="upgrade r2vbatch to go on with it"
        )
    shape = _shape(db)
    if lacking := _whole_shape(max(1, _pragma(db, "user_version"))) - shape:
        raise OutputUnavailable(
            f"the ledger {path} is not whole: it has no {max(lacking)}",
            hint="an unfinished r2vbatch made it, or something else changed it: restore it from a"
            " copy, or choose another output folder with -o",
        )
    if odd := oddity(db, {name.removeprefix("column ") for name in shape}):
        raise OutputUnavailable(
            f"the ledger {path} holds what r2vbatch did not write: {odd.column}"
            + (f" of {odd.take}" if odd.take else ""),
            hint=f"something else changed it: {_DAMAGED}",
        )


@cache
def _whole_shape(version: int) -> frozenset[str]:
    """What a ledger of this format has."""
    with closing(sqlite3.connect(":memory:")) as db:
        db.executescript("".join(tables.STEPS[:version]))
        return _shape(db)


def _shape(db: sqlite3.Connection) -> frozenset[str]:
    """The tables, columns and indexes of a database, each as ``table takes`` or the like."""
    return frozenset(row[0] for row in db.execute(sql.SHAPE))


def bring_up(db: sqlite3.Connection) -> None:
    """Give an empty database the form of a ledger, and an older ledger what is new, all of it or
    nothing; of two that do it at once, one waits."""
    db.execute("BEGIN IMMEDIATE")
    try:
        _bring_up(db)
        db.execute("COMMIT")
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")


def _bring_up(db: sqlite3.Connection) -> None:
    new, version = _empty(db), _pragma(db, "user_version")
    for step in tables.STEPS[0 if new else max(1, version) :]:
        for statement in step.split(";\n"):
            db.execute(statement)
    if new:
        db.execute(f"PRAGMA application_id = {tables.APPLICATION_ID}")
        db.execute(sql.SET_META, ("salt", secrets.token_hex(16)))
    if new or version < tables.FORMAT:
        db.execute(f"PRAGMA user_version = {tables.FORMAT}")


def _empty(db: sqlite3.Connection) -> bool:
    return bool(db.execute("SELECT count(*) = 0 FROM sqlite_master").fetchone()[0])


def _pragma(db: sqlite3.Connection, name: str) -> int:
    return int(db.execute(f"PRAGMA {name}").fetchone()[0])
