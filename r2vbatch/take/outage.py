"""A service that cannot be reached, as the person who waits hears of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from r2vbatch.dashscope.faults import ServiceError

LASTS = 3 * 3600.0
"""Seconds for which a service that cannot be reached is tried on."""
_SAY_AFTER = 3
"""Failures in a row before anything is said of them."""


class Outage:
    """A service that cannot be reached: said once, and once more when it can."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._since = 0.0
        self.tries = 0

    def goes_on(self, failure: ServiceError) -> float:
        """Not reached, again; for how many seconds by now."""
        self.tries += 1
        now = asyncio.get_running_loop().time()
        if self.tries == 1:
            self._since = now
        if self.tries == _SAY_AFTER:
            self._say(
                f"the service cannot be reached ({failure.message}); trying on, for"
                f" {LASTS / 3600:.0f} h at most (Ctrl-C loses nothing)"
            )
        return now - self._since

    def is_over(self) -> None:
        """Reached."""
        if self.tries >= _SAY_AFTER:
            self._say("the service can be reached again")
        self.tries = 0
