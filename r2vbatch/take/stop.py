"""The one switch that ends submitting. What was submitted is still watched and fetched."""

from __future__ import annotations

import asyncio


class Stop:
    """Whether, and why, nothing more is submitted."""

    def __init__(self) -> None:
        self.reason: str | None = None
        self.hint = ""
        self.refused = False
        """The service refuses in a way that would hit every take."""
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

    async def pause(self, seconds: float) -> None:
        """Sleep, but not beyond the stop."""
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            return

    async def or_event(self, event: asyncio.Event) -> None:
        """Wait for `event` or for the stop, whichever comes first."""
        waits = {asyncio.create_task(e.wait()) for e in (event, self._event)}
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
