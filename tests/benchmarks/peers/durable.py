"""The least that keeps the promise: the minimal script, and what the design asks for, no more.

The intent is committed before its POST and the task id before anything else; POSTs go one at a
time, each on a connection of its own; a clip is on the disk before it has its name. Nothing is
resumed, reconciled, tried again or checked: it is here to tell what the promise itself costs.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sqlite3
import struct
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import aiohttp

from tests.benchmarks.peers.jobs import Job, left
from tests.benchmarks.peers.minimal import Script

TABLES = """
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    CREATE TABLE IF NOT EXISTS takes (id TEXT PRIMARY KEY, state TEXT, detail TEXT);
    CREATE TABLE IF NOT EXISTS events (
        number INTEGER PRIMARY KEY, take TEXT, at REAL, state TEXT, detail TEXT);
"""
STATE = "INSERT OR REPLACE INTO takes (id, state, detail) VALUES (?, ?, ?)"
EVENT = "INSERT INTO events (take, at, state, detail) VALUES (?, ?, ?, ?)"


class Ledger:
    """Steps, written by a thread; those that come while it writes share the next transaction."""

    def __init__(self, path: Path) -> None:
        self._thread = ThreadPoolExecutor(1)
        self._db = self._thread.submit(self._open, path).result()
        self._steps: list[tuple[str, str, str, asyncio.Future[None]]] = []
        self._writes = False

    @staticmethod
    def _open(path: Path) -> sqlite3.Connection:
        db = sqlite3.connect(path, isolation_level=None)
        db.executescript(TABLES)
        return db

    async def step(self, take: str, state: str, detail: str = "") -> None:
        """Write where a take stands, durably."""
        loop = asyncio.get_running_loop()
        self._steps.append((take, state, detail, written := loop.create_future()))
        if not self._writes:
            self._writes = True
            loop.create_task(self._write_all())  # noqa: RUF006  it ends before who waits for it
        await written

    async def _write_all(self) -> None:
        while self._steps:
            steps, self._steps = self._steps, []
            await asyncio.get_running_loop().run_in_executor(self._thread, self._commit, steps)
            for *_, written in steps:
                written.set_result(None)
        self._writes = False

    def _commit(self, steps: list[tuple[str, str, str, asyncio.Future[None]]]) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        for take, state, detail, _ in steps:
            self._db.execute(STATE, (take, state, detail))
            self._db.execute(EVENT, (take, time.time(), state, detail))
        self._db.execute("COMMIT")


class Durable(Script):
    """The minimal script with a ledger."""

    def __init__(self, ledger: Ledger, *script: Any) -> None:
        super().__init__(*script)
        self._ledger = ledger
        self._turn = asyncio.Lock()

    async def make(self, job: Job) -> None:
        await super().make(job)
        await self._ledger.step(job.clip.stem, "done")

    async def _submitted(self, job: Job) -> str:
        async with self._turn:
            await self._ledger.step(job.clip.stem, "submitting", json.dumps(job.request))
            connector = aiohttp.TCPConnector(force_close=True, socket_factory=_mortal)
            async with aiohttp.ClientSession(connector=connector) as session:
                task = await self._posted(session, job.request)
            await self._ledger.step(job.clip.stem, "submitted", task)
        return task

    async def _generated(self, job: Job) -> str:
        url = await super()._generated(job)
        await self._ledger.step(job.clip.stem, "generated", url)
        return url

    async def _named(self, part: Path, clip: Path) -> None:
        await asyncio.to_thread(_named_durably, part, clip)


def _mortal(address: tuple[Any, ...]) -> socket.socket:
    """A socket that takes what is unsent with it when its process dies."""
    made = socket.socket(*address[:3])
    made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return made


def _named_durably(part: Path, clip: Path) -> None:
    _sync(part)
    part.rename(clip)
    _sync(clip.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


async def main(jobs: str, clips: str, in_flight: str, poll: str) -> None:
    """Make what is left."""
    todo = left(Path(jobs), Path(clips))
    ledger = Ledger(Path(clips).with_suffix(".db"))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        script = Durable(ledger, session, int(in_flight), float(poll))
        async with asyncio.TaskGroup() as takes:
            for job in todo:
                takes.create_task(script.make(job))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
