"""An event loop for programs without one.

Of ``asyncio.run`` the second Ctrl-C breaks off what the first has begun to record: the output
folder stays held until the program ends, which an interactive one does not. Here each is the same
wish.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Coroutine
from functools import partial
from types import FrameType
from typing import Any, TypeVar

T = TypeVar("T")


def inside_a_loop() -> bool:
    """Whether this thread runs an event loop at this moment."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def interruptible(run: Coroutine[Any, Any, T]) -> T:
    """What `run` returns or raises, in a loop of its own. Ctrl-C cancels it, however often, and
    becomes ``KeyboardInterrupt`` when all has ended; where the program answers Ctrl-C itself, or in
    another thread than the main one, that is left alone."""
    if not _ours_to_answer():
        return asyncio.run(run)
    presses = _Presses()
    signal.signal(signal.SIGINT, presses.hear)
    try:
        return asyncio.run(presses.cancelling(run))
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if presses.any:
            raise KeyboardInterrupt from None


def _ours_to_answer() -> bool:
    main = threading.current_thread() is threading.main_thread()
    return main and signal.getsignal(signal.SIGINT) is signal.default_int_handler


class _Presses:
    """Ctrl-C, pressed any number of times while something runs."""

    def __init__(self) -> None:
        self.any = False
        self._cancel: Callable[[], object] | None = None

    def hear(self, number: int, frame: FrameType | None) -> None:
        """One of them."""
        self.any = True
        if self._cancel:
            self._cancel()

    async def cancelling(self, run: Coroutine[Any, Any, T]) -> T:
        """What `run` returns; each of them cancels it."""
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None, "a coroutine runs in a task"
        self._cancel = partial(loop.call_soon_threadsafe, task.cancel)
        if self.any:  # before there was anything to cancel
            task.cancel()
        try:
            return await run
        finally:
            self._cancel = None
