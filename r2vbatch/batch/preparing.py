"""The two ends of a run, at which nothing is asked of the service: the plan carried into the
ledger before it, the results written out after it, whatever ended it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from r2vbatch.batch.exports import export
from r2vbatch.batch.job import Job
from r2vbatch.batch.todo import put_in_order
from r2vbatch.errors import OutputUnavailable
from r2vbatch.threads import in_thread


@asynccontextmanager
async def prepared(job: Job, *, again: bool) -> AsyncIterator[None]:
    """The block with the ledger in order for a run; ``results.*`` are written when it ends.

    `again`: takes that expired, possibly paid and lost, are made again too. Raises
    `OutputUnavailable` for a folder or ledger that cannot be used.
    """
    await in_thread(_begin, job, again)
    try:
        yield
    finally:
        with suppress(OutputUnavailable):  # what stopped the run is what is told
            await in_thread(export, job.ledger, job.folder)


def _begin(job: Job, again: bool) -> None:
    job.begin()
    put_in_order(job, again=again)
    job.price()
