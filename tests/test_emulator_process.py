"""The emulator as a process: it starts, tells its address, and leaves with its parent."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import aiohttp
import pytest
from emulator_calls import SUBMIT, body

from r2vbatch.emulator.options import Options
from r2vbatch.emulator.process import start
from r2vbatch.errors import OutputUnavailable
from r2vbatch.visible import visible

PARENT = """
import sys, time
from r2vbatch.emulator.options import Options
from r2vbatch.emulator.process import start

with start(Options(workers=1)) as child:
    print(child.base_url, child.pid, flush=True)
    time.sleep(600)
"""


def _alive(pid: int) -> bool:
    """The process exists and is not merely waiting to be reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _descendants(pid: int) -> set[int]:
    """Processes below `pid`."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            parents[int(entry.name)] = int(fields[1])
    found, grown = {pid}, True
    while grown:
        more = {p for p, parent in parents.items() if parent in found} - found
        found |= more
        grown = bool(more)
    return found - {pid}


async def _start_drawing(base_url: str) -> None:
    """Submit a slate long enough to be drawn still when the parent dies."""
    request = body(duration=10, size="1440*1440")
    headers = {"Authorization": "Bearer sk-one", "X-DashScope-Async": "enable"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(base_url + SUBMIT, json=request, headers=headers) as response,
    ):
        assert response.status == 200


def test_a_child_serves_its_options_and_its_stats():
    """A key reaches the child by the pipe, not by the process list; its account is in the stats."""
    with start(Options(keys=("sk-only",), render=False)) as child:
        assert list(child.stats()["accounts"]) == ["account-1"]
        command = Path(f"/proc/{child.pid}/cmdline")
        if command.exists():
            assert b"sk-only" not in command.read_bytes()
    assert not _alive(child.pid)


def test_a_child_that_cannot_start_says_why():
    """A port that is taken is one sentence, not a traceback."""
    with start(Options(render=False)) as first:
        port = int(re.search(r":(\d+)/", first.base_url)[1])
        with pytest.raises(OutputUnavailable, match="cannot listen"), start(Options(port=port)):
            pass


def test_a_child_that_dies_before_it_listens_says_why(monkeypatch):
    """Also where it has gone before all was said to it: more is said here than a pipe holds."""
    monkeypatch.setenv("PYTHONHOME", "/nowhere")  # no Python begins in there
    long = Options(likes=(f"{68_000 * 'x'}=wan2.6-r2v",))
    with pytest.raises(OutputUnavailable, match="service did not start: "), start(long):
        pass


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_outlives_the_parent_by_two_seconds(number):
    """The parent is killed while a slate is being drawn: child and workers leave with it."""
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        base_url, pid = parent.stdout.readline().split()
        asyncio.run(_start_drawing(base_url))
        deadline = time.monotonic() + 20
        while len(_descendants(int(pid))) < 2 and time.monotonic() < deadline:
            time.sleep(0.02)  # the resource tracker and at least one worker
        family = {int(pid), *_descendants(int(pid))}
        assert len(family) >= 3
        os.kill(parent.pid, number)
        gone_by = time.monotonic() + 2.0
        while any(map(_alive, family)) and time.monotonic() < gone_by:
            time.sleep(0.02)
        assert not [p for p in family if _alive(p)]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_tells_its_address_and_stops_cleanly(number, tmp_path):
    """One line with the address, the admin page and the SDK's variable; exit 0 on a signal."""
    rules = tmp_path / "faults.txt"
    rules.write_text("# a bad day\nquery:slow=1\n\nlist:list_late=5:#1  # the first list\n")
    command = [sys.executable, "-m", "r2vbatch.emulator", "--plain", "--latency", "1-2"]
    command += ["--faults", str(rules), "--fault", "submit:reset_after:0.1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        line = process.stdout.readline().decode()
        assert re.search(r"http://127\.0\.0\.1:\d+/api/v1 ", line)
        assert "/emulator/stats" in line and "DASHSCOPE_HTTP_BASE_URL=" in line
        process.send_signal(number)
        assert process.wait(10) == 0
        assert process.stdout.read() == process.stderr.read() == b""


def _send(address: tuple[str, int], request: bytes) -> bytes:
    """The first line of the answer to these bytes."""
    with socket.create_connection(address) as line:
        line.sendall(request)
        return line.makefile("rb").readline()


def test_no_request_moves_the_cursor_of_who_runs_it():
    """What libraries log of hostile requests is one harmless line each, and no traceback."""
    evil = b"\x1b[2K\x07\x7f\xc2\x9b31m\xe2\x80\xaeevil"
    requests = (
        b"GET /" + evil + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + evil + b": x\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + evil + b"\r\n\r\n",
    )
    submit = f"POST /api/v1{SUBMIT} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer sk-one\r\n"
    compressed = (
        f"{submit}X-DashScope-Async: enable\r\nContent-Type: application/json\r\n"
        f"Content-Encoding: gzip\r\nContent-Length: {len(evil)}\r\n\r\n"
    ).encode() + evil
    command = [sys.executable, "-m", "r2vbatch.emulator", "--plain"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        port = int(re.search(r":(\d+)/", process.stdout.readline())[1])
        for request in (*requests, compressed):
            assert _send(("127.0.0.1", port), request).split()[1] == b"400"
        process.terminate()
        told = process.stderr.read()
    *lines, last = told.splitlines()
    assert len(lines) == told.count("a request that is no HTTP: Invalid ") == len(requests)
    assert last == "a body that is not what it says: Can not decode content-encoding: gzip"
    assert told == visible(told, keep="\n")
    refused = subprocess.run(
        [*command, "--fault", "submit:" + evil.decode()],
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 2
    assert refused.stderr == visible(refused.stderr, keep="\n") != ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--fault", "submit:nothing"], "there is no fault 'nothing'"),
        (["--latency", "soon"], "neither seconds nor a range"),
        (["--in-flight", "many"], "neither a whole number nor off"),
        (["--submits-per-second", "0"], "--submits-per-second takes a whole number from 1 on"),
        (["--faults", "latin.txt"], "latin.txt cannot be read: it is not UTF-8 text"),
        (["--faults", "broken.txt"], "broken.txt:2:8: error: there is no fault 'stal'"),
    ],
)
def test_a_wrong_switch_is_one_sentence(arguments, words, tmp_path):
    """Exit 2 and words, never a traceback."""
    (tmp_path / "broken.txt").write_text("# one mistake\nsubmit:stal\n")
    (tmp_path / "latin.txt").write_bytes("é".encode("latin-1"))
    done = subprocess.run(
        [sys.executable, "-m", "r2vbatch.emulator", *arguments],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 2
    assert words in done.stderr and "Traceback" not in done.stderr


def test_the_command_is_light_to_import():
    """Mounting it in the CLI brings in nothing that serves or draws."""
    code = "import sys, json, r2vbatch.emulator.command; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    heavy = {"aiohttp", "av", "PIL", "yaml", "r2vbatch.dashscope"}
    assert not heavy & set(json.loads(done.stdout))


def test_the_emulator_knows_nothing_of_the_client():
    """No room of the codec, the ledger or a run is loaded by serving and drawing."""
    code = (
        "import sys, json, r2vbatch.emulator.server, r2vbatch.emulator.process,"
        " r2vbatch.emulator.slate.render; print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    ours = {name.split(".")[1] for name in json.loads(done.stdout) if name.startswith("r2vbatch.")}
    assert ours <= {"emulator", "errors", "media", "threads", "workers"}
