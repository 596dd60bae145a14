"""Worker processes that cannot outlive the process that started them.

`spawn`, so that no child inherits a lock or a half-written file; a worker leaves by itself as
soon as its parent is gone, kill -9 included, or lets go of the pool; Ctrl-C is the head's to
answer, not the workers'.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.connection import Connection, wait


class Pool(ProcessPoolExecutor):
    """A process pool of at most `workers` processes, started when first needed.

    Unlike its base, it need not stay until the longest of what its workers do has come to an end.
    """

    def __init__(self, workers: int) -> None:
        line, self._line = multiprocessing.Pipe(duplex=False)
        super().__init__(
            workers,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_leave_with_parent,
            initargs=(line,),
        )

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """As by the executor; where nobody waits for what the workers do, they leave at once."""
        super().shutdown(wait, cancel_futures=cancel_futures)
        if not wait:
            self._line.close()

    def dismiss(self) -> None:
        """Make the workers leave at once, whatever they are at, and wait until they have."""
        self._line.close()
        super().shutdown(cancel_futures=True)


def _leave_with_parent(line: Connection) -> None:
    """Make this worker end when its parent does or closes `line`, and leave Ctrl-C to the
    parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_watch, args=(line,), name="watch-parent", daemon=True).start()


def _watch(line: Connection) -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel, line])  # pipes that the kernel closes with the parent
        os._exit(0)
