"""A folder with a storyboard in it, the program run on it as people do, and an emulator to
stand in for the service. What the tests of whole batches work with."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from nursery import Program, nursery
from PIL import Image

from r2vbatch.emulator import process
from r2vbatch.emulator.faults import Fault
from r2vbatch.emulator.options import Options

KEY = "sk-" + "a1b2c3d4" * 4
PROGRAM = [sys.executable, "-m", "r2vbatch"]


@dataclass(frozen=True)
class Outcome:
    """How the program ended and what it said."""

    code: int
    out: str
    err: str


@contextlib.contextmanager
def service(*faults: str, **switches: Any) -> Iterator[process.Child]:
    """An emulator with cheap clips and short run times, unless `switches` say otherwise."""
    options = Options(
        **{
            "render": False,
            "latency": (0.05, 0.15),
            "submits_per_second": None,
            "queries_per_second": None,
            "faults": tuple(Fault.of(fault) for fault in faults),
            **switches,
        }
    )
    inwards, lifeline = os.pipe()
    with os.fdopen(inwards) as stdin:
        emulator = nursery("r2vbatch.emulator").start(
            ["--die-with-parent"], Path.cwd(), dict(os.environ), stdin
        )
    with emulator, os.fdopen(lifeline, "w", encoding="utf-8") as line:
        # what it logs is of no interest here, but must not fill its pipe
        threading.Thread(target=emulator.stderr.read, daemon=True).start()
        line.write(options.to_json() + "\n")
        line.flush()
        yield process.Child(json.loads(emulator.stdout.readline())["base_url"], emulator.pid)


class Studio:
    """A storyboard of small shots, and everything that can be done with it."""

    patience = 120.0
    """Seconds the program may take."""
    film = False
    """Whether a run delivers its film; most tests do not look at it."""
    instead: Sequence[str] = ()
    """What is run instead of the program as it is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.output = folder / "out"
        (folder / "refs").mkdir(parents=True)
        for name, colour in (("ellen", "#a33"), ("chelsea", "#3a3")):
            Image.new("RGB", (320, 320), colour).save(folder / "refs" / f"{name}.png")
        self.board: dict[str, Any] = {
            "version": 1,
            "model": "wan2.6-r2v-flash",
            "output": "out",
            "cast": {
                "ellen": {"image": "refs/ellen.png"},
                "chelsea": {"image": "refs/chelsea.png"},
            },
            # 720p: a third of the decoding that the default, 1080p, takes
            "defaults": {"duration": 2, "size": "1280*720"},
            "shots": [],
        }

    @property
    def file(self) -> Path:
        return self.folder / "film.yaml"

    def shots(self, *shots: dict[str, Any] | str, **top: Any) -> None:
        """Write the storyboard; a plain id stands for a shot with a prompt of its own."""
        self.board.update(top)
        self.board["shots"] = [
            {"id": s, "prompt": f"@ellen does what {s} says."} if isinstance(s, str) else s
            for s in shots
        ]
        self.save()

    def save(self) -> None:
        self.file.write_text(yaml.safe_dump(self.board, sort_keys=False), encoding="utf-8")

    # --- running -------------------------------------------------------------------------

    def start(self, *args: str, **env: str) -> Program | subprocess.Popen[str]:
        """The program, started; its words on pipes."""
        whole = {**os.environ, **env}
        if args[0] in {"run", "resume"} and not self.film:
            args = (*args, "--no-film")
        if not self.instead:
            return nursery().start([*args], self.folder, whole)
        return subprocess.Popen(
            [*self.instead, *args],
            cwd=self.folder,
            env=whole,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def call(self, *args: str, **env: str) -> Outcome:
        """The program, run to its end."""
        with self.start(*args, **env) as program:
            out, err = program.communicate(timeout=self.patience)
            return Outcome(program.wait(), out, err)

    def preview(self, *args: str) -> Outcome:
        return self.call("run", str(self.file), *args)

    def live(self, at: process.Child, *args: str, verb: str = "run") -> Outcome:
        """A live run with a yes, against an emulator named on the command line."""
        return self.call(*self.live_words(at, *args, verb=verb), DASHSCOPE_API_KEY=KEY)

    def live_words(self, at: process.Child, *args: str, verb: str = "run") -> list[str]:
        place = self.output if verb == "resume" else self.file
        # a kill may meet a POST anywhere; what was never answered is settled soon, not in minutes
        return [verb, str(place), "--endpoint", at.base_url, "--yes", "--grace", "2", *args]

    def killed_after(self, state: str, times: int, *args: str, **env: str) -> int:
        """Run until `times` takes have reached `state`, then SIGKILL; how many had by then."""
        seen = 0
        with self.start(*args, "--progress", "json", **env) as program:
            assert program.stdout is not None
            for line in program.stdout:
                seen += json.loads(line)["after"] == state
                if seen == times:
                    program.send_signal(signal.SIGKILL)
                    break
            program.stdout.read()
            assert program.stderr is not None
            program.stderr.read()
        return seen

    # --- looking -------------------------------------------------------------------------

    def rows(self) -> dict[str, dict[str, Any]]:
        """``results.jsonl`` by take."""
        text = (self.output / "results.jsonl").read_text(encoding="utf-8")
        return {row["take"]: row for row in map(json.loads, text.splitlines())}

    def csv(self) -> list[dict[str, str]]:
        with (self.output / "results.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def states(self) -> dict[str, str]:
        return {take: row["status"] for take, row in self.rows().items()}

    def hashes(self, folder: str = "clips") -> dict[str, str]:
        """SHA-256 of every clip by name."""
        place = self.output / folder
        files = sorted(place.glob("*.mp4")) if place.is_dir() else []
        return {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in files}

    def inodes(self, folder: str = "clips") -> dict[str, int]:
        return {f.name: f.stat().st_ino for f in (self.output / folder).glob("*.mp4")}

    def ledger(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """What the ledger says, asked as any SQL tool would."""
        with contextlib.closing(sqlite3.connect(self.output / "ledger.db")) as db:
            return db.execute(query, values).fetchall()


def account(at: process.Child) -> dict[str, Any]:
    """The emulator's count of its one account."""
    accounts = at.stats()["accounts"]
    assert len(accounts) <= 1, "one key, one account"
    return next(iter(accounts.values()), {"billed_tasks": 0, "tasks_created": 0, "posts": 0})
