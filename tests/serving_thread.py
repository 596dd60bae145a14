"""An emulator on a thread of its own, for clients that block."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from emulator_calls import PATIENCE, plain

from r2vbatch.emulator.faults import Fault
from r2vbatch.emulator.server import Emulator

T = TypeVar("T")


@contextmanager
def emulator(*faults: str, **switches: Any) -> Iterator[Emulator]:
    """Serve for the length of the block. Plain clips, no query limit, these faults."""
    server = Emulator(plain(faults=tuple(map(Fault.parse, faults)), **switches))
    loop = asyncio.new_event_loop()
    listening = threading.Event()
    enough = asyncio.Event()

    async def serve() -> None:
        async with server.serve():
            listening.set()
            await enough.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    try:
        assert listening.wait(10)
        yield server
    finally:
        loop.call_soon_threadsafe(enough.set)
        thread.join()
        loop.close()


def until(ask: Callable[[], T], enough: Callable[[T], bool]) -> T:
    """What `ask` answers, once that is enough."""
    deadline = time.monotonic() + PATIENCE
    while not enough(answer := ask()):
        assert time.monotonic() < deadline, answer
        time.sleep(0.02)
    return answer
