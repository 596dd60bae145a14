"""Verifying, hashing and picturing clips, off the event loop.

Plain functions of `media` behind the standard executor interface: a process pool here, another
machine's later.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import Executor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from r2vbatch import media
from r2vbatch.planning.model import Expected


class Finisher:
    """Finishes clips in a pool that is started with the first clip."""

    def __init__(self, start: Callable[[int], Executor]) -> None:
        """`start` makes a pool of that many workers."""
        self._start = start
        self._workers = min(4, os.cpu_count() or 1)
        self._pool: Executor | None = None

    async def finish(self, clip: Path, poster: Path, expected: Expected) -> media.Finished:
        """Verify the file, hash it and make its poster. See `media.finish`."""
        try:
            return await self._run(clip, poster, expected)
        except BrokenProcessPool:  # a worker was killed, for want of memory say: once more
            return await self._run(clip, poster, expected)

    async def _run(self, clip: Path, poster: Path, expected: Expected) -> media.Finished:
        if self._pool is None:
            self._pool = self._start(self._workers)
        pool, loop = self._pool, asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(pool, media.finish, clip, poster, expected)
        except BrokenProcessPool:
            if self._pool is pool:  # several may have waited for it
                pool.shutdown(wait=False)
                self._pool = None
            raise

    def close(self) -> None:
        """Let go of the workers; what they were doing is done again by the next run."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
