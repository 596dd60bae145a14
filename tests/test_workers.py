"""Worker processes: they work, leave Ctrl-C to the head, and never outlive it."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from pathlib import Path

import pytest
from ledgers import child

from r2vbatch import workers

HEAD = """
import sys
from pathlib import Path
from r2vbatch import workers
from test_workers import hold

if __name__ == "__main__":
    pool = workers.Pool(2)
    held = [pool.submit(hold, Path(sys.argv[1])) for _ in range(2)]
    sys.stdin.readline()
    pool.shutdown(wait=False, cancel_futures=True)
"""


def hold(fifo: Path) -> None:
    """Work that goes on and on, with a pipe that the kernel closes with the worker."""
    os.write(os.open(fifo, os.O_WRONLY), b"x")
    time.sleep(3600)


def test_a_pool_works() -> None:
    """Plain functions behind the standard executor interface, in processes of their own."""
    with workers.Pool(2) as pool:
        assert list(pool.map(abs, [-1, 2, -3])) == [1, 2, 3]
        assert pool.submit(os.getpid).result() != os.getpid()


def test_ctrl_c_is_the_heads_to_answer() -> None:
    """A worker that is sent SIGINT, as every process of a terminal is, works on."""
    with workers.Pool(1) as pool:
        worker = pool.submit(os.getpid).result()
        os.kill(worker, signal.SIGINT)
        assert pool.submit(os.getpid).result() == worker


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, None])
def test_workers_leave_with_their_head(tmp_path: Path, end: signal.Signals | None) -> None:
    """However the head goes, busy workers are gone within two seconds; a head that lets go of them
    and leaves by itself does not wait for what they do."""
    fifo = tmp_path / "held"
    os.mkfifo(fifo)
    with child(HEAD, fifo, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as head:
        pipe = os.open(fifo, os.O_RDONLY)
        try:
            held = b""
            while len(held) < 2:
                held += os.read(pipe, 2)
            if end is None:
                assert head.stdin is not None
                head.stdin.close()
            else:
                head.send_signal(end)
            head.wait(timeout=30)
            assert select.select([pipe], [], [], 2.0)[0], "a worker still holds the pipe"
            assert os.read(pipe, 1) == b""
        finally:
            os.close(pipe)
