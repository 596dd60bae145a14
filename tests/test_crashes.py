"""The promise under SIGKILL: at any crash, at any moment, nothing is paid for twice and no clip is
lost. Every durable step of every kind of take has a death before it and one after it; then batches
die at random moments. What a killed run leaves, the next one must bring to its end."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest
from aftermath import assert_in_order, assert_nobody_left
from conftest import ROOT
from die_at import WAYS, Job
from studio import Studio, service

from r2vbatch.emulator import process
from r2vbatch.errors import Exit

GRACE = "1"
"""Seconds. The emulator creates a task as soon as it has read the POST, and lists it at once."""
SIDE_BY_SIDE = 3
"""Most of a case is waiting."""
KEYS = tuple(f"sk-{number:032x}" for number in range(1000))
DEAD = -signal.SIGKILL


class Stage:
    """An emulator, an account of it for everyone who asks, and processes ready to die."""

    def __init__(self, at: process.Child, place: Path) -> None:
        self.at = at
        self.place = place
        self._keys = iter(range(len(KEYS)))
        self._mortals: SimpleQueue[subprocess.Popen[str]] = SimpleQueue()

    def new_account(self) -> int:
        return next(self._keys)

    def tasks(self, number: int) -> dict[str, Any]:
        """The emulator's count of one account."""
        counted: dict[str, Any] = self.at.stats()["accounts"][f"account-{number + 1}"]
        return counted

    def run(self, job: Job) -> int:
        """Run the program, to its end or its death; its exit code."""
        mortal = self._mortals.get()
        try:
            assert mortal.stdin is not None and mortal.stdout is not None
            print(json.dumps(job), file=mortal.stdin, flush=True)
            return int(mortal.stdout.readline())
        finally:
            self._mortals.put(mortal)

    def __enter__(self) -> Stage:
        for _ in range(SIDE_BY_SIDE):
            self._mortals.put(
                subprocess.Popen(
                    [sys.executable, str(ROOT / "tests" / "die_at.py")],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
        return self

    def __exit__(self, *_: object) -> None:
        for _ in range(SIDE_BY_SIDE):
            with self._mortals.get() as mortal:
                assert mortal.stdin is not None
                mortal.stdin.close()
                assert mortal.wait(timeout=10) == 0


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with service(keys=KEYS) as at, Stage(at, tmp_path_factory.mktemp("stage")) as made:
        yield made


class Scene:
    """One storyboard and its output folder, played on a stage."""

    def __init__(self, stage: Stage, name: str, *, kind: str = "live", account: int | None = None):
        self.stage = stage
        self.name = name
        self.kind = kind
        self.account = stage.new_account() if account is None else account
        self.studio = Studio(stage.place / name)

    def copy(self, name: str) -> Scene:
        """The same scene at another place; its tasks are the same, too."""
        other = Scene(self.stage, name, kind=self.kind, account=self.account)
        other.studio.board = self.studio.board
        shutil.copytree(self.studio.folder, other.studio.folder, dirs_exist_ok=True)
        return other

    def run(self, at: int = 0, way: str = "", only: str = "") -> int:
        """Run the program, to its end or to a step of it."""
        words = ["run", str(self.studio.file)]
        if self.kind == "live":
            words = self.studio.live_words(self.stage.at, "--grace", GRACE)
        return self.stage.run(
            Job(
                argv=words,
                folder=str(self.studio.folder),
                env={"DASHSCOPE_API_KEY": KEYS[self.account], "R2VBATCH_TEST": self.mark},
                only=only,
                at=at,
                way=way,
                words=str(self.stage.place / f"{self.name}.words"),
                steps=str(self.stage.place / f"{self.name}.steps"),
            )
        )

    def die(self, way: str, step: str) -> None:
        assert self.run(1, way, step) == DEAD, self.words

    def finish(self) -> None:
        assert self.run() == Exit.DONE, self.words

    @property
    def mark(self) -> str:
        return f"<{self.stage.place}/{self.name}>"

    @property
    def words(self) -> str:
        return (self.stage.place / f"{self.name}.words").read_text(encoding="utf-8")

    @property
    def steps(self) -> list[str]:
        text = (self.stage.place / f"{self.name}.steps").read_text(encoding="utf-8")
        return text.splitlines()


@dataclass(frozen=True)
class Way:
    """How takes come to be where a run finds them."""

    name: str
    before: Callable[[Scene], None]
    """Brings the folder there."""
    paid: int
    """Tasks paid for in all, at the end."""
    clips: int = 2
    retired: int = 0
    buys: bool = False
    """The run to be killed pays for something: each death needs an account of its own."""
    kind: str = "live"
    sample: int = 4
    """Deaths in the default suite."""


def _two_new(scene: Scene) -> None:
    scene.studio.shots("a", "b")


def _at_the_service(scene: Scene) -> None:
    scene.studio.shots("a")
    scene.die("after", "move submitted")


def _answer_not_read(scene: Scene) -> None:
    scene.studio.shots("a")
    scene.die("before", "answer")


def _never_sent(scene: Scene) -> None:
    """The account has a task already: its list can be seen to be alive."""
    scene.studio.shots("a")
    scene.finish()
    scene.studio.shots("a", "b")
    scene.die("before", "post")


def _edited(scene: Scene) -> None:
    scene.studio.shots("a")
    scene.die("after", "move submitted")
    scene.studio.shots({"id": "a", "prompt": "@chelsea instead."})


def _renamed(scene: Scene) -> None:
    """Two takes, one to a new name and one to that of the first."""
    first, second = ({"prompt": f"@ellen waves {how}."} for how in ("shyly", "wildly"))
    scene.studio.shots({"id": "a", **first}, {"id": "b", **second})
    scene.finish()
    scene.studio.shots({"id": "b", **first}, {"id": "c", **second})


def _removed(scene: Scene) -> None:
    scene.studio.shots("a", "b")
    scene.finish()
    scene.studio.shots("b")


def _brought_back(scene: Scene) -> None:
    _removed(scene)
    scene.finish()
    scene.studio.shots("a", "b")


WAYS_TO_BE = (
    Way("new", _two_new, paid=2, buys=True, sample=8),
    Way("at-the-service", _at_the_service, paid=1, clips=1),
    Way("adopted", _answer_not_read, paid=1, clips=1),
    Way("sent-again", _never_sent, paid=2, buys=True),
    Way("edited", _edited, paid=2, clips=1, retired=1, buys=True, sample=6),
    Way("renamed", _renamed, paid=2),
    Way("retired", _removed, paid=2, clips=1, retired=1),
    Way("restored", _brought_back, paid=2),
    Way("preview", _two_new, paid=0, kind="preview", sample=3),
)


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

    def die(death: tuple[int, str]) -> int:
        at, how = death
        one = scene(f"{way.name}-{at}-{how}")
        code = one.run(at, how)
        where = f"killed {how} step {at}, {one.steps[-1]}"
        assert code in {DEAD, Exit.DONE}, f"{where}: {one.words}"
        assert one.run() == Exit.DONE, f"{where}: {one.words}"
        _assert_ended_well(one, way, where)
        return code

    with ThreadPoolExecutor(SIDE_BY_SIDE) as side_by_side:
        codes = list(side_by_side.map(die, deaths))
    # a run may have fewer steps than the one that was counted, now and then
    assert codes.count(DEAD) > 0.8 * len(deaths)


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


@pytest.mark.parametrize("way", WAYS_TO_BE, ids=lambda way: way.name)
def test_killed_at_some_steps(stage: Stage, way: Way) -> None:
    """Killed before or after some of its durable steps, a run leaves what the next one ends:
    as many tasks paid as clips, every clip whole, no file and no process left over."""
    _play(stage, way, lambda deaths: random.Random(way.name).sample(deaths, way.sample))


@pytest.mark.long
@pytest.mark.parametrize("way", WAYS_TO_BE, ids=lambda way: way.name)
def test_killed_at_every_step(stage: Stage, way: Way) -> None:
    """The same before and after every single step."""
    _play(stage, way, lambda deaths: deaths)
