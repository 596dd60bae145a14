"""The promise where two things meet: another key, another address, another process, a wrong clock.

Each case here was a hole once: a take stuck, lost or told wrongly, though its task was known.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

import pytest
from scenes import Scene, Stage
from studio import KEY, Studio, service

from r2vbatch.dashscope.client import Client
from r2vbatch.dashscope.key import Key
from r2vbatch.dashscope.model import Status
from r2vbatch.dashscope.regions import find_endpoint
from r2vbatch.emulator import process
from r2vbatch.errors import Exit

OTHER_KEY = "sk-" + "9z8y7x6w" * 4
STEP_CLOCK = Path(__file__).parent / "step_clock.py"


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path / "film")


def killed_in_doubt(studio: Studio, at: process.Child) -> None:
    """A run killed as soon as a submit of it was not answered."""
    words = studio.live_words(at, "--grace", "0.5")
    studio.killed_after("in_doubt", 1, *words, DASHSCOPE_API_KEY=KEY)


def test_a_key_refused_where_an_older_task_was_made(studio: Studio) -> None:
    """After a change of region, and so of key, the task of the old region cannot be asked for: that
    is its own affair, and stops nothing where the key is good."""
    studio.shots("a", "b")
    with service(keys=(OTHER_KEY,), latency=20.0) as there, service(keys=(KEY,)) as here:
        words = studio.live_words(there, "--only", "a")
        studio.killed_after("submitted", 1, *words, DASHSCOPE_API_KEY=OTHER_KEY)
        result = studio.live(here)
    assert studio.states() == {"a_t01": "submitted", "b_t01": "done"}
    assert result.code == Exit.NOT_ALL_DONE
    assert "a_t01 submitted: its task cannot be asked for: InvalidApiKey" in result.out
    assert "stopped submitting" not in result.out


@pytest.mark.long
def test_one_account_under_two_addresses(studio: Studio) -> None:
    """A region has a classic host and workspace hosts: a task made through one is listed by the
    other, too, and is not adopted there by a take in doubt."""
    studio.shots({"id": "a", "prompt": "@ellen waves.", "takes": 2})
    with service("submit:reset_before:#1", latency=2.5) as at:
        killed_in_doubt(studio, at)
        other = process.Child(at.base_url.replace("127.0.0.1", "localhost"), at.pid)
        studio.live(other, "--grace", "0.5")
    assert studio.states() == {"a_t01": "in_doubt", "a_t02": "done"}


def test_several_clips_that_may_be_ours(studio: Studio) -> None:
    """Tasks with the prompt of a take in doubt that are no other take's all come into ``retired/``,
    together, each under a name of its own."""
    studio.shots("a", "b")
    with service("submit:reset_before:#1") as at:
        killed_in_doubt(studio, at)
        [(text,)] = studio.ledger("SELECT request FROM takes WHERE take = 'a_t01'")
        body = json.loads(text)
        body["input"]["reference_urls"] = ["https://example.com/a.png"]

        async def another_program() -> None:
            async with Client(find_endpoint(at.base_url), Key(KEY)) as client:
                for task in [await client.submit(body) for _ in range(3)]:
                    # one that still runs when the take has got its own is not waited for
                    while (await client.query(task.task_id)).status is not Status.SUCCEEDED:
                        await asyncio.sleep(0.05)

        asyncio.run(another_program())
        assert studio.live(at, "--grace", "0.5").code == Exit.DONE
    assert len(studio.hashes()) == len(studio.hashes("retired")) == 2


def test_behind_a_take_that_is_given_up(studio: Studio) -> None:
    """A take that was sent again three times in vain has ended: what comes after it is made in the
    same run."""
    studio.shots("a", {"id": "b", "prompt": "@ellen sits.", "after": "a"}, "c")
    with service("submit:reset_before:#1,3-5") as at:
        studio.live(at, "--grace", "0.4")
    assert studio.states() == {"a_t01": "failed", "b_t01": "done", "c_t01": "done"}


@pytest.mark.long
def test_collect_leaves_what_failed_as_failed(studio: Studio) -> None:
    """`collect` asks for nothing again: a take whose task failed for a passing reason has failed,
    and is not said to be asked for again."""
    studio.shots("a")
    with service("submit:fail=InternalError: try later", latency=1.0) as at:
        studio.killed_after("submitted", 1, *studio.live_words(at), DASHSCOPE_API_KEY=KEY)
        studio.call("collect", "out", DASHSCOPE_API_KEY=KEY)
    assert studio.states() == {"a_t01": "failed"}


def test_cancel_does_not_forget_doubts(studio: Studio) -> None:
    """A take in doubt may be at the service, and billed: `cancel` does not say that nothing is."""
    studio.shots("a")
    with service("submit:reset_after:#1", latency=20.0) as at:
        killed_in_doubt(studio, at)
        result = studio.call("cancel", "out", DASHSCOPE_API_KEY=KEY)
    assert result.code == Exit.NOT_ALL_DONE
    assert "a_t01: its submit is not answered: it may be at the service, and billed" in result.out


def test_canceled_though_the_answer_was_lost(studio: Studio) -> None:
    """The second try is refused, since the first has canceled the task, as was wanted."""
    studio.shots("a", "b")
    with service("cancel:reset_after:#1", latency=8.0, in_flight=1) as at:
        studio.killed_after("submitted", 2, *studio.live_words(at), DASHSCOPE_API_KEY=KEY)
        result = studio.call("cancel", "out", "b_t01", DASHSCOPE_API_KEY=KEY)
    assert (result.code, result.out) == (Exit.DONE, "b_t01: canceled, not billed\n")
    assert studio.states()["b_t01"] == "canceled"


@pytest.mark.long
def test_a_link_refused_while_our_clock_is_ahead(studio: Studio) -> None:
    """A link that our clock believes dead, and something on the way refuses, is asked for again:
    the clip is paid for, and its task gives it."""
    studio.shots("a")
    with service("download:status=403:#2") as at:
        assert studio.live(at).code == Exit.DONE
        (studio.output / "clips" / "a_t01.mp4").unlink()
        studio.instead = [sys.executable, str(STEP_CLOCK), str(-30 * 3600), "0"]
        result = studio.call("collect", "out", DASHSCOPE_API_KEY=KEY)
    assert result.code == Exit.DONE, result.out
    assert studio.states() == {"a_t01": "done"}


@pytest.mark.long
def test_a_link_to_a_host_that_has_moved(tmp_path: Path) -> None:
    """A name that is not found may be a link's that is out of date: its task is asked where the
    clip is by now, within the same run."""
    with service("query:no_host:#1") as at, Stage(at, tmp_path) as stage:
        scene = Scene(stage, "moved")
        scene.studio.shots("a")
        scene.die("after", "move submitted")
        while stage.tasks(scene.account)["billed_tasks"] == 0:
            time.sleep(0.05)
        scene.verb = "collect"
        scene.finish()
    assert scene.studio.states() == {"a_t01": "done"}
    assert scene.studio.ledger("SELECT why FROM events WHERE why LIKE '%link'") == [("a new link",)]
