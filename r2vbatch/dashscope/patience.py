"""Words for a person while a host keeps us waiting, so that a batch is never silent and stuck.

Nothing is said of what passes within ten seconds, and no more than a sentence a minute of what
does not, however many calls wait for it. Nothing is decided here: how often and how long anything
is tried is the caller's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

SAY_AFTER: Final = 10.0
"""Seconds of trouble of which nothing is said."""
SAY_EVERY: Final = 60.0
"""Seconds between two sentences."""
_LONGEST: Final = 120
"""Characters of a reason that are repeated."""


class Patience:
    """Follows how calls fare, host by host."""

    def __init__(
        self,
        say: Callable[[str], None] | None,
        *,
        after: float = SAY_AFTER,
        every: float = SAY_EVERY,
    ) -> None:
        """`say` is given one sentence at a time; None for nobody who listens."""
        self._say = say
        self._after = after
        self._every = every
        self._since: dict[str, float] = {}
        self._quiet_until = float("-inf")

    @contextmanager
    def waiting(self, url: str, what: str) -> Iterator[None]:
        """Around one wait for the host of `url`; `what` is said if it takes long."""
        timer = asyncio.get_running_loop().call_later(self._after, self._tell, host_of(url), what)
        try:
            yield
        finally:
            timer.cancel()

    def failed(self, url: str, reason: str, wait: float = 0.0, what: str = "next try in") -> None:
        """An attempt came to nothing; `what` will take `wait` seconds, if anything."""
        host, now = host_of(url), _now()
        since = self._since.setdefault(host, now)
        if now - since + wait >= self._after:
            short = reason if len(reason) <= _LONGEST else reason[: _LONGEST - 1] + "…"
            self._tell(host, f"{short}; {what} {wait:.0f} s" if wait >= 1 else short)

    def answered(self, url: str) -> None:
        """The host of `url` did what was asked."""
        self._since.pop(host_of(url), None)

    def _tell(self, host: str, reason: str) -> None:
        if self._say is not None and _now() >= self._quiet_until:
            self._quiet_until = _now() + self._every
            self._say(f"waiting for {host}: {reason}")


@lru_cache  # a batch asks about its few hosts with every call
def host_of(url: str) -> str:
    """The host that `url` names, for people; never raises."""
    try:
        return urlsplit(url).hostname or "the host"
    except ValueError:
        return "the host"


def _now() -> float:
    return asyncio.get_running_loop().time()
