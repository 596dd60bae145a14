"""The ledger off the event loop: one thread, one call at a time.

A commit waits for the disk; the loop that paces a paid service must not. The calls are made in
the order they are asked for, and each is carried out even if its caller is cancelled: a task id
that waits its turn must not be dropped with the coroutine that brought it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Concatenate, ParamSpec, TypeVar

from r2vbatch.ledger.store import Ledger

P = ParamSpec("P")
T = TypeVar("T")


class LedgerThread:
    """Awaitable access to a `Ledger`: ``await thread.do(Ledger.move, key, State.DONE)``."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="ledger")

    async def do(
        self, method: Callable[Concatenate[Ledger, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Call `method` of the ledger with these arguments, off the loop."""
        asked = self._pool.submit(method, self.ledger, *args, **kwargs)
        return await asyncio.shield(asyncio.wrap_future(asked))

    def close(self) -> None:
        """Wait for what was begun."""
        self._pool.shutdown(wait=True)
