"""What has changed on the sheet since somebody looked: the ledger is asked for its revision, and
drawn anew when that has grown.

Polling, for a ledger has no way to call: another process writes it. A question costs some 0.1 ms.
Whoever is far behind gets the newest state of what changed, once; nothing queues up for anybody.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

from r2vbatch.film.report import head_html, page, shot_html
from r2vbatch.film.sheet import Shot, sheet
from r2vbatch.ledger import Ledger, LedgerThread
from r2vbatch.storage import Folder

_PAUSE = 0.4
"""Seconds between two questions."""
_SHARE = 4
"""Drawing a large board takes time: it may take a fifth of one core."""


@dataclass(frozen=True, slots=True)
class News:
    """What a page must exchange to be current."""

    version: int
    head: str
    shots: dict[str, str]
    """HTML by shot id."""
    other: bool = False
    """The board has other shots, or another order: the page must be opened anew."""


@dataclass
class _State:
    revision: int = -1
    version: int = 0
    began: int = 0
    """The version that first had this board."""
    head: str = ""
    shots: dict[str, Shot] = field(default_factory=dict)
    html: dict[str, tuple[int, str]] = field(default_factory=dict)
    """By shot id: the version in which it changed last, and what it looks like since."""


class Following:
    """The sheet of one output folder, kept current."""

    def __init__(self, thread: LedgerThread, folder: Folder) -> None:
        self._thread, self._folder = thread, folder
        self._state = _State()
        self._changed = asyncio.Condition()

    async def follow(self) -> None:
        """Look for changes until cancelled."""
        while True:
            took = await self.look()
            await asyncio.sleep(max(_PAUSE, _SHARE * took))

    async def look(self) -> float:
        """Bring the sheet up to the ledger's state; the seconds that took."""
        began = time.monotonic()
        if await self._thread.do(self._draw):
            async with self._changed:
                self._changed.notify_all()
        return time.monotonic() - began

    async def page(self) -> str:
        """The whole page as it is now; it asks for news since its own version."""
        await self.look()  # not only drawn: others want to hear of it, too
        return await self._thread.do(self._page)

    async def news(self, since: int) -> AsyncGenerator[News]:
        """What has changed since a version, whenever something has."""
        while True:
            async with self._changed:
                while self._state.version <= since:
                    await self._changed.wait()
                found = self._since(since)
            since = found.version
            yield found

    def _since(self, version: int) -> News:
        now = self._state
        shots = {id: html for id, (changed, html) in now.html.items() if changed > version}
        return News(now.version, now.head, shots, other=now.began > version)

    # --- on the ledger's thread ----------------------------------------------------------

    def _page(self, ledger: Ledger) -> str:
        return page(ledger, sheet(ledger, self._folder), live=True, version=self._state.version)

    def _draw(self, ledger: Ledger) -> bool:
        """Draw what has changed; whether anything has."""
        now, revision = self._state, ledger.revision()
        if revision == now.revision:
            return False
        drawn = sheet(ledger, self._folder)
        version = now.version + 1
        shots = {shot.id: shot for shot in drawn.shots}
        html = {
            id: now.html[id]
            if now.shots.get(id) == shot and id in now.html
            else (version, shot_html(shot, drawn, live=True))
            for id, shot in shots.items()
        }
        same = list(shots) == list(now.shots)
        self._state = _State(
            revision=revision,
            version=version,
            began=now.began if same else version,
            head=head_html(ledger, drawn),
            shots=shots,
            html=html,
        )
        return True
