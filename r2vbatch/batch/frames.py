"""Last frames of shots that others continue: of the good take of each, as files beside the clips.

They lie in ``frames/`` of the output folder, so that what was given to the model can be looked at.
They may be deleted: they are made again when they are needed. A preview goes on from slates, a live
take from clips alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import BrokenExecutor
from dataclasses import dataclass
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

    async def of(self, shot: str) -> Frame | NoFrame:
        """The last frame of the good take of `shot`, as it stands now."""
        rows = await self.thread.do(Ledger.of_shot, self.kind, shot)
        circles = await self.thread.do(Ledger.circles)
        row, _ = good_one(rows, circles)
        if row is None or row.file is None:
            return _none(shot, rows)
        target = self.folder.path(f"{FRAMES}/{row.take}-{(row.sha256 or '')[:16]}.png")
        clip = self.folder.path(row.file)
        if not clip.is_file():
            return NoFrame(f"the clip of {row.take}, which it continues, is gone", for_good=False)
        try:
            if not target.is_file():
                problem = await self.crew.run(media.last_frame, clip, target)
                if problem:
                    why = f"the last frame of {row.take} cannot be taken: {problem}"
                    return NoFrame(why, for_good=False)
            sha256, _ = await in_thread(digest, target)
        except BrokenExecutor:
            return NoFrame(f"the decoder died of {row.take}, which it continues", for_good=False)
        except OSError as failure:
            raise unwritable(self.folder.root, failure) from failure
        self.files[sha256] = target
        return Frame(row.key, sha256, _url(sha256, target))


def _none(shot: str, rows: Sequence[TakeRow]) -> NoFrame:
    """Why there is no take of a shot to go on from."""
    if rows and all(row.state in ENDED and row.state is not State.DONE for row in rows):
        states = " and ".join(sorted({str(row.state) for row in rows}))
        return NoFrame(f"{shot}, which it continues, has no clip: {states}", for_good=True)
    return NoFrame(f"{shot}, which it continues, is not made yet", for_good=False)


def _url(sha256: str, file: Path) -> str:
    return f"{PENDING}{sha256}/{quote(file.name, safe='')}"
