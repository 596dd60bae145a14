"""Ledgers for tests: takes to put into them, and the ways a take goes."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

from r2vbatch.ledger import Kind, Ledger, NewTake, State

S = State

ROADS: dict[State, tuple[State, ...]] = {
    S.PLANNED: (),
    S.SUBMITTING: (S.SUBMITTING,),
    S.IN_DOUBT: (S.SUBMITTING, S.IN_DOUBT),
    S.SUBMITTED: (S.SUBMITTING, S.SUBMITTED),
    S.RUNNING: (S.SUBMITTING, S.SUBMITTED, S.RUNNING),
    S.GENERATED: (S.SUBMITTING, S.SUBMITTED, S.RUNNING, S.GENERATED),
    S.FETCHED: (S.SUBMITTING, S.SUBMITTED, S.RUNNING, S.GENERATED, S.FETCHED),
    S.DONE: (S.SUBMITTING, S.SUBMITTED, S.RUNNING, S.GENERATED, S.FETCHED, S.DONE),
    S.FAILED: (S.SUBMITTING, S.SUBMITTED, S.FAILED),
    S.CANCELED: (S.SUBMITTING, S.SUBMITTED, S.CANCELED),
    S.EXPIRED: (S.SUBMITTING, S.SUBMITTED, S.EXPIRED),
    S.SKIPPED: (S.SKIPPED,),
    S.HELD: (S.HELD,),
}
"""By state: the steps from planned to it."""


def new_take(take: str = "sh010_t01", kind: Kind = "live", **changes: Any) -> NewTake:
    """A take as the plan would hand it over; its prompt is its own unless one is given."""
    shot, _, number = take.rpartition("_t")
    prompt = changes.pop("prompt", f"prompt of {take}")
    fields: dict[str, Any] = {
        "kind": kind,
        "take": take,
        "shot": shot,
        "number": int(number),
        "fingerprint": f"f-{take}",
        "shot_fingerprint": f"f-{shot}",
        "model": "wan2.6-r2v-flash",
        "request": {
            "model": "wan2.6-r2v-flash",
            "input": {"prompt": prompt, "reference_urls": ["https://example.com/a.png"]},
            "parameters": {"size": "1280*720", "duration": 5, "audio": True},
        },
        "prompt_key": prompt,
        "estimate": Decimal("1.50"),
        "currency": "USD",
        "per_second": {"": Decimal("0.15")},
    }
    return NewTake(**{**fields, **changes})


def add(ledger: Ledger, *takes: NewTake) -> list[int]:
    """Add takes, planned and wanted; their keys."""
    ledger.apply(fresh=takes, named=[], unwanted=[], moves=[])
    keys = {(k.take, kind): k.key for kind in ("live", "preview") for k in ledger.known(kind)
            if k.wanted}  # fmt: skip
    return [keys[take.take, take.kind] for take in takes]


_SINCE = {
    2: ["DROP TABLE uploads"],
    3: [f"DROP TABLE {table}" for table in ("circles", "notes", "retakes", "continued")],
    4: ["DROP TABLE losses", "ALTER TABLE takes ADD COLUMN lost TEXT NOT NULL DEFAULT '0'"],
}
"""By format: what takes away what it brought."""


def set_back(path: Path, version: int) -> None:
    """Make a closed ledger one of an older format."""
    with closing(sqlite3.connect(path)) as db:
        for format in (later for later in _SINCE if later > version):
            for statement in _SINCE[format]:
                db.execute(statement)
        db.execute(f"PRAGMA user_version = {version}")
        db.commit()


def bring(ledger: Ledger, key: int, to: State, **columns: Any) -> None:
    """Move a planned take along its road to `to`; `columns` are set with the last step."""
    road = ROADS[to]
    for state in road[:-1]:
        ledger.move(key, state)
    if road:
        ledger.move(key, road[-1], **columns)


def child(
    script: str, *arguments: object, stdin: int | None = None, stderr: int | None = None
) -> subprocess.Popen[str]:
    """A Python process of its own that runs `script` and writes lines that can be waited for."""
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        cwd=Path(__file__).parent,
    )


def ran(script: str, *arguments: object) -> tuple[int, list[str]]:
    """Run `script` to its end: exit code and lines. Its errors go to the test's own stderr."""
    process = child(script, *arguments)
    text, _ = process.communicate(timeout=60)
    return process.returncode, text.splitlines()


def states(ledger: Ledger, keys: Sequence[int]) -> list[State]:
    """Where the takes of `keys` stand."""
    return [ledger.take(key).state for key in keys]
