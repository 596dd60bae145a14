"""The program and its emulator, begun without importing everything a thousand times.

Importing costs more than what most tests let them do. So one process imports the program and
waits, and one its emulator; each run is forked from it: a process of its own, with its own folder,
environment, pipes and exit code, in which the program's own `main` is called and nothing is
replaced. What importing itself does is tested elsewhere, on processes begun in the ordinary way.
"""

from __future__ import annotations

import atexit
import importlib
import io
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Literal

import r2vbatch

HEAVY = ("av", "PIL.Image", "tqdm", "opentimelineio")
What = Literal["r2vbatch", "r2vbatch.emulator"]
"""A package with a `main`: the program, or the emulator as the program begins it."""
_HEAD = 8
"""Bytes that tell how long a message is."""


class Program:
    """A running program: as much of `subprocess.Popen` as the tests use."""

    def __init__(self, pid: int, status: io.TextIOBase, out: int, err: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.stdout = os.fdopen(out, encoding="utf-8")
        self.stderr = os.fdopen(err, encoding="utf-8")
        self._status = status
        self._ended = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        self.returncode = int(self._status.readline())
        self._status.close()
        self._ended.set()

    def poll(self) -> int | None:
        return self.returncode if self._ended.is_set() else None

    def wait(self, timeout: float | None = None) -> int:
        if not self._ended.wait(timeout):
            raise subprocess.TimeoutExpired("r2vbatch", timeout or 0.0)
        assert self.returncode is not None
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """What it still says, once it has ended; killed first where that takes too long."""
        with ThreadPoolExecutor(2) as readers:
            words = [readers.submit(stream.read) for stream in (self.stdout, self.stderr)]
            try:
                self.wait(timeout)
            except subprocess.TimeoutExpired:
                self.kill()
                raise
            out, err = (each.result() for each in words)
        return out, err

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):  # it has ended; who watches it has not said so yet
                os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def __enter__(self) -> Program:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        if kind is not None:
            self.kill()
        self.wait()
        self.stdout.close()
        self.stderr.close()


class Nursery:
    """The process that waits to be forked. It ends with the process that began it."""

    def __init__(self, what: What) -> None:
        self._line, theirs = socket.socketpair()
        self._turn = threading.Lock()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, str(Path(__file__)), what, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
            )
        atexit.register(self._close)

    def _close(self) -> None:
        self._line.close()
        self._process.wait()

    def start(
        self, argv: list[str], folder: Path, env: dict[str, str], stdin: IO[Any] | None = None
    ) -> Program:
        """The program with these words, in this folder and this whole environment."""
        job = json.dumps({"argv": argv, "folder": str(folder), "env": env}).encode()
        out, err, status = os.pipe(), os.pipe(), os.pipe()
        given = os.dup(stdin.fileno()) if stdin else os.open(os.devnull, os.O_RDONLY)
        ends = [given, out[1], err[1], status[1]]
        try:
            with self._turn:
                socket.send_fds(self._line, [len(job).to_bytes(_HEAD)], ends)
                self._line.sendall(job)
        finally:
            for end in ends:
                os.close(end)
        told = os.fdopen(status[0], encoding="utf-8")
        return Program(int(told.readline()), told, out[0], err[0])


@cache
def nursery(what: What = "r2vbatch") -> Nursery:
    """The one of this process."""
    return Nursery(what)


def _receive(line: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    head, ends, _, _ = socket.recv_fds(line, _HEAD, 4)
    if not head:
        return None
    left, words = int.from_bytes(head), b""
    while len(words) < left:
        words += line.recv(left - len(words))
    return json.loads(words), ends


def _fork(ends: list[int]) -> bool:
    """Whether this is the program to be. Its parent, which does nothing else, tells how it ends."""
    child = os.fork()
    if not child:
        return True
    *words, status = ends
    for end in words:
        os.close(end)
    os.write(status, f"{child}\n".encode())
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os.write(status, f"{code}\n".encode())
    os._exit(0)


def _become(job: dict[str, Any], ends: list[int]) -> None:
    """Take on what a new process has of its own."""
    *streams, status = ends
    os.close(status)
    for stream, end in enumerate(streams):
        os.dup2(end, stream)
        os.close(end)
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(
        2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False
    )
    os.environ.clear()
    os.environ.update(job["env"])
    os.chdir(job["folder"])
    sys.argv = ["r2vbatch", *job["argv"]]
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _rooms(what: str) -> Iterator[str]:
    """Every module of the program, or of its emulator, which is a process of its own."""
    emulators = what.endswith(".emulator")
    for found in pkgutil.walk_packages(r2vbatch.__path__, "r2vbatch."):
        if (".emulator" in found.name) == emulators and not found.name.endswith("__main__"):
            yield found.name


def _serve(what: str, line: socket.socket) -> bool:
    """Fork what is asked for. True in a fork; False when nobody is left to ask."""
    for module in (*HEAVY, *_rooms(what)):
        importlib.import_module(module)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the watchers leave no trace
    while asked := _receive(line):
        job, ends = asked
        if not os.fork():
            line.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            if _fork(ends):
                _become(job, ends)
                return True
        for end in ends:
            os.close(end)
    return False


if __name__ == "__main__":
    _, package, end = sys.argv
    if _serve(package, socket.socket(fileno=int(end))):
        sys.exit(importlib.import_module(f"{package}.__main__").main())
