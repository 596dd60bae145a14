"""The promise under SIGKILL at random moments of a batch, at a service that takes its time to
answer a submit, so that some are never heard: the next run finds out what became of them."""

from __future__ import annotations

import json
import random
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from aftermath import assert_in_order, assert_nobody_left
from studio import Studio, service

from r2vbatch.emulator import process
from r2vbatch.errors import Exit

TAKES = 40
GRACE = "1"
"""Seconds: a task is created as soon as its POST has been read, and listed at once."""
SEEDS = range(300)
FEW = range(15)
AT_ONCE = 60
KEYS = tuple(f"sk-{seed:032x}" for seed in SEEDS)
"""A seed is an account of its own."""


@pytest.fixture(scope="module")
def slow_to_answer() -> Iterator[process.Child]:
    """An emulator that has made a task some time before it says so."""
    small = "submit:clip_wrong=size:1.0"  # a fifth of the pixels: looking at clips is most of it
    with service(
        small, keys=KEYS, in_flight=20, latency=(0.05, 0.3), answer_delay=(0.02, 0.12)
    ) as at:  # fmt: skip
        yield at


def _killed_and_ended(at: process.Child, place: Path, seed: int) -> tuple[int, bool]:
    """A batch killed at the moment that `seed` chooses, then run to its end; how many of its
    submits were never answered, and whether it had not ended before we came to kill it."""
    choose = random.Random(seed)
    events = choose.randrange(1, 4 * TAKES)
    in_a_post = events < 2 * TAKES  # in the first half, when there are POSTs to come
    delay = choose.uniform(0.0, 0.05 if in_a_post else 0.2)
    studio = Studio(place / str(seed))
    pace = {"in_flight": 20, "submits_per_second": 100, "queries_per_second": 200}
    studio.shots(*(f"s{number:02}" for number in range(TAKES)), limits=pace)
    words = studio.live_words(at, "--grace", GRACE)
    mark = f"<{studio.folder}>"
    env = {"DASHSCOPE_API_KEY": KEYS[seed], "R2VBATCH_TEST": mark}
    with studio.start(*words, "--progress", "json", **env) as program:
        assert program.stdout is not None and program.stderr is not None
        for _ in range(events):
            line = program.stdout.readline()
        while in_a_post and line and json.loads(line)["after"] != "submitting":
            line = program.stdout.readline()
        time.sleep(delay)
        program.send_signal(signal.SIGKILL)
        program.stdout.read()
        program.stderr.read()
    assert program.returncode in {-signal.SIGKILL, Exit.DONE}
    again = studio.call(*words, **env)
    where = f"seed {seed}, after {events} events and {delay:.3f} s"
    assert again.code == Exit.DONE, f"{where}: {again.err}"
    assert_in_order(studio)
    assert len(studio.hashes()) == TAKES, where
    account = at.stats()["accounts"][f"account-{seed + 1}"]
    assert (account["tasks_created"], account["billed_tasks"]) == (TAKES, TAKES), where
    assert_nobody_left([mark])
    return account["unanswered_submits"], program.returncode == -signal.SIGKILL


def _all_of(at: process.Child, place: Path, seeds: range) -> None:
    with ThreadPoolExecutor(3) as side_by_side:
        ends = list(side_by_side.map(lambda seed: _killed_and_ended(at, place, seed), seeds))
    unanswered, killed = (sum(each) for each in zip(*ends, strict=True))
    print(f"{killed} kills, {unanswered} submits never answered")
    assert unanswered > 0
    assert killed > 0.8 * len(seeds), "we stood still for long, and again and again"


def test_batches_killed_at_random_moments(slow_to_answer: process.Child, tmp_path: Path) -> None:
    """Fifteen batches of forty takes, each killed once and run again: every take is paid once and
    has its clip, although some submits were never answered."""
    _all_of(slow_to_answer, tmp_path, FEW)


@pytest.mark.long
@pytest.mark.parametrize("first", SEEDS[::AT_ONCE])
def test_many_batches_killed_at_random_moments(
    slow_to_answer: process.Child, tmp_path: Path, first: int
) -> None:
    """The same for three hundred seeds."""
    _all_of(slow_to_answer, tmp_path, SEEDS[first : first + AT_ONCE])
