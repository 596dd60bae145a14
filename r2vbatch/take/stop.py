"""The one switch that ends submitting. What was submitted is still watched and fetched."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Stop:
    """Whether, and why, nothing more is submitted."""

    def __init__(self) -> None:
        self.reason: str | None = None
        self.hint = ""
        self.refused = False
        """The service refuses in a way that would hit every take."""
        self.heard: Callable[[], None] = lambda: None
        """Called at the stop: whoever waits for news of the batch waits for this, too."""
        self._event = asyncio.Event()

    @property
    def submitting(self) -> bool:
        """True once nothing more may be submitted."""
        return self._event.is_set()

    def now(self, reason: str, hint: str = "", *, refused: bool = False) -> None:
        """Submit nothing more; the first reason is kept."""
        if self.reason is None:
            self.reason, self.hint, self.refused = reason, hint, refused
        self._event.set()
        self.heard()

    async def pause(self, seconds: float) -> None:
        """Sleep, but not beyond the stop."""
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            return
