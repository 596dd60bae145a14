"""One run per output folder, held by the kernel for as long as the holder lives."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from ledgers import child, ran

from r2vbatch.batch.lock import locked
from r2vbatch.errors import OutputUnavailable

HOLDER = """
import os, sys
from pathlib import Path
from r2vbatch import workers
from r2vbatch.batch.lock import locked

if __name__ == "__main__":
    with locked(Path(sys.argv[1])):
        pool = workers.Pool(2)
        print(os.getpid(), *{pool.submit(os.getpid).result() for _ in range(8)}, flush=True)
        sys.stdin.readline()
"""


def test_a_second_process_is_refused_with_the_holders_id(tmp_path: Path) -> None:
    """It is told who has the folder and what to do; afterwards the folder is free."""
    with child(HOLDER, tmp_path, stdin=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        pid = holder.stdout.readline().split()[0]
        assert pid == str(holder.pid)
        with pytest.raises(
            OutputUnavailable, match=rf"in use by another run \(process {pid}\)"
        ) as said:
            locked(tmp_path).__enter__()
        assert f"`r2vbatch status {tmp_path}`" in said.value.hint, "to be pasted as it stands"
        holder.communicate("\n", timeout=60)
    with locked(tmp_path):
        pass


def test_a_second_run_of_this_process_is_refused(tmp_path: Path) -> None:
    """By whatever name it calls the folder; the kernel alone would let it in, and drop the first
    one's lock when it leaves."""
    (tmp_path / "out").mkdir()
    (tmp_path / "link").symlink_to("out")
    with locked(tmp_path / "out"):
        for name in ("out", "link"):
            with pytest.raises(OutputUnavailable, match="another run of this program"):
                locked(tmp_path / name).__enter__()
        with child(HOLDER, tmp_path / "out", stderr=subprocess.PIPE) as other:
            assert "in use by another run" in other.communicate(timeout=60)[1]
    with locked(tmp_path / "link"):
        pass


FORKED = """
import os, sys
from pathlib import Path
from r2vbatch.batch.lock import locked

go, gone = os.pipe()
with locked(Path(sys.argv[1])):
    child = os.fork()
    if not child:
        os.close(gone)
        os.read(go, 1)  # until the parent's run has ended
        with locked(Path(sys.argv[1])):
            os._exit(0)
os.close(gone)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_process_forked_during_a_run_holds_nothing(tmp_path: Path) -> None:
    """As by a service that forks its workers: they may have the folder when that run has ended."""
    with child(FORKED, tmp_path, stderr=subprocess.PIPE) as forked:
        said = forked.communicate(timeout=60)[1]
    assert forked.returncode == 0, said


def test_kill_9_of_the_holder_frees_the_folder_at_once(tmp_path: Path) -> None:
    """Though a pool of workers was alive when it died: none of them keeps the lock."""
    with child(HOLDER, tmp_path, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as holder:
        assert holder.stdout is not None
        assert len(holder.stdout.readline().split()) >= 2
        holder.kill()
        holder.wait()
        with locked(tmp_path):
            pass


def test_the_file_is_never_taken_away(tmp_path: Path) -> None:
    """Locks are on a file that stays: were it removed, two runs could hold two of them."""
    with locked(tmp_path):
        first = (tmp_path / ".lock").stat().st_ino
    with locked(tmp_path):
        assert (tmp_path / ".lock").stat().st_ino == first


def test_a_folder_that_is_not_there_or_no_folder(tmp_path: Path) -> None:
    """A sentence, not a traceback."""
    (tmp_path / "file").write_text("")
    for path, why in ((tmp_path / "gone", "No such file"), (tmp_path / "file", "Not a directory")):
        with pytest.raises(OutputUnavailable, match=f"cannot be held for this run: {why}"):
            locked(path).__enter__()


FULL = """
import resource, sys
from pathlib import Path
from r2vbatch.batch.lock import locked
from r2vbatch.errors import OutputUnavailable
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
try:
    with locked(Path(sys.argv[1])):
        print("held")
except OutputUnavailable as said:
    print(said.message)
"""


def test_no_room_for_the_process_id(tmp_path: Path) -> None:
    """A disk so full that not even that can be written is no disk to spend money on."""
    assert ran(FULL, tmp_path) == (0, [f"{tmp_path} cannot be held for this run: File too large"])
