"""The program, killed at an ordered step: SIGKILL just before or just after it.

A step is whatever leaves a trace behind: a transaction of the ledger, a name given or taken in
the output folder, a POST (and, within it, the request written and the answer begun), an upload, a
download, a cancellation, what a worker makes (a verified clip and its poster, a fitted copy, a
frame). They are counted by wrapping the real methods here, in the process that is to die; the
program itself has no switch for tests and runs exactly as people run it.

Reads a JSON `Job` a line and answers each with an exit code. Every run is a process of its own,
forked from this one, so that nothing is imported a thousand times.
"""

from __future__ import annotations

import contextvars
import importlib
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypedDict

WAYS = ("before", "after")
HEAVY = ("av", "r2vbatch.batch.run", "r2vbatch.batch.consent", "r2vbatch.cli.running")


class Job(TypedDict):
    """One run of the program."""

    argv: list[str]
    folder: str
    """Where it is run; what it writes below counts as a step."""
    env: dict[str, str]
    only: str
    """Count the steps whose name begins so."""
    at: int
    """Which of them to die at, from 1; 0 to live."""
    way: str
    """``before`` or ``after``."""
    words: str
    """The file that gets what the program prints."""
    steps: str
    """The file that gets the name of each step as it begins, one a line."""


class Death:
    """Counts the steps and comes with one of them."""

    def __init__(self, job: Job) -> None:
        self.folder = job["folder"]
        self._only, self._at, self._way = job["only"], job["at"], job["way"]
        self._count = 0
        self._due: int | None = None
        """The thread that dies as soon as what its step is a part of has ended, too."""
        self._lock = threading.Lock()
        self._log = os.open(job["steps"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)

    @contextmanager
    def step(self, name: str, *, part: bool = False) -> Iterator[None]:
        """One step. One that fails has been tried: it is over, too. A `part` of another, in the
        same thread, is not over before that is."""
        with self._lock:
            self._count += name.startswith(self._only)
            mine = name.startswith(self._only) and self._count == self._at
            os.write(self._log, f"{name}\n".encode())
        if mine and self._way == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        try:
            yield
        finally:
            if mine and part:
                self._due = threading.get_ident()
            elif mine or (self._due == threading.get_ident() and not part):
                os.kill(os.getpid(), signal.SIGKILL)


def _count_calls(owner: Any, name: str, death: Death) -> None:
    """Each call of an async method is a step."""
    real = getattr(owner, name)

    async def counted(*args: Any, **named: Any) -> Any:
        with death.step(name):
            return await real(*args, **named)

    setattr(owner, name, counted)


def _count_work(death: Death) -> None:
    """Whatever a worker does for the program is a step."""
    from r2vbatch.batch.crew import Crew

    real = Crew.run

    async def counted(self: Crew, function: Callable[..., Any], *args: Any) -> Any:
        with death.step(function.__name__):
            return await real(self, function, *args)

    Crew.run = counted  # type: ignore[method-assign,assignment]


def _count_files(name: str, death: Death) -> None:
    """Each call of a function of `os` that changes a name in the folder is a step."""
    real: Callable[..., Any] = getattr(os, name)

    def counted(path: Any, *args: Any, **named: Any) -> Any:
        there = os.path.lexists(path)
        if not str(path).startswith(death.folder) or there == (name == "mkdir"):
            return real(path, *args, **named)
        with death.step(f"{name} {Path(path).name}"):
            return real(path, *args, **named)

    setattr(os, name, counted)


def _count_transactions(death: Death) -> None:
    from r2vbatch.ledger import Ledger

    transaction = Ledger._transaction

    @contextmanager
    def counted(self: Ledger) -> Iterator[Any]:
        caller = sys._getframe(2)  # beyond contextlib's own
        name = f"{caller.f_code.co_name} {caller.f_locals.get('to', '')}".rstrip()
        part = self._db.in_transaction  # of one that was begun around it, which commits it
        with death.step(name, part=part), transaction(self) as db:
            yield db

    Ledger._transaction = counted  # type: ignore[method-assign]
    opened, checkpoint = Ledger.open, Ledger.checkpoint

    def counted_open(*args: Any, **named: Any) -> Ledger:
        with death.step("open the ledger"):
            return opened(*args, **named)

    def counted_checkpoint(self: Ledger) -> None:
        with death.step("checkpoint"):
            checkpoint(self)

    Ledger.open = counted_open  # type: ignore[method-assign]
    Ledger.checkpoint = counted_checkpoint  # type: ignore[method-assign]


def _count_post(death: Death) -> None:
    """The POST as a whole, its last byte handed to the kernel, and its answer begun."""
    import aiohttp

    from r2vbatch.dashscope import transport
    from r2vbatch.dashscope.client import Client

    posting = contextvars.ContextVar("posting", default=False)
    submit, write, read = Client.submit, aiohttp.ClientRequest.write_bytes, transport._read

    async def counted_submit(*args: Any, **named: Any) -> Any:
        posting.set(True)
        try:
            with death.step("post"):
                return await submit(*args, **named)
        finally:
            posting.set(False)

    async def counted_write(*args: Any) -> None:
        await write(*args)
        if posting.get():
            with death.step("written"):
                pass

    async def counted_read(*args: Any) -> bytes:
        if not posting.get():
            return await read(*args)
        with death.step("answer"):
            return await read(*args)

    Client.submit = counted_submit  # type: ignore[method-assign]
    aiohttp.ClientRequest.write_bytes = counted_write  # type: ignore[method-assign]
    transport._read = counted_read


def watch_over(death: Death) -> None:
    """Put `death` beside every step."""
    from r2vbatch.dashscope.client import Reader

    _count_transactions(death)
    _count_post(death)
    for name in ("upload", "download", "cancel"):
        _count_calls(Reader, name, death)
    _count_work(death)
    for name in ("link", "mkdir", "rename", "replace", "unlink"):
        _count_files(name, death)


def live(job: Job) -> None:
    """Become the program."""
    os.chdir(job["folder"])
    os.environ.update(job["env"])
    words = os.open(job["words"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for stream in (1, 2):
        os.dup2(words, stream)
    watch_over(Death(job))
    sys.argv = ["r2vbatch", *job["argv"]]
    from r2vbatch.cli import main

    main()


def serve() -> None:
    """Run what is asked for, one after the other."""
    for module in HEAVY:
        importlib.import_module(module)
    while line := sys.stdin.readline():
        child = os.fork()
        if not child:
            live(json.loads(line))
            return
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(code, flush=True)


if __name__ == "__main__":
    serve()
