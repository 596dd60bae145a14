"""Worker processes that cannot outlive the process that started them.

`spawn`, so that no child inherits a lock or a half-written file; a worker leaves by itself as
soon as its parent is gone, kill -9 included; Ctrl-C is the head's to answer, not the workers'.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor


def pool(workers: int) -> ProcessPoolExecutor:
    """A process pool of at most `workers` processes, started when first needed."""
    return ProcessPoolExecutor(
        workers,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=leave_with_parent,
    )


def leave_with_parent() -> None:
    """Make this worker end when its parent does, and leave Ctrl-C to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_watch, name="watch-parent", daemon=True).start()


def _watch() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()  # waits on a pipe that the kernel closes with the parent
        os._exit(0)
