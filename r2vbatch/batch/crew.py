"""Plain functions of `media`, run off the event loop behind the standard executor interface: a
process pool here, another machine's later."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import ParamSpec, TypeVar

from r2vbatch.threads import in_thread

P = ParamSpec("P")
T = TypeVar("T")


class Crew:
    """A pool that is started when it is first needed."""

    def __init__(self, start: Callable[[int], Executor]) -> None:
        """`start` makes a pool of that many workers."""
        self._start = start
        self._workers = min(4, os.cpu_count() or 1)
        self._pool: Executor | None = None

    async def run(self, function: Callable[P, T], *args: P.args, **_: P.kwargs) -> T:
        """What `function` returns in a worker."""
        try:
            return await self._run(function, *args)
        except BrokenProcessPool:  # a worker was killed, for want of memory say: once more
            return await self._run(function, *args)

    async def _run(self, function: Callable[..., T], *args: object) -> T:
        if self._pool is None:
            self._pool = self._start(self._workers)
        pool, loop = self._pool, asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(pool, function, *args)
        except BrokenProcessPool:
            if self._pool is pool:  # several may have waited for it
                pool.shutdown(wait=False)
                self._pool = None
            raise

    async def close(self) -> None:
        """Let go of the workers; what they were doing is done again by the next run.

        Threads are waited for: what they write bears the same name as in another run of this
        process, which may have the folder next. Processes end by themselves.
        """
        if self._pool is not None:
            threads = isinstance(self._pool, ThreadPoolExecutor)
            await in_thread(self._pool.shutdown, wait=threads, cancel_futures=True)
