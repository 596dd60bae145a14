"""The verbs beside a run under SIGKILL, before and after each of their durable steps: what was said
is kept whole or not at all, and whoever says it again, or goes on with the batch, comes to the end
that there would have been."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from aftermath import assert_in_order, assert_nobody_left
from die_at import WAYS
from scenes import DEAD, KEYS, SIDE_BY_SIDE, Scene, Stage
from studio import service

from r2vbatch.errors import Exit

pytestmark = pytest.mark.long

SAYINGS = {
    "circle": (("a_t01",), "circles"),
    "note": (("a_t01", "the cat looks away"), "notes"),
    "retake": (("a", "--yes"), "retakes"),
}
"""What follows a verb, and the table that keeps what it says."""
KEEPING = "_choosing"
"""The step that does."""


def _at_each_step(scene: Callable[[str], Scene], end: Callable[[Scene, int, str], None]) -> None:
    """Count the steps of what a scene does; then a scene for each death, and the `end` of it."""
    whole = scene("whole")
    code = whole.run()
    assert code in {Exit.DONE, Exit.NOT_ALL_DONE}, whole.words

    def die(death: tuple[int, str]) -> None:
        one = scene("-".join(map(str, death)))
        assert one.run(*death) == DEAD, one.words
        assert_nobody_left([one.mark])
        assert len(one.steps) == death[0]
        end(one, *death)

    deaths = [(at, how) for at in range(1, len(whole.steps) + 1) for how in WAYS]
    with ThreadPoolExecutor(SIDE_BY_SIDE) as side_by_side:
        list(side_by_side.map(die, deaths))


@pytest.mark.parametrize("verb", SAYINGS)
def test_killed_while_something_is_said_of_a_take(tmp_path: Path, verb: str) -> None:
    """A circle, a note, a retake is in the ledger from the end of its one step on, and not before;
    the next run makes what was asked for, once, and nothing else."""
    words, table = SAYINGS[verb]
    with service(keys=KEYS) as at, Stage(at, tmp_path) as stage:

        def scene(name: str) -> Scene:
            made = Scene(stage, name)
            made.studio.shots("a")
            made.finish()
            made.verb, made.words_more = verb, words
            return made

        def end(one: Scene, step: int, how: str) -> None:
            here = one.steps[step - 1] == KEEPING
            said = how == "after" if here else KEEPING in one.steps
            assert one.studio.ledger(f"SELECT count(*) FROM {table}") == [(int(said),)]
            one.verb, one.words_more = "run", ()
            one.finish()
            assert_in_order(one.studio)
            paid = 2 if said and verb == "retake" else 1
            assert stage.tasks(one.account)["tasks_created"] == paid

        _at_each_step(scene, end)


def test_killed_while_it_cancels(tmp_path: Path) -> None:
    """A task canceled at the service by a process that then died is known as canceled, and not
    billed, to the next that asks."""
    with service(keys=KEYS, in_flight=1, latency=60.0) as at, Stage(at, tmp_path) as stage:

        def scene(name: str) -> Scene:
            made = Scene(stage, name)
            made.studio.shots("a", "b")
            assert made.run(2, "after", "move submitted") == DEAD, made.words
            made.verb = "cancel"
            return made

        def end(one: Scene, step: int, how: str) -> None:
            assert one.run() == Exit.NOT_ALL_DONE, one.words
            assert "a_t01" in one.words and "it is being made" in one.words
            assert one.studio.states()["b_t01"] == "canceled"
            account = stage.tasks(one.account)
            assert [task["status"] for task in account["tasks"]] == ["RUNNING", "CANCELED"]

        _at_each_step(scene, end)
