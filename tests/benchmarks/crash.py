"""Killed half-way and run again: how many clips come of the tasks that are paid for."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from r2vbatch.emulator import process
from tests.benchmarks.stage import MINIMAL, NAMES, OURS, SDK, Board, Seen, emulator
from tests.benchmarks.table import Row


def five_in_flight(folder: Path) -> Iterator[Row]:
    """Under the limits of an ordinary account."""
    board = Board(folder, 60)
    with emulator(latency=(1.0, 2.0)) as at:
        seen = _all_killed(board, at)
    yield _row("clips per paid task, 60 takes, SIGKILL half-way, run again", board, seen)


def hundred_in_flight(folder: Path) -> Iterator[Row]:
    """A large account, whose limit of 20 queries a second is as small as everyone's. The minimal
    script asks every 5 s: 20 questions a second, were they spread evenly."""
    limits = {"in_flight": 100, "submits_per_second": 50}
    board = Board(folder, 200, limits=limits, poll=5.0)
    with emulator(latency=(10.0, 15.0), in_flight=100, submits_per_second=None) as at:
        seen = _all_killed(board, at)
    over = {name: seen[name].stats["query_rate_violations"] for name in NAMES}
    peers = ", ".join(f"{name} {over[name]} queries over" for name in (SDK, MINIMAL))
    row = _row("the same, 200 takes, 100 in flight, 20 queries/s enforced", board, seen)
    yield Row(
        row.what,
        row.must + ", none over",
        f"{row.measured}, {over[OURS]} over",
        row.reached and not over[OURS],
        f"{row.peers}; {peers}",
    )


def _all_killed(board: Board, at: process.Child) -> dict[str, Seen]:
    with ThreadPoolExecutor(len(NAMES)) as threads:
        list(threads.map(lambda name: _killed(board, name, at), NAMES))
    return {name: board.seen(name, at) for name in NAMES}


def _killed(board: Board, name: str, at: process.Child) -> None:
    """Run until half of the clips are there, SIGKILL, and run again to the end."""
    with board.start(name, at) as program:
        while program.poll() is None and board.done(name) < board.takes / 2:
            time.sleep(0.01)
        program.kill()
    board.run(name, at)


def _row(what: str, board: Board, seen: dict[str, Seen]) -> Row:
    ratio = {name: len(s.clips) / s.stats["billed_tasks"] for name, s in seen.items()}
    shown = {
        name: f"{ratio[name]:.2f} ({len(s.clips)} clips, {s.stats['billed_tasks']} paid)"
        for name, s in seen.items()
    }
    return Row(
        what,
        "1.00",
        shown[OURS],
        ratio[OURS] == 1.0 and len(seen[OURS].clips) == board.takes,
        ", ".join(f"{name} {shown[name]}" for name in (SDK, MINIMAL)),
    )
