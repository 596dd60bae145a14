"""What must be true of an output folder once its batch has come to its end, whatever happened on
the way: every clip whole and as the ledger has it, paid for once, every file accounted for, nobody
left behind, and nothing said that a person does not understand."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import av
from studio import KEY, Outcome, Studio

from r2vbatch.emulator import process

OURS = {"ledger.db", ".lock", "results.csv", "results.jsonl"}
FILM = {"reel.mp4", "timeline.otio", "report.html"}


def assert_in_order(studio: Studio) -> None:
    """Every file in the output folder is one that the ledger knows, and whole."""
    rows = studio.ledger("SELECT kind, wanted, state, file, sha256, bytes, flags FROM takes")
    known = set(OURS)
    for kind, wanted, state, file, sha256, size, flags in rows:
        if file is None:
            continue
        assert state == "done", f"{file} belongs to a take that is {state}"
        folder, _, name = file.partition("/")
        assert folder == ("preview" if kind == "preview" else "clips" if wanted else "retired")
        poster = f"posters/{name}" if folder == "clips" else file
        known |= {file, poster.removesuffix(".mp4") + ".jpg"}
        _assert_whole(studio.output / file, sha256, size, frames=30 if "length" in flags else 60)
    for (sha256,) in studio.ledger("SELECT DISTINCT sha256 FROM continued"):
        known |= _frames(studio.output, sha256)
    found = {
        str(path.relative_to(studio.output))
        for path in studio.output.rglob("*")
        if not path.is_dir()
    }
    known |= {name for name in found if _may_be_left(name)} | (FILM if studio.film else set())
    assert found == known, f"left over: {found - known}, missing: {known - found}"


def _may_be_left(name: str) -> bool:
    """What may be deleted at any time, and what was a clip until somebody damaged it; but nothing
    half-written."""
    folder, _, file = name.partition("/")
    damaged = folder == "retired" and "-damaged" in file
    return damaged or (folder in {"fitted", ".film"} and ".part" not in file)


def _frames(output: Path, sha256: str) -> set[str]:
    """The picture that a take was given, by its content: cheap clips all look alike."""
    found = {
        str(file.relative_to(output))
        for file in (output / "frames").glob("*.png")
        if hashlib.sha256(file.read_bytes()).hexdigest() == sha256
    }
    assert found, "the frame that a take was given has gone"
    return found


def _assert_whole(clip: Path, sha256: str, size: int, frames: int) -> None:
    content = clip.read_bytes()
    assert (hashlib.sha256(content).hexdigest(), len(content)) == (sha256, size), clip
    with av.open(str(clip)) as container:
        assert sum(1 for _ in container.decode(video=0)) == frames, f"{clip} has not all its frames"


def assert_paid_once(at: process.Child, studio: Studio) -> None:
    """No take has two tasks that are billed; one that is done has one."""
    billed = Counter(
        f"{task['shot']}_t{task['take']:02}"
        for task in at.stats()["total"]["tasks"]
        if task["status"] == "SUCCEEDED" and task["shot"]
    )
    assert set(billed.values()) <= {1}, billed
    assert {take for take, state in studio.states().items() if state == "done"} <= set(billed)


def understood(result: Outcome) -> str:
    """What was said, which must be said to a person."""
    told = result.out + result.err
    assert "Traceback" not in told, told
    assert "a bug in r2vbatch" not in told, told
    assert KEY not in told
    return told


def assert_nobody_left(marks: Iterable[str], patience: float = 2.0) -> None:
    """No process has any of `marks` in its environment (where /proc can tell), soon at least."""
    wanted = [mark.encode() for mark in marks]
    until = time.monotonic() + patience
    while left := _living(wanted):
        assert time.monotonic() < until, f"orphans: {left}"
        time.sleep(0.05)


def _living(marks: list[bytes]) -> list[str]:
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            environment = (place / "environ").read_bytes()
            if any(mark in environment for mark in marks):
                found.append((place / "cmdline").read_text().replace("\0", " "))
        except OSError:  # it has gone, or is not ours
            continue
    return found
