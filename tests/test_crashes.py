"""The promise under SIGKILL: at any crash, at any moment, nothing is paid for twice and no clip is
lost. Every durable step of every kind of take has a death before it and one after it; then batches
die at random moments. What a killed run leaves, the next one must bring to its end."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from aftermath import assert_in_order, assert_nobody_left
from die_at import WAYS
from scenes import DEAD, KEYS, SIDE_BY_SIDE, Scene, Stage
from studio import service
from ways import FILMED, WAYS_TO_BE, Way, two_new

from r2vbatch.errors import Exit


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with service(keys=KEYS) as at, Stage(at, tmp_path_factory.mktemp("stage")) as made:
        yield made


def _play(stage: Stage, way: Way, pick: Callable[[list[tuple[int, str]]], Any]) -> None:
    """Count the steps of a run, then die at those that `pick` chooses."""
    template = Scene(stage, f"{way.name}-0", kind=way.kind)
    way.before(template)

    def scene(name: str) -> Scene:
        if not way.buys:
            return template.copy(name)
        fresh = Scene(stage, name, kind=way.kind)
        way.before(fresh)
        return fresh

    whole = scene(f"{way.name}-whole")
    whole.finish()
    _assert_ended_well(whole, way)
    deaths = pick([(at, how) for at in range(1, len(whole.steps) + 1) for how in WAYS])

    def die(death: tuple[int, str]) -> None:
        at, how = death
        one = scene(f"{way.name}-{at}-{how}")
        code = one.run(at, how)
        if at % 2:  # else what is left of it meets the next run
            assert_nobody_left([one.mark])
        where = f"killed {how} step {at}, {one.steps[-1]}"
        # a run may have fewer steps than the one that was counted, now and then
        assert code == DEAD or (code == Exit.DONE and len(one.steps) < at), f"{where}: {one.words}"
        assert one.run() == Exit.DONE, f"{where}: {one.words}"
        _assert_ended_well(one, way, where)

    with ThreadPoolExecutor(SIDE_BY_SIDE) as side_by_side:
        list(side_by_side.map(die, deaths))


def _assert_ended_well(scene: Scene, way: Way, where: str = "") -> None:
    try:
        assert_in_order(scene.studio)
        folder = "preview" if way.kind == "preview" else "clips"
        assert len(scene.studio.hashes(folder)) == way.clips
        assert len(scene.studio.hashes("retired")) == way.retired
        account = scene.stage.tasks(scene.account)
        assert (account["tasks_created"], account["billed_tasks"]) == (way.paid, way.paid)
        assert_nobody_left([scene.mark])
    except AssertionError as wrong:
        raise AssertionError(f"{where}: {wrong}\n{scene.words}") from wrong


CHANGES = {
    "removed": (),
    "renamed": ({"id": "c", "prompt": "@ellen does what a says."},),
    "edited": ({"id": "a", "prompt": "@chelsea instead."},),
}
"""What becomes of shot a between the two runs."""
LAST_STEPS = ("download", "move fetched", "finish", "mkdir clips", "link", "unlink", "move done")
CHANGED = [(how, step, change) for how in WAYS for step in LAST_STEPS for change in CHANGES]


def _die_and_change(stage: Stage, death: tuple[str, str, str]) -> None:
    """Die when the clip of a is nearly there, and change its shot before the next run."""
    how, step, change = death
    way = Way(change, two_new, paid=2 + (change == "edited"), clips=1 + (change != "removed"),
              retired=change != "renamed")  # fmt: skip
    scene = Scene(stage, f"{change}-{how}-{step}".replace(" ", "-"))
    scene.studio.shots("a", "b")
    scene.die(how, step)
    scene.studio.shots(*CHANGES[change], "b")
    scene.finish()
    _assert_ended_well(scene, way, f"killed {how} {step}, then {change}")


def _side_by_side(stage: Stage, deaths: list[tuple[str, str, str]]) -> None:
    with ThreadPoolExecutor(SIDE_BY_SIDE) as side_by_side:
        list(side_by_side.map(lambda death: _die_and_change(stage, death), deaths))


def test_killed_with_a_clip_nearly_there_and_its_shot_changed(stage: Stage) -> None:
    """A clip that was being brought in when the run was killed is kept under its new name or in
    retired/ if its shot was renamed, edited or removed before the next run."""
    _side_by_side(stage, random.Random(1).sample(CHANGED, 3))


@pytest.mark.long
def test_killed_at_any_last_step_and_its_shot_changed(stage: Stage) -> None:
    """The same at each of the last steps, for each change."""
    _side_by_side(stage, CHANGED)


def test_killed_between_an_upload_and_its_note(stage: Stage) -> None:
    """It costs one more upload; once it is noted, none."""
    for how, uploads in (("before", 2), ("after", 1)):
        scene = Scene(stage, f"upload-{how}")
        scene.studio.shots("a")
        scene.die(how, "set_upload")
        scene.finish()
        account = stage.tasks(scene.account)
        assert (account["uploads"], account["tasks_created"]) == (uploads, 1)


@pytest.mark.parametrize("way", [w for w in WAYS_TO_BE if w.sample], ids=lambda way: way.name)
def test_killed_at_some_steps(stage: Stage, way: Way) -> None:
    """Killed before or after some of its durable steps, a run leaves what the next one ends:
    as many tasks paid as clips, every clip whole, no file and no process left over."""
    _play(stage, way, lambda deaths: random.Random(way.name).sample(deaths, way.sample))


@pytest.mark.long
def test_killed_while_the_film_is_made(stage: Stage) -> None:
    """The same among the last steps of a run that delivers a film: the next one makes it."""
    _play(stage, FILMED, lambda deaths: random.Random(3).sample(deaths[-24:], 5))


@pytest.mark.long
@pytest.mark.parametrize("way", WAYS_TO_BE, ids=lambda way: way.name)
def test_killed_at_every_step(stage: Stage, way: Way) -> None:
    """The same before and after every single step (those of ways that differ from others in a few
    steps alone: some of them)."""
    chance = random.Random(f"{way.name}, long")
    _play(stage, way, lambda all: chance.sample(all, way.most) if way.most else all)
