"""The ledger off the event loop: order, one commit for what comes at once, and what fails in it."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from ledgers import add, new_take, states

from r2vbatch.errors import OutputUnavailable
from r2vbatch.ledger import IllegalTransition, Ledger, LedgerThread, State

S = State
KEYS = (1, 2, 3)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """Three planned takes."""
    opened = Ledger.open(tmp_path / "ledger.db")
    assert add(opened, *(new_take(f"sh{number}_t01") for number in KEYS)) == list(KEYS)
    yield opened
    opened.close()


Asked = tuple[int, State]


async def _at_once(thread: LedgerThread, *asked: Asked) -> list[object]:
    """What becomes of moves that are asked for while the thread is at work."""
    leave = threading.Event()
    first = asyncio.create_task(thread.do(lambda _: leave.wait()))
    moves = [asyncio.create_task(thread.do(Ledger.move, key, to)) for key, to in asked]
    await asyncio.sleep(0)  # they have asked now
    leave.set()
    await first
    return await asyncio.gather(*moves, return_exceptions=True)


def _commits(ledger: Ledger, act: Callable[[], object]) -> int:
    said: list[str] = []
    ledger._db.set_trace_callback(said.append)
    act()
    ledger._db.set_trace_callback(None)
    return said.count("COMMIT")


def test_what_was_begun_off_the_loop_is_carried_out(ledger: Ledger) -> None:
    """Calls run in order on one other thread; a caller that is cancelled takes none back."""
    thread, entered, leave = LedgerThread(ledger), threading.Event(), threading.Event()

    def slowly(opened: Ledger, to: State) -> int:
        entered.set()
        leave.wait()
        opened.move(1, to)
        return threading.get_ident()

    async def cancelled() -> None:
        call = asyncio.create_task(thread.do(slowly, S.SUBMITTING))
        await asyncio.to_thread(entered.wait)
        waiting = asyncio.create_task(thread.do(slowly, S.SUBMITTED))
        await asyncio.sleep(0)
        for task in (call, waiting):
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        leave.set()
        assert await thread.do(slowly, S.RUNNING) != threading.get_ident()

    asyncio.run(cancelled())
    thread.close()
    assert [after for _, _, after, _, _ in ledger.events(1)] == [
        "planned",
        "submitting",
        "submitted",
        "running",
    ]


def test_what_comes_at_once_shares_a_commit(ledger: Ledger) -> None:
    """Three takes and a read that wait for the thread are one transaction; each caller is told
    its own row, and the listener of every step, in order."""
    thread, told = LedgerThread(ledger), []
    thread.listener = told.append

    def act() -> None:
        asked = [(key, S.SUBMITTING) for key in KEYS] + [(2, S.SUBMITTED)]
        rows = asyncio.run(_at_once(thread, *asked))
        assert [(row.key, row.state) for row in rows] == asked  # type: ignore[attr-defined]

    assert _commits(ledger, act) == 1
    thread.close()
    assert [(t.key, t.after) for t in told] == [
        *((k, S.SUBMITTING) for k in KEYS),
        (2, S.SUBMITTED),
    ]


@pytest.mark.parametrize("wrong", [0, 1, 2, 3])
def test_one_that_fails_fails_alone(ledger: Ledger, wrong: int) -> None:
    """Wherever in the transaction an illegal step stands, the others are made, once, and told."""
    thread, told = LedgerThread(ledger), []
    thread.listener = told.append
    asked = [(key, S.SUBMITTING) for key in KEYS]
    asked.insert(wrong, (3 if wrong < 2 else 1, S.DONE))
    ends = asyncio.run(_at_once(thread, *asked))
    thread.close()
    assert [type(end) for end in ends].index(IllegalTransition) == wrong
    assert states(ledger, KEYS) == [S.SUBMITTING] * 3
    assert [t.key for t in told] == list(KEYS)
    assert all(len(ledger.events(key)) == 2 for key in KEYS)


def test_a_full_disk_fails_each_that_does_not_fit(ledger: Ledger) -> None:
    """A transaction that the disk has no room for is undone, and tried step by step: who is told
    of a step can rely on it, and who is not is told why."""
    thread = LedgerThread(ledger)
    pages = ledger._db.execute("PRAGMA page_count").fetchone()[0]
    ledger._db.execute(f"PRAGMA max_page_count = {pages + 2}")

    async def fill() -> list[object]:
        leave = threading.Event()
        first = asyncio.create_task(thread.do(lambda _: leave.wait()))
        whys = ("short", "long" * 10_000, "short")
        moves = [
            asyncio.create_task(thread.do(Ledger.move, key, S.SUBMITTING, why))
            for key, why in zip(KEYS, whys, strict=True)
        ]
        await asyncio.sleep(0)
        leave.set()
        await first
        return await asyncio.gather(*moves, return_exceptions=True)

    ends = asyncio.run(fill())
    thread.close()
    assert isinstance(ends[1], OutputUnavailable) and "full" in ends[1].message
    assert states(ledger, KEYS) == [S.SUBMITTING, S.PLANNED, S.SUBMITTING]


def test_another_writer_is_waited_for_once(tmp_path: Path) -> None:
    """Where the ledger stays locked, all that came at once hear of it after one wait."""
    ledger = Ledger.open(tmp_path / "ledger.db", patience=0.01)
    add(ledger, *(new_take(f"sh{number}_t01") for number in KEYS))
    thread, said = LedgerThread(ledger), []
    with closing(sqlite3.connect(ledger.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        ledger._db.set_trace_callback(said.append)
        ends = asyncio.run(_at_once(thread, *((key, S.SUBMITTING) for key in KEYS)))
        ledger._db.set_trace_callback(None)
    thread.close()
    assert all(isinstance(end, OutputUnavailable) and "locked" in end.message for end in ends)
    assert said.count("BEGIN IMMEDIATE") == 1
    assert states(ledger, KEYS) == [S.PLANNED] * 3
    ledger.close()


def test_a_checkpoint_among_others_is_made(ledger: Ledger) -> None:
    """A checkpoint cannot be part of a transaction: what is asked for with it goes one by one."""
    thread = LedgerThread(ledger)

    async def all_at_once() -> None:
        calls = [thread.do(Ledger.move, key, S.SUBMITTING) for key in KEYS]
        await asyncio.gather(*calls, thread.do(Ledger.checkpoint))

    asyncio.run(all_at_once())
    assert not ledger.path.with_name("ledger.db-wal").stat().st_size
    thread.close()
    assert states(ledger, KEYS) == [S.SUBMITTING] * 3


def test_closing_waits_for_all_that_was_asked_for(ledger: Ledger) -> None:
    """What waits for its turn when the thread is put away is on the disk afterwards, and whoever
    asked is told."""
    thread = LedgerThread(ledger)

    async def leave() -> list[State]:
        calls = [asyncio.create_task(thread.do(Ledger.move, k, S.SUBMITTING)) for k in KEYS]
        await asyncio.sleep(0)
        thread.close()
        async with asyncio.timeout(30):
            return [(await call).state for call in calls]

    assert asyncio.run(leave()) == states(ledger, KEYS) == [S.SUBMITTING] * 3
