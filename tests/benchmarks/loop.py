"""What the control loop costs when the service takes no time at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from r2vbatch.emulator import process
from r2vbatch.emulator.faults import Fault
from tests.benchmarks.stage import DURABLE, MINIMAL, NAMES, OURS, SDK, Board, emulator
from tests.benchmarks.table import Row

TAKES = 2000
LIMITS = {"in_flight": 64, "submits_per_second": 1000, "queries_per_second": 1000, "downloads": 64}


def cpu(folder: Path) -> Iterator[Row]:
    """CPU of each program's own process, less what it uses when everything is made already.

    The clips are smaller than asked, so that the other processes, in which clips are verified,
    leave the processors to what is measured. The durable script tells how much of it is the
    promise's own: commits before and after each POST, POSTs one at a time and on fresh connections.
    """
    board = Board(folder, TAKES, limits=LIMITS)
    no_limits = {"in_flight": None, "submits_per_second": None, "queries_per_second": None}
    with emulator(**no_limits, faults=(Fault.of("submit:clip_wrong=size"),)) as at:
        cost = {name: _milliseconds(board, name, at) for name in (*NAMES, DURABLE)}
    ours, sdk, least = cost[OURS], cost[SDK], cost[MINIMAL]
    yield Row(
        f"CPU per take of the control loop, {TAKES:,} takes, 64 in flight",
        "<= 2.5 x minimal, <= 1/4 of SDK",
        f"{ours:.2f} ms: {ours / least:.2f} x minimal, 1/{sdk / ours:.2f} of SDK",
        ours <= 2.5 * least and ours <= sdk / 4,
        f"{SDK} {sdk:.2f} ms, {MINIMAL} {least:.2f} ms, {DURABLE} {cost[DURABLE]:.2f} ms",
    )


def _milliseconds(board: Board, name: str, at: process.Child) -> float:
    """CPU for one take. Verifying, hashing and posters are the business of other processes."""
    first = board.run(name, at)
    assert board.done(name) == TAKES, f"{name} made {board.done(name)} clips: {first.said[-2000:]}"
    return (first.cpu - board.run(name, at).cpu) / TAKES * 1000
