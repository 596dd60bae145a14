"""Servers on a thread of their own, for clients that block."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any, TypeVar

from emulator_calls import PATIENCE, plain

from r2vbatch.emulator.faults import Fault
from r2vbatch.emulator.server import Emulator

T = TypeVar("T")


@contextmanager
def in_a_thread(serving: AbstractAsyncContextManager[Any]) -> Iterator[None]:
    """Enter `serving` on the loop of another thread for the length of the block."""
    listening, loop, enough = threading.Event(), asyncio.new_event_loop(), asyncio.Event()

    async def serve() -> None:
        async with serving:
            listening.set()
            await enough.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    try:
        assert listening.wait(10)
        yield
    finally:
        loop.call_soon_threadsafe(enough.set)
        thread.join()
        loop.close()


@contextmanager
def emulator(*faults: str, **switches: Any) -> Iterator[Emulator]:
    """An emulator: plain clips, no query limit, these faults."""
    server = Emulator(plain(faults=tuple(map(Fault.parse, faults)), **switches))
    with in_a_thread(server.serve()):
        yield server


def until(ask: Callable[[], T], enough: Callable[[T], bool]) -> T:
    """What `ask` answers, once that is enough."""
    deadline = time.monotonic() + PATIENCE
    while not enough(answer := ask()):
        assert time.monotonic() < deadline, answer
        time.sleep(0.02)
    return answer
