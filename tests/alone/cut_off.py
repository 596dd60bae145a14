"""No network but loopback, for the tests and for every Python that they begin."""

from __future__ import annotations

import re
import sys
from typing import Any

LOOPBACK = {"127.0.0.1", "::1", "localhost", "", None}
NUMBERS = re.compile(r"[0-9.]+|[0-9a-f:.]*:[0-9a-f:.]*", re.IGNORECASE)
"""An address in figures, which nobody has to be asked for."""


def cut_off() -> None:
    """From now on, connections of this process to any other machine fail at once, and so do
    questions for a name. An audit hook: no library goes around it."""
    sys.addaudithook(_stay)


def _stay(event: str, args: tuple[Any, ...]) -> None:
    if not event.startswith("socket."):
        return
    if event in {"socket.connect", "socket.sendto"} and isinstance(args[1], tuple):
        _allow(args[1][0], known=False)
    elif event in {"socket.getaddrinfo", "socket.gethostbyname"}:
        _allow(args[0], known=NUMBERS.fullmatch(_text(args[0])) is not None)


def _allow(host: Any, *, known: bool) -> None:
    if not known and (_text(host) if host else host) not in LOOPBACK:
        raise OSError(f"tests do not leave this machine: {_text(host)}")


def _text(host: Any) -> str:
    return host.decode() if isinstance(host, bytes) else str(host)
