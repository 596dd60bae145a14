"""Last frames of shots that others continue: of the good take of each, as files beside the clips.

They lie in ``frames/`` of the output folder, so that what was given to the model can be looked at.
They may be deleted: they are made again when they are needed. A preview goes on from slates, a live
take from clips alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import BrokenExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.parse import quote

from r2vbatch import media
from r2vbatch.batch.crew import Crew
from r2vbatch.dashscope.encode import PENDING
from r2vbatch.ledger import ENDED, Kind, Ledger, LedgerThread, State, TakeRow
from r2vbatch.ledger.board import good_one
from r2vbatch.media.files import digest
from r2vbatch.references import Source
from r2vbatch.storage import Folder, unwritable
from r2vbatch.take.means import Frame, NoFrame
from r2vbatch.threads import in_thread

FRAMES = "frames"


@dataclass(frozen=True, slots=True)
class Frames:
    """Takes the last frames of one run's shots."""

    thread: LedgerThread
    kind: Kind
    folder: Folder
    crew: Crew
    files: dict[str, Source]
    """Where each content lies that a take may be given: frames are added."""
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def of(self, shot: str) -> Frame | NoFrame:
        """The last frame of the good take of `shot`, as it stands now."""
        rows = await self.thread.do(Ledger.of_shot, self.kind, shot)
        circles = await self.thread.do(Ledger.circles)
        row, _ = good_one(rows, circles)
        if row is None or row.file is None:
            return _none(shot, rows)
        name = f"{FRAMES}/{row.take}-{(row.sha256 or '')[:16]}.png"
        try:
            async with self.turn:  # two shots may continue the same one
                problem = await self._take(row.file, name)
            if problem:
                why = f"the last frame of {row.take} cannot be taken: {problem}"
                return NoFrame(why, for_good=False)
            file = self.folder.path(name)
            sha256, _ = await in_thread(digest, file)
        except OSError as failure:
            raise unwritable(self.folder.root, failure) from failure
        self.files[sha256] = file
        return Frame(row.key, sha256, _url(sha256, file))

    async def _take(self, clip: str, name: str) -> str:
        """Put the frame there, whole, unless it is; a sentence where that cannot be done."""
        if self.folder.exists(name):
            return ""
        if not self.folder.exists(clip):
            return "its clip is gone"
        part = self.folder.part("frame")
        try:
            problem = await self.crew.run(media.last_frame, self.folder.path(clip), part)
        except BrokenExecutor:
            return "the decoder died of it twice"
        if not problem:
            await in_thread(partial(self.folder.publish, part, name, replace=True))
        return problem


def _none(shot: str, rows: Sequence[TakeRow]) -> NoFrame:
    """Why there is no take of a shot to go on from."""
    if rows and all(row.state in ENDED and row.state is not State.DONE for row in rows):
        states = " and ".join(sorted({str(row.state) for row in rows}))
        return NoFrame(f"{shot}, which it continues, has no clip: {states}", for_good=True)
    return NoFrame(f"{shot}, which it continues, is not made yet", for_good=False)


def _url(sha256: str, file: Path) -> str:
    return f"{PENDING}{sha256}/{quote(file.name, safe='')}"
