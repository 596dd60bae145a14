"""Takes that join a run while it goes on, because a person asks for them in another process.

A look costs one small question to the ledger. What is new is carried in as a plan is: durable
before anything is done with it, and found as planned by the next run should this one die.
"""

from __future__ import annotations

from typing import NamedTuple

from r2vbatch.batch.job import Job
from r2vbatch.ledger import Ledger, LedgerThread, TakeRow
from r2vbatch.planning import PlannedTake


class Joined(NamedTuple):
    """A take that joins a run."""

    take: PlannedTake
    row: TakeRow
    after: list[int]
    """Ledger keys of the takes it waits for."""


class Joining:
    """Looks for what was asked for since."""

    def __init__(self, job: Job, thread: LedgerThread) -> None:
        self._job = job
        self._thread = thread
        self._seen: object = None

    async def look(self) -> list[Joined]:
        """The takes that join now, planned in the ledger and in the job."""
        last = await self._thread.do(Ledger.last_retake)
        if last == self._seen:
            return []
        self._seen = last
        return await self._thread.do(self._join)

    def _join(self, ledger: Ledger) -> list[Joined]:
        if not (new := self._job.join()):
            return []
        rows = {row.take: row for row in ledger.wanted(self._job.kind)}
        return [
            Joined(take, rows[take.id], [rows[id].key for id in take.after if id in rows])
            for take in new
        ]
