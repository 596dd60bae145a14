"""How near a batch comes to the shortest time its tasks could take, and how soon a clip is here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.stage import MINIMAL, NAMES, OURS, SDK, Board, Seen, emulator
from tests.benchmarks.table import Row

SLOTS = 5
LATE = "mean seconds from task end to clip on disk, "


def queued(folder: Path) -> Iterator[Row]:
    """The service keeps what is beyond its limit waiting."""
    board = Board(folder, 60)
    with emulator(latency=(2.0, 4.0)) as at:
        seen = board.run_all(at)
    yield _makespan("makespan of 60 takes of 2-4 s, 5 slots, service queues", 1.05, seen)
    yield _lateness(LATE + "queued", seen)


def refused(folder: Path) -> Iterator[Row]:
    """The service refuses what is beyond its limit."""
    board = Board(folder, 60)
    with emulator(latency=(2.0, 4.0), over_limit="refuse") as at:
        seen = board.run_all(at)
    yield _makespan("the same, service refuses the 6th (429)", 1.10, seen)
    yield _lateness(LATE + "refused", seen)


def minute_long(folder: Path) -> Iterator[Row]:
    """As long as real tasks at their shortest. The minimal script is given the same budget of
    questions: one a task in 10 s. Not 60 s to the millisecond, for then every sixth of its
    questions, and every twelfth of the SDK's, would come by chance just after an end."""
    board = Board(folder, 20, poll=10.0)
    with emulator(latency=(59.0, 61.0)) as at:
        seen = board.run_all(at)
    row = _makespan("20 takes of 60 s, 5 slots", 1.02, seen)
    rate = {name: s.stats["queries"] / s.makespan for name, s in seen.items()}
    peers = ", ".join(f"{name} {rate[name]:.2f} queries/s" for name in (SDK, MINIMAL))
    yield Row(
        row.what,
        row.must + ", <= 0.5 queries/s",
        f"{row.measured}, {rate[OURS]:.2f} queries/s",
        row.reached and rate[OURS] <= 0.5,
        f"{row.peers}; {peers}",
    )
    yield _lateness(LATE + "60 s", seen)


def _makespan(what: str, most: float, seen: dict[str, Seen]) -> Row:
    ratio = {name: s.makespan / s.ideal(SLOTS) for name, s in seen.items()}
    ours = seen[OURS]
    return Row(
        what,
        f"<= {most:.2f} x ideal",
        f"{ratio[OURS]:.3f} x ({ours.makespan:.1f} s of {ours.ideal(SLOTS):.1f} s)",
        ratio[OURS] <= most and len(ours.clips) == len(ours.tasks),
        ", ".join(f"{name} {ratio[name]:.3f} x" for name in NAMES[1:]),
    )


def _lateness(what: str, seen: dict[str, Seen]) -> Row:
    late = {name: s.lateness for name, s in seen.items()}
    return Row(
        what,
        "below both peers'",
        f"{late[OURS]:.2f} s",
        late[OURS] < min(late[SDK], late[MINIMAL]),
        ", ".join(f"{name} {late[name]:.2f} s" for name in NAMES[1:]),
    )
