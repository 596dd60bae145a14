"""A storyboard of many takes, the three programs that can make it, and an emulator between them.

Each program has a key, an account and a folder of its own, so that all of them can work at the
same time on one emulator and none gets in another's way there.
"""

from __future__ import annotations

import contextlib
import heapq
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from r2vbatch.emulator import process
from r2vbatch.emulator.options import Options

ROOT = Path(__file__).parents[2]
OURS, SDK, MINIMAL = NAMES = ("r2vbatch", "SDK in threads", "minimal script")
DURABLE = "durable script"
"""The promise without the program; it takes part where its cost is measured."""
_ALL = (*NAMES, DURABLE)
KEYS = {name: f"sk-{number:032x}" for number, name in enumerate(_ALL, 1)}
PATIENCE = 1800


@contextlib.contextmanager
def emulator(**switches: Any) -> Iterator[process.Child]:
    """An emulator with cheap clips and the service's own limits, unless `switches` say otherwise;
    each program has an account of its own."""
    options = Options(**{"render": False, "keys": tuple(KEYS.values()), **switches})
    with process.start(options) as child:
        yield child


@dataclass(frozen=True)
class Used:
    """What a process used, and what it said."""

    cpu: float
    """Seconds."""
    peak: int
    """The most bytes of memory it had at once."""
    said: str


@dataclass(frozen=True)
class Seen:
    """What the emulator has seen of one program, and what came of it on disk."""

    stats: dict[str, Any]
    clips: dict[str, float]
    """When each clip got its name (seconds since 1970), by prompt."""

    @property
    def tasks(self) -> list[dict[str, Any]]:
        """In order of creation."""
        return list(self.stats["tasks"])

    @property
    def makespan(self) -> float:
        """Seconds from the first task's creation until the last clip was on disk."""
        return max(self.clips.values()) - self.tasks[0]["created"]

    def ideal(self, slots: int) -> float:
        """Seconds that the same run times take when each goes, in order, to the slot that is
        free first, and nothing else takes any time."""
        free = [0.0] * slots
        for task in self.tasks:
            heapq.heapreplace(free, free[0] + task["run_seconds"])
        return max(free)

    @property
    def lateness(self) -> float:
        """Mean seconds from a task's end until its clip was on disk."""
        late = [
            self.clips[t["prompt"]] - t["ended"] for t in self.tasks if t["prompt"] in self.clips
        ]
        return sum(late) / len(late)


class Board:
    """A storyboard of `takes` equal shots, without local references, in a folder of its own."""

    def __init__(
        self, folder: Path, takes: int, *, limits: dict[str, float] | None = None, poll: float = 1.0
    ) -> None:
        """`limits` as in a manifest; `poll`: how often the minimal script asks, in seconds."""
        folder.mkdir(parents=True)
        self.folder = folder
        self.file = folder / "storyboard.yaml"
        self.takes = takes
        self._in_flight = int((limits or {}).get("in_flight", 5))
        self._poll = poll
        self.file.write_text(storyboard(takes, limits), "utf-8")
        self._jobs = folder / "jobs.jsonl"
        with self._jobs.open("w") as lines:
            command = [sys.executable, "-m", "r2vbatch", "plan", str(self.file), "--requests"]
            subprocess.run(command, cwd=ROOT, stdout=lines, check=True)

    def clips(self, name: str) -> Path:
        """Where a program puts its clips."""
        return self.folder / name / "clips"

    def done(self, name: str) -> int:
        """How many clips a program has made."""
        place = self.clips(name)
        return sum(file.endswith(".mp4") for file in os.listdir(place)) if place.is_dir() else 0

    def _command(self, name: str, at: process.Child, more: Sequence[str]) -> list[str]:
        if name == OURS:
            words = [
                "run",
                str(self.file),
                "-o",
                str(self.folder / name),
                "--endpoint",
                at.base_url,
            ]
            # none of the peers makes a film of its clips
            how = ["--yes", "--progress", "none", "--no-film", "--grace", "5"]
            return ["r2vbatch", *words, *how, *more]
        made = [str(self._jobs), str(self.clips(name)), str(self._in_flight)]
        if name == SDK:
            return ["tests.benchmarks.peers.sdk_threads", *made]
        script = {MINIMAL: "minimal", DURABLE: "durable"}[name]
        return [f"tests.benchmarks.peers.{script}", *made, str(self._poll)]

    def start(self, name: str, at: process.Child, *more: str) -> subprocess.Popen[bytes]:
        """A program at work; what it used is found by `used` after its end."""
        report = self.folder / f"{name}.json"
        measured = [sys.executable, "-m", "tests.benchmarks.usage", str(report)]
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                [*measured, *self._command(name, at, more)],
                cwd=ROOT,
                env={
                    **os.environ,
                    "DASHSCOPE_API_KEY": KEYS[name],
                    "DASHSCOPE_HTTP_BASE_URL": at.base_url,
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def run(self, name: str, at: process.Child, *more: str) -> Used:
        """A program, run to its end."""
        self.start(name, at, *more).wait(PATIENCE)
        return self.used(name)

    def used(self, name: str) -> Used:
        """What a program's last run used."""
        report = json.loads((self.folder / f"{name}.json").read_text("utf-8"))
        said = (self.folder / f"{name}.log").read_text("utf-8", "replace")
        return Used(report["cpu"], report["peak"], said)

    def run_all(self, at: process.Child) -> dict[str, Seen]:
        """All three at the same time, each to its end."""
        with ThreadPoolExecutor(len(NAMES)) as threads:
            list(threads.map(lambda name: self.run(name, at), NAMES))
        return {name: self.seen(name, at) for name in NAMES}

    def seen(self, name: str, at: process.Child) -> Seen:
        """What became of a program's takes."""
        stats = at.stats()["accounts"][f"account-{_ALL.index(name) + 1}"]
        lines = map(json.loads, self._jobs.read_text("utf-8").splitlines())
        files = {line["request"]["input"]["prompt"]: f"{line['take']}.mp4" for line in lines}
        place = self.clips(name)
        there = {p: place / file for p, file in files.items() if (place / file).exists()}
        return Seen(stats, {prompt: file.stat().st_ctime for prompt, file in there.items()})


def rows(takes: int) -> str:
    """The same shots as a table of JSON lines."""
    shots = (
        {
            "id": f"sh{number:05}",
            "prompt": f"@ellen sits by the window of room {number}, holding @chelsea, ${{mood}}."
            ' @ellen says to @chelsea: "No launch today."',
            "duration": 2,
            "seed": number,
        }
        for number in range(1, takes + 1)
    )
    return "".join(f"{json.dumps(shot)}\n" for shot in shots)


def storyboard(takes: int, limits: dict[str, float] | None = None) -> str:
    """A manifest of so many shots, each like the first one of the design's example."""
    shots = (
        f"  - id: sh{number:05}\n"
        f"    prompt: >-\n"
        f"      @ellen sits by the window of room {number}, holding @chelsea, ${{mood}}.\n"
        f'      @ellen says to @chelsea: "No launch today."\n'
        f"    duration: 2\n"
        f"    seed: {number}\n"
        for number in range(1, takes + 1)
    )
    return (
        "version: 1\ntitle: A long day\nmodel: wan2.6-r2v-flash\n"
        f"limits: {json.dumps(limits or {})}\n"
        "cast:\n"
        "  ellen: {image: https://example.com/ellen.png}\n"
        "  chelsea: {image: https://example.com/chelsea.png}\n"
        "vars: {mood: soft morning light}\n"
        "defaults: {resolution: 720P, shot_type: single}\n"
        "shots:\n" + "".join(shots)
    )
