"""A storyboard played by a program that dies when it is told to: what the crash tests work with."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from conftest import ROOT
from die_at import Job
from studio import Studio

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


class Scene:
    """One storyboard and its output folder, played on a stage."""

    def __init__(self, stage: Stage, name: str, *, kind: str = "live", account: int | None = None):
        self.stage = stage
        self.name = name
        self.kind = kind
        self.account = stage.new_account() if account is None else account
        self.studio = Studio(stage.place / name)
        self.verb = "run"
        """What the program is told to do; other than `run`, with the output folder."""
        self.words_more: tuple[str, ...] = ()

    def copy(self, name: str) -> Scene:
        """The same scene at another place; its tasks are the same, too."""
        other = Scene(self.stage, name, kind=self.kind, account=self.account)
        other.studio.board = self.studio.board
        other.studio.film = self.studio.film
        other.verb, other.words_more = self.verb, self.words_more
        shutil.copytree(self.studio.folder, other.studio.folder, dirs_exist_ok=True)
        return other

    def run(self, at: int = 0, way: str = "", only: str = "") -> int:
        """Run the program, to its end or to a step of it."""
        return self.stage.run(
            Job(
                argv=self._argv(),
                folder=str(self.studio.folder),
                env={"DASHSCOPE_API_KEY": KEYS[self.account], "R2VBATCH_TEST": self.mark},
                only=only,
                at=at,
                way=way,
                words=str(self.stage.place / f"{self.name}.words"),
                steps=str(self.stage.place / f"{self.name}.steps"),
            )
        )

    def _argv(self) -> list[str]:
        if self.verb != "run":
            words = [self.verb, str(self.studio.output), *self.words_more]
            return [*words, "--grace", GRACE] if self.verb == "collect" else words
        words = ["run", str(self.studio.file)]
        if self.kind == "live":
            words = self.studio.live_words(self.stage.at, "--grace", GRACE)
        return [*words, *self.words_more, *([] if self.studio.film else ["--no-film"])]

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
