"""From planned to a task id, or to the reason why there is none.

The intent is durable before the POST, and the task id before anything else happens with it. A
POST is sent again by itself only when nothing can have been created; anything else leaves the
take in doubt (design 6.1, 6.2).
"""

from __future__ import annotations

from r2vbatch.dashscope.client import Client
from r2vbatch.dashscope.faults import NotSent, Reach, Refused, ServiceError, SubmitFailed, Unsure
from r2vbatch.dashscope.model import Created
from r2vbatch.errors import OutputUnavailable
from r2vbatch.ledger import Ledger, State, TakeRow, TaskTaken
from r2vbatch.pacing import Throttle, backoff
from r2vbatch.planning import PlannedTake
from r2vbatch.planning.model import Request
from r2vbatch.references import ReferenceChanged, References
from r2vbatch.take.continuing import request_of
from r2vbatch.take.means import Means, Spending, Wanted
from r2vbatch.take.outage import LASTS, Outage
from r2vbatch.take.watch import TASK_LIFE

_SENDS = 8
"""How often a take that the service fails to take, or to take a reference of, is offered again."""
_THROTTLED = 3600.0
"""Seconds after which a service that refuses every submit for pace is given up for this run."""


async def submit(take: Wanted, row: TakeRow, means: Means) -> TakeRow:
    """Submit a planned take, and return its row: submitted, in doubt, failed, held, or still
    planned when the batch stops submitting."""
    planned, spending = take.planned, means.spending
    if planned is None or spending is None:
        return row
    body, row = await request_of(planned, row, means, spending)
    if body is None:
        return row
    if not means.budget.reserve(row.price):
        why = means.budget.refusal(row.price)
        return await means.ledger.do(Ledger.move, row.key, State.HELD, why)
    async with means.slots(row.model).starting():
        row = await _until_settled(planned, body, row, means, spending)
    if row.state in {State.PLANNED, State.FAILED}:  # nothing was created
        means.budget.settle(row.price, None)
    return row


async def _until_settled(
    planned: PlannedTake, asked: Request, row: TakeRow, means: Means, spending: Spending
) -> TakeRow:
    outage = Outage(means.say)
    failures = 0
    while not means.stop.submitting:
        try:
            row = await _post(planned, asked, row, means, spending)
        except ReferenceChanged as change:
            return await means.ledger.do(Ledger.move, row.key, State.FAILED, change.message)
        except ServiceError as failure:  # an upload, or a POST of which not a byte was written
            row = await means.ledger.do(Ledger.take, row.key)
            if failure.verdict.reach is Reach.TAKE:
                return await _failed(row, failure, means)
            unreachable = failure.http_status is None
            failures += not unreachable
            lasted = outage.goes_on(failure) if unreachable else 0.0
            if failure.verdict.reach is Reach.BATCH or failures >= _SENDS or lasted > LASTS:
                _stop(failure, means)
                return row
            await means.stop.pause(failure.retry_after or backoff(outage.tries + failures))
            continue
        outage.is_over()
        return row
    return row


async def _post(
    planned: PlannedTake, asked: Request, row: TakeRow, means: Means, spending: Spending
) -> TakeRow:
    """One POST, and its outcome in the ledger. Raises `NotSent`, and what an upload raises."""
    references, renewed = spending.references, False
    while True:
        await references.ready(asked)  # an upload keeps nobody else from posting
        async with means.slots(row.model).turn(means.stop):
            if means.stop.submitting:
                return row
            body = await references.ready(asked)  # as it is now: the turn may have been long
            row = await _intend(row, means, spending.client)
            if row.state is State.PLANNED:
                return row
            if means.stop.submitting:  # meanwhile
                return await means.ledger.do(
                    Ledger.move, row.key, State.PLANNED, "not sent: the batch stops"
                )
            try:
                created = await spending.client.submit(body, slate=_slate(planned))
            except SubmitFailed as failure:
                if not renewed and await _renewed(asked, row, failure, references):
                    renewed, row = True, await _set_back(row, failure, means)
                    continue
                row = await _not_created(row, failure, means)
                if isinstance(failure, NotSent):
                    raise
            else:
                return await _created(row, created, means)
        if row.state is not State.PLANNED:
            return row


