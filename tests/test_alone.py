"""The tests leave this machine in no way: neither they nor what they begin."""

from __future__ import annotations

import subprocess
import sys

import pytest

TRY = "import socket; socket.create_connection(({!r}, 9), timeout=1)"


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "example.com"])
def test_nobody_leaves(host: str) -> None:
    """No address and no name of another machine is asked for, here or in a program begun here."""
    with pytest.raises(OSError, match="do not leave this machine"):
        exec(TRY.format(host))
    program = subprocess.run([sys.executable, "-c", TRY.format(host)], capture_output=True)
    assert b"do not leave this machine" in program.stderr
