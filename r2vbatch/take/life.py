"""The life of one take, from wherever the ledger says it stands to its end."""

from __future__ import annotations

from r2vbatch.ledger import AT_SERVICE, TO_FETCH, State, TakeRow
from r2vbatch.take.fetch import fetch
from r2vbatch.take.means import Means, Wanted
from r2vbatch.take.submit import submit
from r2vbatch.take.watch import watch

_TRIES = 3
"""How often one run asks for a take whose task fails for a passing reason (it costs nothing)."""


async def live(take: Wanted, means: Means) -> TakeRow:
    """Bring a take to its end, or as far as this run can; returns its row.

    Raises `OutputUnavailable` when the disk or the ledger fails, which stops the batch.
    """
    row = take.row
    for tried in range(1, _TRIES + 1):
        if row.state is State.PLANNED:
            row = await submit(take, row, means)
        if row.state in AT_SERVICE:
            last_try = tried == _TRIES or take.planned is None
            row = await watch(row, means, last_try=last_try)
            if row.state is State.PLANNED:
                continue
        break
    if row.state in TO_FETCH:
        async with means.slots(row.model).finishing():
            row = await fetch(row, take.expected, means)
    return row
