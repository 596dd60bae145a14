"""Ctrl-C and SIGTERM: the first asks the run to stop, the second leaves at once.

Leaving at once loses nothing: every step is in the ledger before it is taken.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from types import TracebackType
from typing import Any, Self

from r2vbatch.errors import Exit

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Signals:
    """Listens for a wish to stop while its block runs, in the main thread and where it may."""

    def __init__(self, *, listen: bool) -> None:
        """`listen`: signals are ours to answer; in another's program they are not."""
        self.asked = asyncio.Event()
        self._before: dict[signal.Signals, Any] = {}
        self._listening = listen and threading.current_thread() is threading.main_thread()

    def _hear(self) -> None:
        if self.asked.is_set():
            os._exit(Exit.INTERRUPTED)
        self.asked.set()

    def __enter__(self) -> Self:
        if self._listening:
            for number in _SIGNALS:
                self._before[number] = signal.getsignal(number)
                asyncio.get_running_loop().add_signal_handler(number, self._hear)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._listening:
            for number, before in self._before.items():
                asyncio.get_running_loop().remove_signal_handler(number)
                if before is not None:  # asyncio leaves the system's own
                    signal.signal(number, before)
