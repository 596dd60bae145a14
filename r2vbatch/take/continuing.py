"""What is sent for a take that goes on from the last frame of another shot.

The plan holds a symbol for that frame; here the picture takes its place, which the ledger is told,
with the take it is of, before the intent. A shot that ended without a clip cannot be continued.
"""

from __future__ import annotations

from r2vbatch.ledger import Ledger, State, TakeRow
from r2vbatch.planning import PlannedTake, request
from r2vbatch.planning.model import Request
from r2vbatch.take.means import Frame, Means, Spending


async def request_of(
    planned: PlannedTake, row: TakeRow, means: Means, spending: Spending
) -> tuple[Request | None, TakeRow]:
    """The request of a take, its frame in place; None where it cannot be made now, which the row
    says: it is skipped, or waits as planned."""
    if planned.continues is None:
        return request(planned), row
    frame = await spending.frame(planned.continues)
    if isinstance(frame, Frame):
        urls = [frame.url if sent.frame_of else sent.url for sent in planned.sent]
        body = request(planned, urls)
        await means.ledger.do(Ledger.continue_from, row.key, frame.source, frame.sha256, body)
        return body, row
    if frame.for_good:
        return None, await means.ledger.do(Ledger.move, row.key, State.SKIPPED, frame.why)
    means.left[row.key] = frame.why
    return None, row
