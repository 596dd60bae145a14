"""Large storyboards: how much memory, and how long what touches no network takes."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from r2vbatch import catalogue, manifest
from r2vbatch.batch.job import Job, opened
from r2vbatch.batch.settings import Options, settle
from r2vbatch.ledger import State
from r2vbatch.planning import plan
from r2vbatch.take.naming import clip_name
from tests.benchmarks.stage import OURS, ROOT, Board, Used, emulator, rows, storyboard
from tests.benchmarks.table import Row

SHOTS = 5000
ROWS = 100_000
TAKES_OF_EACH = 4
MEGABYTE = 10**6
ROUNDS = 5
HISTORY = (State.SUBMITTING, State.SUBMITTED, State.RUNNING, State.GENERATED, State.FETCHED)


def memory(folder: Path) -> Iterator[Row]:
    """A live run of 5,000 shots that is interrupted after 200 clips: by then it has read, planned,
    recorded and begun everything that it ever holds at once."""
    board = Board(folder, SHOTS, limits={"in_flight": 32, "submits_per_second": 1000})
    with emulator(in_flight=None, submits_per_second=None, queries_per_second=None) as at:
        program = board.start(OURS, at)
        while board.done(OURS) < 200 and program.poll() is None:
            time.sleep(0.05)
        program.send_signal(signal.SIGINT)
        program.wait(60)
    peak = board.used(OURS).peak / MEGABYTE
    yield Row(f"peak memory, {SHOTS:,} shots in YAML", "<= 180 MB", f"{peak:.0f} MB", peak <= 180)


def tables(folder: Path) -> Iterator[Row]:
    """A hundred thousand shots in a table: everything that is read, checked and planned of them."""
    folder.mkdir(parents=True)
    (folder / "shots.jsonl").write_text(rows(ROWS), "utf-8")
    file = folder / "storyboard.yaml"
    head, _, _ = storyboard(1).partition("shots:\n")
    file.write_text(f"{head}shots: shots.jsonl\n", "utf-8")
    used = [measured(folder, verb, str(file)) for verb in ("check", "plan")]
    peak = max(each.peak for each in used) / MEGABYTE
    seconds = " and ".join(f"{each.cpu:.0f} s" for each in used)
    yield Row(
        f"peak memory, `check` and `plan` of {ROWS:,} shots in .jsonl",
        "<= 400 MB",
        f"{peak:.0f} MB ({seconds} of CPU)",
        peak <= 400,
    )


def check(folder: Path) -> Iterator[Row]:
    """Against the fastest that can be had from PyYAML, both as commands."""
    folder.mkdir(parents=True)
    file = folder / "storyboard.yaml"
    file.write_text(storyboard(SHOTS), "utf-8")
    load = f"import yaml; yaml.load(open({str(file)!r}, encoding='utf-8'), yaml.CSafeLoader)"
    ours = _cpu(_command("-m", "r2vbatch", "check", str(file)))
    bare = _cpu(_command("-c", load))
    yield Row(
        f"`check` of {SHOTS:,} YAML shots",
        "<= 4 x yaml.CSafeLoader",
        f"{ours / bare:.2f} x ({ours:.2f} s of {bare:.2f} s)",
        ours <= 4 * bare,
    )


def finished(folder: Path) -> Iterator[Row]:
    """Nothing left to do in a batch of 20,000 takes."""
    folder.mkdir(parents=True)
    file = folder / "storyboard.yaml"
    shown = storyboard(SHOTS).replace("defaults: {", f"defaults: {{takes: {TAKES_OF_EACH}, ")
    file.write_text(shown, "utf-8")
    address = "http://127.0.0.1:9/api/v1"  # nobody is there: a finished batch asks nobody
    _finish(file, address)
    where = ["--endpoint", address]
    run = _command("-m", "r2vbatch", "run", str(file), *where, "--yes", "--progress", "none")
    run()  # writes the exports
    exports = [folder / "out" / "storyboard" / name for name in ("results.csv", "results.jsonl")]
    before = [export.stat().st_mtime_ns for export in exports]
    ours, bare = _cpu(run), _cpu(_command("-m", "r2vbatch", "plan", str(file), *where))
    kept = before == [export.stat().st_mtime_ns for export in exports]
    yield Row(
        f"`run` on a finished batch of {SHOTS * TAKES_OF_EACH:,} takes",
        "<= 1.5 x `plan`, no export rewritten",
        f"{ours / bare:.2f} x ({ours:.2f} s of {bare:.2f} s){'' if kept else ', rewritten'}",
        kept and ours <= 1.5 * bare,
    )


def _finish(file: Path, address: str) -> None:
    """A ledger in which every take of a storyboard has come to its end, and its empty clips."""
    read, found = manifest.load(file)
    assert read is not None and not found, found
    settings = settle(read, Options(endpoint=address))
    with opened(settings, lambda _: plan(read, {}, catalogue.load())) as job:
        job.begin()
        keys = {known.key: known.take for known in job.ledger.known("live")}
        for state in HISTORY:
            job.ledger.move_all((key, state, "") for key in keys)
        _give_clips(job, keys)


def _give_clips(job: Job, keys: dict[int, str]) -> None:
    job.ledger.move_all((key, State.DONE, "") for key in keys)
    names = {key: clip_name("live", take) for key, take in keys.items()}
    job.folder.path("clips").mkdir(exist_ok=True)
    for name in names.values():
        job.folder.path(name).touch()
    with job.ledger._transaction() as db:  # 20,000 commits would take longer than the benchmark
        db.executemany(
            "UPDATE takes SET file = ?, bytes = 0, task_id = 'task', cost = estimate WHERE key = ?",
            [(name, key) for key, name in names.items()],
        )


def measured(folder: Path, *words: str) -> Used:
    """What a verb used, run to its end with its output to a null sink."""
    report = folder / "used.json"
    _command("-m", "tests.benchmarks.usage", str(report), "r2vbatch", *words)()
    used = json.loads(report.read_text("utf-8"))
    return Used(used["cpu"], used["peak"], "")


def _command(*words: str) -> Callable[[], None]:
    """Runs this Python with these arguments, its output to a null sink."""

    def call() -> None:
        subprocess.run(
            [sys.executable, *words],
            cwd=ROOT,
            env={**os.environ, "DASHSCOPE_API_KEY": "sk-none"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=True,
        )

    return call


def _cpu(call: Callable[[], None]) -> float:
    """CPU seconds of the best of some rounds: what a busy machine disturbs least. The commands
    compared here do one thing after the other, so on a quiet one they take as long as that."""
    used = []
    for _ in range(ROUNDS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        call()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(used)
