"""One run per output folder.

A POSIX byte-range lock (`lockf`) on a file used for nothing else: the kernel drops it when the
process ends, however it ends, and no child inherits it. (`flock` would stay with a forked
worker after kill -9 of the head.) The holder's process id is written for people to read.

The kernel counts such a lock by process: a second run in the same one would be let in, and its
end would drop the lock of the first. So what this process holds is remembered here, too.
"""

from __future__ import annotations

import fcntl
import os
import shlex
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from r2vbatch.errors import OutputUnavailable

NAME = ".lock"

_Place = tuple[int, int, str]
_ours: set[_Place] = set()
"""The locks that this process holds: device and inode of the folder, and the file's name."""
_guard = threading.Lock()


def _forget() -> None:
    """A process forked meanwhile holds none of them: the kernel gave it none."""
    global _guard
    _ours.clear()
    _guard = threading.Lock()


os.register_at_fork(after_in_child=_forget)


@contextmanager
def locked(output: Path, ledger: Path | None = None) -> Iterator[None]:
    """Hold the output folder, and a ledger that lies elsewhere, for this process.

    Raises `OutputUnavailable` if another run has either.
    """
    elsewhere = ledger if ledger and ledger.parent != output else None
    beside = ["--ledger", str(elsewhere)] if elsewhere else []
    watch = shlex.join(["r2vbatch", "status", str(output), *beside])
    with _held(output / NAME, output, watch), ExitStack() as stack:
        if elsewhere:
            file = elsewhere.with_name(f"{elsewhere.name}.lock")
            stack.enter_context(_held(file, elsewhere, watch))
        yield


@contextmanager
def _held(file: Path, output: Path, watch: str) -> Iterator[None]:
    """Hold the lock `file`, which stands for `output`; `watch` shows who holds it at work."""
    with ExitStack() as stack:
        try:
            stack.callback(_give_back, _claim(file, output))
            descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
            stack.callback(os.close, descriptor)
            _take(descriptor, output, watch)
            os.ftruncate(descriptor, 0)
            os.write(descriptor, f"{os.getpid()}\n".encode())
        except OSError as problem:
            raise OutputUnavailable(
                f"{output} cannot be held for this run: {problem.strerror}",
                hint="choose another output folder with -o, or mend this one",
            ) from problem
        yield


def _claim(file: Path, output: Path) -> _Place:
    folder = file.parent.stat()
    place = (folder.st_dev, folder.st_ino, file.name)
    with _guard:
        if place in _ours:
            raise OutputUnavailable(
                f"{output} is in use by another run of this program",
                hint="wait for it; one run per output folder",
            )
        _ours.add(place)
    return place


def _give_back(place: _Place) -> None:
    with _guard:
        _ours.discard(place)


def _take(descriptor: int, output: Path, watch: str) -> None:
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        holder = os.read(descriptor, 32).decode("ascii", "replace").strip()
        who = f" (process {holder})" if holder else ""
        raise OutputUnavailable(
            f"{output} is in use by another run{who}",
            hint=f"wait for it, or watch it with `{watch}`; one run per output folder",
        ) from None