async def _renewed(
    asked: Request, row: TakeRow, failure: SubmitFailed, references: References
) -> bool:
    """Whether nothing was created because an upload is gone, and another will be made."""
    if not isinstance(failure, Refused):
        return False
    return await references.renew(asked, failure.code, row.intent_at or 0.0)


async def _intend(row: TakeRow, means: Means, client: Client) -> TakeRow:
    """The intent, durably; the row stays planned while a take with the same prompt is in doubt,
    since a second one would make them impossible to tell apart."""
    skew, now = client.clock_offset, means.clock()
    begun = await means.ledger.do(
        Ledger.intend,
        row,
        now - TASK_LIFE,
        beside_twin=row.shot in means.sentinels,
        endpoint=client.endpoint.base_url,
        marks=[means.mark],
        attempts=row.attempts + 1,
        intent_at=now,
        clock_offset=None if skew is None else skew.total_seconds(),
        error_code=None,
        error_message=None,
    )
    if isinstance(begun, TakeRow):
        means.sentinels.discard(row.shot)
        return begun
    means.left[row.key] = f"waits: {begun} has the same prompt and is in doubt"
    return row


async def _created(row: TakeRow, created: Created, means: Means) -> TakeRow:
    try:
        row = await means.ledger.do(
            Ledger.created,
            row.key,
            created.task_id,
            request_id=created.request_id,
            submitted_at=means.clock(),
        )
    except TaskTaken:
        doubt = f"the service answered with the task of another take, {created.task_id}"
        return await _not_created(row, Unsure(doubt, request_id=created.request_id), means)
    except OutputUnavailable as problem:
        problem.message += f"; the task {created.task_id} had just been created for {row.take}"
        raise
    await means.slots(row.model).accepted(created.task_id)
    return row


async def _not_created(row: TakeRow, failure: SubmitFailed, means: Means) -> TakeRow:
    """What a POST without a task id means for its take."""
    if isinstance(failure, NotSent):
        return await means.ledger.do(Ledger.move, row.key, State.PLANNED, f"not sent: {failure}")
    if isinstance(failure, Unsure):
        means.posting.unsure()
        if failure.http_status and failure.http_status >= 500:
            await means.slots(row.model).server_error(failure.retry_after)
        return await means.ledger.do(
            Ledger.move, row.key, State.IN_DOUBT, str(failure),
            post_ended_at=means.clock(), request_id=failure.request_id or None,
            error_code=failure.code or None, error_message=failure.message,
        )  # fmt: skip
    assert isinstance(failure, Refused)
    return await _refused(row, failure, means)


async def _refused(row: TakeRow, refusal: Refused, means: Means) -> TakeRow:
    verdict = refusal.verdict
    if verdict.reach is Reach.TAKE:
        return await _failed(row, refusal, means)
    if verdict.reach is Reach.BATCH:
        _stop(refusal, means)
    else:
        await means.slots(row.model).throttled(
            verdict.throttle or Throttle.PLAIN, refusal.retry_after
        )
        if means.slots(row.model).throttled_for > _THROTTLED:
            means.stop.now(f"{verdict.sentence} ({refusal})", "Run again later.", refused=True)
    return await _set_back(row, refusal, means)


async def _set_back(row: TakeRow, refusal: SubmitFailed, means: Means) -> TakeRow:
    return await means.ledger.do(Ledger.move, row.key, State.PLANNED, f"refused: {refusal}")


def _stop(failure: ServiceError, means: Means) -> None:
    """What would hit every take alike ends submitting."""
    verdict = failure.verdict
    means.stop.now(
        f"{verdict.sentence} ({failure})", verdict.advice, refused=verdict.reach is Reach.BATCH
    )


async def _failed(row: TakeRow, failure: ServiceError, means: Means) -> TakeRow:
    return await means.ledger.do(
        Ledger.move, row.key, State.FAILED, f"{failure.verdict.sentence} ({failure})",
        request_id=failure.request_id or None, error_code=failure.code or None,
        error_message=failure.message, ended_at=means.clock(),
    )  # fmt: skip


def _slate(planned: PlannedTake) -> dict[str, object]:
    """What a slate should show and the wire does not carry."""
    return {
        "shot": planned.shot.id,
        "take": planned.number,
        "names": [sent.name for sent in planned.sent],
    }
