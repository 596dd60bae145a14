"""Choosing on the command line: retakes, circles and notes, beside a batch and without one."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from studio import KEY, Studio, account, service

from r2vbatch.emulator import process
from r2vbatch.errors import Exit
from r2vbatch.ledger import Ledger


@pytest.fixture(scope="module")
def at() -> Iterator[process.Child]:
    """One service for the tests that do not count its tasks."""
    with service() as child:
        yield child


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    """Two shots."""
    studio = Studio(tmp_path)
    studio.shots("sh010", {"id": "sh020", "prompt": "@ellen waves.", "seed": 7})
    return studio


def test_a_retake_is_made_by_the_next_run(studio: Studio, at: process.Child) -> None:
    """Asked for once it is made once, under a number and a seed of its own; the rest is kept."""
    assert studio.live(at).code == Exit.DONE
    here = (str(studio.file), "--endpoint", at.base_url)
    before = studio.inodes()
    asked = studio.call("retake", "out", "sh020", "--takes", "2", "--yes")
    assert (asked.code, asked.out.splitlines()[:2]) == (
        Exit.DONE, ["sh020_t02: asked for", "sh020_t03: asked for"],
    ), asked.err  # fmt: skip
    assert "asked for, and made by the next run: sh020_t02, sh020_t03" in (
        studio.call("status", "out").out
    )
    plan = studio.call("plan", *here).out
    assert "sh020_t03  make" in plan and "asked for once more" in plan
    assert studio.live(at, verb="resume").code == Exit.DONE
    rows = studio.rows()
    assert [*rows] == ["sh010_t01", "sh020_t01", "sh020_t02", "sh020_t03"]
    assert [rows[f"sh020_t0{n}"]["seed"] for n in (1, 2, 3)] == [7, 8, 9]
    assert before.items() <= studio.inodes().items()
    assert studio.live(at).code == Exit.DONE
    assert studio.ledger("SELECT count(*) FROM takes") == [(4,)]
    assert studio.call("retake", "out", "sh010", "--yes").code == Exit.DONE
    back = studio.call("retake", "out", "sh0*", "--not")
    assert back.out == "sh010_t02: not asked for any more\n"
    assert "sh010_t02" not in studio.call("plan", *here).out


def test_what_cannot_be_asked_for(studio: Studio, at: process.Child) -> None:
    """A shot that is not there, with the one that is meant; one of which nothing was made."""
    assert studio.live(at, "--only", "sh010").code == Exit.DONE
    unknown = studio.call("retake", "out", "sh01")
    assert unknown.code == Exit.USAGE
    assert "there is no shot 'sh01'" in unknown.err and "did you mean sh010?" in unknown.err
    early = studio.call("retake", "out", "sh020")
    assert (early.code, "no take of sh020 was made yet" in early.err) == (Exit.USAGE, True)
    assert studio.ledger("SELECT count(*) FROM retakes") == [(0,)]


def test_nothing_live_is_asked_for_without_a_yes(studio: Studio) -> None:
    """The price is said; without --yes and without a terminal nothing is recorded."""
    with service() as at:
        assert studio.live(at).code == Exit.DONE
        refused = studio.call("retake", "out", "sh010")
        assert refused.code == Exit.USAGE
        assert "this would spend up to 0.10 USD" in refused.err
        assert studio.ledger("SELECT count(*) FROM retakes") == [(0,)]
        assert studio.call("retake", "out", "sh010", "--yes").code == Exit.DONE
        assert account(at)["billed_tasks"] == 2
        # an edit lets it fall away, and the edit taken back brings it again
        studio.board["shots"][0]["prompt"] = "@ellen sleeps."
        studio.save()
        assert "sh010_t02" not in studio.call("plan", str(studio.file)).out


def test_a_running_batch_takes_a_retake_up(studio: Studio) -> None:
    """Asked for while the last take is being made, it is bought by that run, once; what nobody
    agreed to waits for the next run, which asks."""
    with service(latency=2.0) as at:
        words = studio.live_words(at, "--only", "sh020", "--progress", "json")
        with studio.start(*words, DASHSCOPE_API_KEY=KEY) as program:
            assert program.stdout is not None
            next(line for line in program.stdout if json.loads(line)["after"] == "submitted")
            os.kill(at.pid, signal.SIGSTOP)  # nothing ends before it is asked for
            try:
                assert studio.call("retake", "out", "sh020", "--yes").code == Exit.DONE
                with contextlib.closing(Ledger.open(studio.output / "ledger.db")) as ledger:
                    ledger.ask_again("sh020", "live")
            finally:
                os.kill(at.pid, signal.SIGCONT)
            last = [json.loads(line) for line in program.stdout][-1]
            assert program.wait(studio.patience) == Exit.DONE
        assert (last["done"], last["total"]) == (2, 2)
        assert studio.states() == {"sh020_t01": "done", "sh020_t02": "done"}
        assert account(at)["billed_tasks"] == 2
        assert studio.live(at, "--max-cost", "0.20 USD").code == Exit.REFUSED
        assert studio.states()["sh020_t03"] == "held"
        assert account(at)["billed_tasks"] == 2


@pytest.mark.long
def test_a_running_batch_leaves_what_was_taken_back(studio: Studio) -> None:
    """It has the retake before it already, behind a full window: the yes is withdrawn in time, so
    nothing is bought, and the batch ends as if nobody had asked."""
    studio.board["limits"] = {"in_flight": 1}
    studio.save()
    with service(latency=2.0) as at:
        words = studio.live_words(at, "--only", "sh020", "--progress", "json")
        with studio.start(*words, DASHSCOPE_API_KEY=KEY) as program:
            assert program.stdout is not None
            next(line for line in program.stdout if json.loads(line)["after"] == "submitted")
            os.kill(at.pid, signal.SIGSTOP)  # the one slot stays taken
            try:
                assert studio.call("retake", "out", "sh020", "--yes").code == Exit.DONE
                taken_up = "SELECT 1 FROM takes WHERE take = 'sh020_t02'"
                while not studio.ledger(taken_up):
                    assert program.poll() is None
                back = studio.call("retake", "out", "sh020", "--not")
                assert back.out == "sh020_t02: not asked for any more\n"
            finally:
                os.kill(at.pid, signal.SIGCONT)
            assert program.wait(studio.patience) == Exit.DONE
        assert account(at)["billed_tasks"] == 1
        assert studio.live(at, "--only", "sh020").code == Exit.DONE
        assert account(at)["billed_tasks"] == 1


@pytest.mark.long
def test_circles_and_notes(studio: Studio, at: process.Child) -> None:
    """Said of takes that are done; `status` tells them to people and to machines."""
    studio.board["defaults"]["takes"] = 2
    studio.save()
    assert studio.live(at).code == Exit.DONE
    call = studio.call
    assert call("circle", "out", "sh010_t01").out == "sh010: sh010_t01 is the good one\n"
    assert call("note", "out", "sh010_t01", "her hand\x1b[31m", "--at", "1.5").code == Exit.DONE
    late = call("note", "out", "sh010_t01", "after it", "--at", "99")
    assert (late.code, "sh010_t01 is 2 s long" in late.err) == (Exit.USAGE, True)
    assert call("note", "out", "sh010_t01", "good").out.splitlines()[1] == "2: good"
    told = call("status", "out").out
    assert "circled: sh010_t01\n" in told and "notes about: sh010_t01\n" in told
    found = json.loads(call("status", "out", "--json").out)
    assert [(c["take"], c["kind"], c["by_person"]) for c in found["circled"]] == [
        ("sh010_t01", "live", True), ("sh020_t02", "live", False),
    ]  # fmt: skip
    assert [(n["take"], n["text"], n["seconds"]) for n in found["notes"]] == [
        ("sh010_t01", "her hand\x1b[31m", 1.5), ("sh010_t01", "good", None),
    ]  # fmt: skip
    assert call("note", "out", "sh010_t01", "--remove", "1").out == "2: good\n"
    back = call("circle", "out", "sh010_t01", "--not")
    assert back.out == "sh010: sh010_t02 is the good one (the newest)\n"
    wrong = call("circle", "out", "sh010_t1")
    assert wrong.code == Exit.USAGE and "did you mean sh010_t01?" in wrong.err
