"""The emulator as a child process that dies with its parent, kill -9 included.

The child holds the reading end of a pipe as its standard input and leaves when that ends; no
process but this one holds the other end. Switches travel on the same pipe, so that no key
shows in a process list. A session of its own keeps Ctrl-C away from it: the parent decides.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from r2vbatch.emulator.options import Options
from r2vbatch.errors import OutputUnavailable

PATIENCE = 5.0
"""Seconds a child gets to leave by itself."""


@dataclass(frozen=True, slots=True)
class Child:
    """A running emulator."""

    base_url: str
    pid: int

    def stats(self) -> dict[str, Any]:
        """What the admin page says now. Blocks."""
        url = self.base_url.removesuffix("/api/v1") + "/emulator/stats"
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(url, timeout=10) as response:
            found: dict[str, Any] = json.load(response)
        return found


@contextmanager
def start(options: Options) -> Iterator[Child]:
    """Run an emulator for the length of the block. Blocks until it listens (under a second).

    Raises:
        OutputUnavailable: it did not start; says what it said.
    """
    command = [sys.executable, "-m", "r2vbatch.emulator", "--die-with-parent"]
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8") as complaints,
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            start_new_session=True,
            text=True,
        ) as process,
    ):
        assert process.stdin is not None and process.stdout is not None
        try:
            line = _greet(process, options)
            if not line:
                process.wait(PATIENCE)
                complaints.seek(0)
                last = complaints.read().strip().splitlines()[-1:] or ["it said nothing"]
                raise OutputUnavailable(f"The preview service did not start: {last[0]}")
            yield Child(json.loads(line)["base_url"], process.pid)
        finally:
            with suppress(BrokenPipeError):  # it has gone before it was told all
                process.stdin.close()
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()


def _greet(process: subprocess.Popen[str], options: Options) -> str:
    """Tell the child its switches; the line it answers with, empty when it left."""
    assert process.stdin is not None and process.stdout is not None
    try:
        process.stdin.write(options.to_json() + "\n")
        process.stdin.flush()
    except BrokenPipeError:
        return ""
    return process.stdout.readline()
