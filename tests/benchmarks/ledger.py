"""What the ledger costs: durable transitions a second, and its questions at 20,000 takes.

    python tests/benchmarks/ledger.py [FOLDER]

FOLDER lies on the disk to be measured (default: a temporary one). The bare disk is measured
beside it: a line appended to a file and synced, which no durable store can beat by much.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from ledgers import ROADS, add, new_take

from r2vbatch.ledger import Ledger, LedgerThread, State

ROAD = ROADS[State.DONE]
TAKES = 300
MANY = 20_000


def bare_disk(folder: Path) -> int:
    """Lines appended and synced, one by one."""
    with (folder / "lines").open("ab", buffering=0) as file:
        for _ in range(TAKES * len(ROAD)):
            file.write(b"x" * 400 + b"\n")
            os.fsync(file.fileno())
    return TAKES * len(ROAD)


def transitions(folder: Path, *, shared_disk: bool = False) -> int:
    """Takes brought from planned to done, each step a transaction of its own."""
    ledger = Ledger.open(folder / f"{shared_disk}.db", shared_disk=shared_disk)
    for key in add(ledger, *(new_take(f"s{n}_t01") for n in range(TAKES))):
        for state in ROAD:
            ledger.move(key, state)
    ledger.close()
    return TAKES * len(ROAD)


def off_the_loop(folder: Path) -> int:
    """The same through the ledger's thread, eight takes at once, as a run does."""
    ledger = Ledger.open(folder / "thread.db")
    keys = add(ledger, *(new_take(f"s{n}_t01") for n in range(TAKES)))
    thread = LedgerThread(ledger)

    async def live(mine: list[int]) -> None:
        for key in mine:
            for state in ROAD:
                await thread.do(Ledger.move, key, state)

    async def run() -> None:
        await asyncio.gather(*(live(keys[n::8]) for n in range(8)))

    asyncio.run(run())
    thread.close()
    ledger.close()
    return TAKES * len(ROAD)


def measured(name: str, work: Callable[[], int]) -> None:
    """Do the work; print how many a second, and the processor's share of each."""
    began, busy = time.perf_counter(), time.process_time()
    number = work()
    seconds, busy = time.perf_counter() - began, time.process_time() - busy
    print(f"{name:<44} {number / seconds:>9,.0f} /s {1e6 * busy / number:>9,.0f} us CPU each")


def questions(folder: Path) -> None:
    """What a run asks of a finished batch."""
    ledger = Ledger.open(folder / "many.db")
    measured(f"add {MANY:,} takes, one transaction",
             lambda: len(add(ledger, *(new_take(f"s{n}_t01") for n in range(MANY)))))  # fmt: skip
    for state in ROAD:
        ledger.move_all((key, state, "") for key in range(1, MANY + 1))
    measured("known(), for matching", lambda: len(ledger.known("live")))
    measured("wanted(), whole rows, for exports", lambda: len(ledger.wanted("live")))
    measured("files()", lambda: len(ledger.files("live")) or MANY)
    measured("take(), one by one", lambda: len([ledger.take(key) for key in range(1, 2001)]))
    measured("spent(), counts() and unfinished(), together", lambda: _sums(ledger))
    ledger.close()


def _sums(ledger: Ledger) -> int:
    ledger.purses()
    ledger.counts()
    ledger.unfinished("live")
    return 1


def main(folder: Path) -> None:
    """One table."""
    measured("bare disk: append 400 bytes and fsync", lambda: bare_disk(folder))
    measured("transitions, durable (WAL, FULL)", lambda: transitions(folder))
    measured(
        "transitions, shared disk (DELETE, FULL)", lambda: transitions(folder, shared_disk=True)
    )
    measured("transitions through the ledger's thread", lambda: off_the_loop(folder))
    questions(folder)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as place:
        main(Path(place))
