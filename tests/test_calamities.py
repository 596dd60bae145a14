"""What happens to a batch when the machine under it fails: a full disk, a folder that cannot be
written, a ledger that is held or broken, a clock that steps back. Each is said in a sentence with
the right exit code; nothing is lost, nothing paid twice, and the next run goes on."""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT
from studio import KEY, Studio, account, service

from r2vbatch.errors import Exit

HOUR = 3600.0


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    made = Studio(tmp_path / "film")
    made.shots("a", "b", "c")
    return made


@contextlib.contextmanager
def small_disk(place: Path, size: str) -> Iterator[None]:
    """A disk of its own at `place`; the test is skipped where one may not be mounted."""
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(place)]
    try:
        mounted = subprocess.run(words, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("no mount here")
    if mounted.returncode != 0:
        pytest.skip(f"no disk can be mounted: {mounted.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def fill(disk: Path) -> Path:
    """Take all the room there is."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(b"\0" * 4096):
            pass
    return filler


def test_room_is_looked_at_before_money(studio: Studio) -> None:
    """A disk too small for the clips is said before anything is sent."""
    with service() as at, small_disk(studio.output, "4m"):
        result = studio.live(at)
        assert result.code == Exit.OUTPUT, result.err
        assert re.search(r"some [1-9]\d* MB are needed .* and \d+ MB are free", result.err)
        assert account(at)["posts"] == 0


def test_the_disk_becomes_full(studio: Studio) -> None:
    """A disk that fills up while clips are being made stops the batch with a sentence; what was
    paid for is fetched by the next run, and nothing is bought again."""
    with service(latency=1.0) as at, small_disk(studio.output, "30m"):
        words = studio.live_words(at, "--progress", "json")
        with studio.start(*words, DASHSCOPE_API_KEY=KEY) as program:
            assert program.stdout is not None
            while json.loads(program.stdout.readline())["after"] != "submitted":
                pass
            filler = fill(studio.output)
            _, err = program.communicate(timeout=60)
        assert program.returncode == Exit.OUTPUT, err
        assert "full" in err and "free some room" in err
        assert "Traceback" not in err
        filler.unlink()
        again = studio.live(at)
        assert again.code == Exit.DONE, again.err
        assert set(studio.states().values()) == {"done"}
        assert len(studio.hashes()) == 3
        assert account(at)["billed_tasks"] == account(at)["tasks_created"] == 3


@pytest.mark.parametrize("begun", [False, True])
def test_a_folder_that_cannot_be_written(studio: Studio, begun: bool) -> None:
    """A read-only output folder is said before anything is sent, with a batch in it or without;
    what it holds can still be read."""
    with service() as at, small_disk(studio.output, "30m"):
        if begun:
            assert studio.live(at, "--only", "a").code == Exit.DONE
        before = studio.hashes()
        posts = account(at)["posts"]
        subprocess.run(["mount", "-o", "remount,ro", str(studio.output)], check=True)
        result = studio.live(at)
        assert result.code == Exit.OUTPUT, result.err
        assert str(studio.output) in result.err
        assert "Traceback" not in result.err
        assert account(at)["posts"] == posts
        assert studio.hashes() == before
        if begun:
            seen = studio.call("status", "out")
            assert seen.code == Exit.DONE, seen.err
            assert "live: 1 of 1 done" in seen.out


def test_a_ledger_that_another_program_holds(studio: Studio) -> None:
    """A ledger that somebody else writes to for long is said, and nothing is sent unrecorded."""
    with service() as at:
        assert studio.live(at, "--only", "a").code == Exit.DONE
        posts = account(at)["posts"]
        with contextlib.closing(sqlite3.connect(studio.output / "ledger.db")) as other:
            other.execute("BEGIN IMMEDIATE")
            result = studio.live(at)
        assert result.code == Exit.OUTPUT, result.err
        assert "locked" in result.err and "another program is writing to" in result.err
        assert account(at)["posts"] == posts
        assert studio.live(at).code == Exit.DONE
        assert account(at)["billed_tasks"] == 3


@pytest.mark.long
def test_a_ledger_that_is_held_while_a_submit_is_answered(studio: Studio) -> None:
    """A task id that cannot be written down is not lost: the next run finds its task by itself, and
    pays for nothing twice."""
    with service(answer_delay=3.0) as at:
        words = studio.live_words(at)
        with studio.start(*words, DASHSCOPE_API_KEY=KEY) as program:
            while not account(at)["posts"]:
                time.sleep(0.01)
            with contextlib.closing(sqlite3.connect(studio.output / "ledger.db")) as other:
                other.execute("BEGIN IMMEDIATE")
                _, err = program.communicate(timeout=120)
        assert program.returncode == Exit.OUTPUT, err
        assert "another program is writing to" in err
        assert studio.live(at).code == Exit.DONE
        assert account(at)["billed_tasks"] == account(at)["tasks_created"] == 3


def test_a_ledger_that_is_damaged(studio: Studio) -> None:
    """A damaged ledger is said with what to do; the clips stay, and nothing is bought anew as if
    there had been none."""
    with service() as at:
        assert studio.live(at).code == Exit.DONE
        before, posts = studio.hashes(), account(at)["posts"]
        ledger = studio.output / "ledger.db"
        whole = ledger.read_bytes()
        ledger.write_bytes(whole[: len(whole) // 3])
        result = studio.live(at)
        assert result.code == Exit.OUTPUT, result.err
        assert "ledger.db cannot be used" in result.err
        assert (studio.hashes(), account(at)["posts"]) == (before, posts)
        ledger.write_bytes(whole)  # the copy a person had
        assert studio.live(at).code == Exit.DONE
        assert account(at)["posts"] == posts


def test_a_synced_disk(tmp_path: Path) -> None:
    """On a disk that is shared or synced the ledger is kept without a write-ahead log, which is
    said, and all goes its way."""
    studio = Studio(tmp_path / "Dropbox" / "film")
    studio.shots("a")
    with service() as at:
        result = studio.live(at)
        assert result.code == Exit.DONE, result.err
        assert "network or synced disk" in result.err
        assert studio.ledger("PRAGMA journal_mode") == [("delete",)]


STEPS = pytest.mark.parametrize(
    "seconds", [pytest.param(600, marks=pytest.mark.long), 3 * HOUR,
                pytest.param(30 * HOUR, marks=pytest.mark.long)],
)  # fmt: skip


@STEPS
def test_the_clock_steps_back(studio: Studio, seconds: float) -> None:
    """A clock that is put back while tasks run and one submit has no answer: each take is paid
    once and has its clip."""
    studio.instead = [sys.executable, str(ROOT / "tests" / "step_clock.py"), str(seconds), "2"]
    with service("submit:reset_after:#3", latency=1.0) as at:
        result = studio.live(at)
        assert result.code == Exit.DONE, result.err
        assert account(at)["billed_tasks"] == account(at)["posts"] == 3
    assert set(studio.states().values()) == {"done"}
    assert len(studio.hashes()) == 3


@STEPS
def test_the_clock_was_ahead_until_the_next_run(studio: Studio, seconds: float) -> None:
    """A run killed on a clock that was far ahead is gone on with by one whose clock is right."""
    studio.instead = [sys.executable, str(ROOT / "tests" / "step_clock.py"), str(-seconds), "0"]
    with service("submit:reset_after:#2", latency=1.0) as at:
        words = studio.live_words(at, "--grace", "30")
        studio.killed_after("in_doubt", 1, *words, DASHSCOPE_API_KEY=KEY)
        studio.instead = ()
        result = studio.live(at)
        assert result.code == Exit.DONE, result.err
        assert account(at)["billed_tasks"] == account(at)["posts"] == 3
    assert set(studio.states().values()) == {"done"}
