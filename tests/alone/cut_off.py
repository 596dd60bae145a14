"""No network but loopback, for the tests and for programs that they start."""

from __future__ import annotations

import socket
from typing import Any

LOOPBACK = {"127.0.0.1", "::1", "localhost"}


def cut_off() -> None:
    """From now on, connections of this process to any other machine fail at once."""
    real = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        if self.family in {socket.AF_INET, socket.AF_INET6} and address[0] not in LOOPBACK:
            raise OSError(f"tests do not leave this machine: {address[0]}")
        real(self, address)

    socket.socket.connect = connect  # type: ignore[method-assign]
