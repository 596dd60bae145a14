"""The promise under SIGKILL: what was told as committed is there afterwards."""

from __future__ import annotations

import random
import signal
import sqlite3
from pathlib import Path

from ledgers import child

from r2vbatch.ledger import Ledger, State, legal

WRITER = """
import asyncio, random, sys
from pathlib import Path
from ledgers import add, new_take
from r2vbatch.ledger import Ledger, LedgerThread, State, legal

path, seed = Path(sys.argv[1]), int(sys.argv[2])
ledger, choose = Ledger.open(path), random.Random(seed)
keys = [row.key for row in ledger.wanted("live")]
if not keys:
    keys = add(ledger, *(new_take(f"sh{n}_t01") for n in range(8)))
thread = LedgerThread(ledger)

async def walk(key):
    while True:
        row = await thread.do(Ledger.take, key)
        to = choose.choice([s for s in State if legal("live", row.state, s)])
        await thread.do(Ledger.move, key, to, task_id=f"{key}-{to}")
        events = await thread.do(Ledger.events, key)
        print(key, to, len(events), flush=True)
        if choose.random() < 0.05:
            await thread.do(Ledger.checkpoint)

async def main(many):
    print("ready", flush=True)
    await asyncio.gather(*map(walk, choose.sample(keys, many)))

asyncio.run(main(8 if seed % 2 else 1))
"""


def test_no_committed_step_is_lost_to_sigkill(tmp_path: Path) -> None:
    """A writer is killed ten times, after a random number of its lines, every other time while
    eight takes share its commits: every step it told of is in the ledger, which is sound, and its
    history leads to where each take stands."""
    path, choose, steps = tmp_path / "ledger.db", random.Random(7), 0
    for seed in range(10):
        told = _until_killed(path, seed, choose.randrange(1, 60))
        steps += len(told)
        ledger = Ledger.open(path)
        for key, to, events in told:
            history = ledger.events(key)
            assert len(history) >= events
            assert history[events - 1][2] == to
        for row in ledger.wanted("live"):
            walked = [(b, a) for _, b, a, _, _ in ledger.events(row.key) if b and a]
            assert all(legal("live", State(b), State(a)) for b, a in walked)
            assert (walked[-1][1] if walked else "planned") == row.state
        ledger.close()
        with sqlite3.connect(path) as plain:
            assert plain.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        plain.close()
    assert steps > 100


def _until_killed(path: Path, seed: int, lines: int) -> list[tuple[int, str, int]]:
    """Run a writer, kill it after `lines` lines; what it told until it was gone."""
    with child(WRITER, path, seed) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        told = [writer.stdout.readline() for _ in range(lines)]
        writer.kill()
        told += writer.stdout.readlines()
    assert writer.returncode == -signal.SIGKILL
    whole = [line.split() for line in told if line.endswith("\n")]
    return [(int(key), to, int(events)) for key, to, events in whole]
