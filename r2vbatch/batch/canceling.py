"""Canceling what is still queued at the service. What already runs cannot be stopped, and is
billed: that is said plainly, never hidden."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from r2vbatch.batch.endpoint import reader_of
from r2vbatch.batch.tools import ledger_thread
from r2vbatch.batch.trust import trusted
from r2vbatch.clock import now
from r2vbatch.dashscope.client import Reader
from r2vbatch.dashscope.faults import Reach, ServiceError
from r2vbatch.dashscope.key import Key
from r2vbatch.dashscope.model import Status
from r2vbatch.ledger import Ledger, State, TakeRow

_RATE = 5.0
_UNANSWERED = (
    "its submit is not answered: it may be at the service, and billed; `r2vbatch collect` looks"
    " for it"
)


@dataclass(frozen=True, slots=True)
class Canceled:
    """What became of one take."""

    row: TakeRow
    done: bool
    why: str
    """In words, where it could not be canceled."""


async def cancel(
    ledger: Ledger, rows: Sequence[TakeRow], key: Key, *, ours: bool
) -> list[Canceled]:
    """Cancel the tasks of `rows` that are still queued; one whose submit was not answered has no
    task that could be named.

    `ours`: this process holds the folder and writes what happened into the ledger; a run in
    another process sees it by itself.
    """
    async with AsyncExitStack() as stack:
        thread = ledger_thread(stack, ledger)
        places = {
            row.endpoint for row in rows if row.endpoint and trusted(ledger, row.endpoint, key)
        }
        readers = {
            url: await stack.enter_async_context(reader_of(url, key, zone=None, rate=_RATE))
            for url in places
        }
        results = []
        for row in rows:
            if row.task_id is None:
                results.append(Canceled(row, False, _UNANSWERED))
                continue
            reader = readers.get(row.endpoint or "")
            if reader is None:
                results.append(Canceled(row, False, "made where this key may not go unasked"))
                continue
            try:
                await reader.cancel(row.task_id)
            except ServiceError as refusal:
                if why := await _why(row, refusal, reader, key.mark(ledger.salt)):
                    results.append(Canceled(row, False, why))
                    continue
            if ours:
                await thread.do(
                    Ledger.move, row.key, State.CANCELED, "canceled by a person", ended_at=now()
                )
            results.append(Canceled(row, True, ""))
        return results


async def _why(row: TakeRow, refusal: ServiceError, reader: Reader, mark: str) -> str:
    """Why a task could not be canceled, as its own status tells it; empty where it is canceled: the
    answer to an earlier try may have been lost."""
    if refusal.verdict.reach is not Reach.TAKE or row.task_id is None:
        return str(refusal)
    try:
        status = (await reader.query(row.task_id)).status
    except ServiceError as failure:
        return str(failure)
    if status is Status.CANCELED:
        return ""
    if status is Status.RUNNING:
        return "it is being made: it cannot be stopped, and is billed"
    if status is Status.SUCCEEDED:
        return "it is made already, and billed: `r2vbatch collect` fetches it"
    if status is Status.UNKNOWN and mark not in row.marks:
        return "made with another key, under which alone it can be canceled"
    return f"the service says {status} of it"
