"""From a task id to the end of its task, however long the service takes.

No time limit of ours turns a paid task into a failure: what has not ended when this run gives up
waiting stays as it is, to be watched by the next one (design 6.6).
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from r2vbatch.dashscope.faults import Reach, ServiceError, classify_task
from r2vbatch.dashscope.model import Status, Task
from r2vbatch.ledger import AT_SERVICE, Ledger, State, TakeRow
from r2vbatch.pacing import backoff
from r2vbatch.reconcile import unchanged
from r2vbatch.take import billing
from r2vbatch.take.means import Means

TASK_LIFE = 24 * 3600.0
"""Seconds for which the service knows a task."""
PATIENCE = 3 * 3600.0
"""Seconds the service may take; a run does not wait longer."""


class _GivenUp(Exception):
    """This run can learn nothing more of the task; why, in words."""


async def watch(row: TakeRow, means: Means, *, last_try: bool) -> TakeRow:
    """Watch a task until it has ended, and return the take's row.

    The row is still submitted or running when this run has waited long enough, and planned
    again when the task failed for a passing reason (unless `last_try`).
    """
    task_id, here = row.has(row.task_id), _is_here(row, means)
    plan, loop = means.watch.plan, asyncio.get_running_loop()
    started = row.started_at
    if here:
        means.slots(row.model).taken_up(task_id)
    plan.add(
        task_id,
        loop.time(),
        group=_group(row),
        running_for=means.clock() - started if started else None,
    )
    try:
        while row.state in AT_SERVICE:
            await means.watch.turn(task_id)
            task = await _ask(row, means)
            if task is not None:
                row = await _advance(row, task, means, last_try=last_try)
                await means.slots(row.model).seen(task_id, task.status, age(row, means))
            silent = task is None or task.status is Status.UNKNOWN
            if silent and row.state in AT_SERVICE and age(row, means) > PATIENCE:
                raise _GivenUp("the service does not say how its task stands")
    except _GivenUp as reason:
        means.left[row.key] = f"{reason}; {_until(row)}"
    finally:
        plan.ended(task_id, loop.time(), _run_time(row))
        means.watch.news()
        means.slots(row.model).ended(task_id)
    return row


def _is_here(row: TakeRow, means: Means) -> bool:
    """Whether its task counts in the window of this run: it was made where this run submits."""
    return means.spending is None or row.endpoint == means.spending.client.endpoint.base_url


def _until(row: TakeRow) -> str:
    made = row.submitted_at or row.intent_at or 0.0
    by = datetime.fromtimestamp(made + TASK_LIFE, UTC).strftime("%Y-%m-%d %H:%M UTC")
    return f"`r2vbatch collect` asks again, until {by}"


async def _ask(row: TakeRow, means: Means) -> Task | None:
    """One query; None when the service could not be asked, after a pause."""
    reader = means.reader(row.endpoint)
    if reader is None:
        raise _GivenUp(f"made at {row.endpoint}, where this key may not go unasked")
    submitted = datetime.fromtimestamp(row.submitted_at, UTC) if row.submitted_at else None
    try:
        return await reader.query(row.has(row.task_id), submitted)
    except ServiceError as failure:
        if failure.verdict.reach is Reach.BATCH:
            if _is_here(row, means):  # what another place refuses says nothing of this one
                means.stop.now(
                    f"{failure.verdict.sentence} ({failure})", failure.verdict.advice, refused=True
                )
            raise _GivenUp(f"its task cannot be asked for: {failure}") from None
        await asyncio.sleep(max(backoff(3), failure.retry_after or 0.0))
        return None


async def _advance(row: TakeRow, task: Task, means: Means, *, last_try: bool) -> TakeRow:
    """What one answer makes of the take."""
    if task.status is not Status.UNKNOWN and means.mark not in row.marks:
        marks = [*row.marks, means.mark]
        row = await means.ledger.do(Ledger.amend, row.key, "the same account", marks=marks)
    plan, now = means.watch.plan, asyncio.get_running_loop().time()
    if task.status is Status.PENDING:
        plan.pending(task.task_id, now)
    elif task.status is Status.RUNNING:
        ran = means.clock() - task.started_at.timestamp() if task.started_at else None
        plan.running(task.task_id, now, ran)
        if row.state is State.SUBMITTED:
            started = _stamp(task.started_at) or means.clock()
            row = await means.ledger.do(Ledger.move, row.key, State.RUNNING, started_at=started)
    elif task.status is Status.SUCCEEDED:
        return await _generated(row, task, means)
    elif task.status is Status.FAILED:
        return await _failed(row, task, means, last_try=last_try)
    elif task.status is Status.CANCELED:
        means.budget.settle(row.price, None)
        return await means.ledger.do(
            Ledger.move, row.key, State.CANCELED, "canceled at the service",
            ended_at=_stamp(task.ended_at) or means.clock(),
        )  # fmt: skip
    else:
        return await _unknown(row, task, means)
    means.watch.news()
    return row


async def _unknown(row: TakeRow, task: Task, means: Means) -> TakeRow:
    """The service knows no such task (any more); under another account's key it says nothing."""
    if means.mark not in row.marks:
        raise _GivenUp("made with another key, under which alone it can be asked for")
    if age(row, means) < TASK_LIFE:
        means.watch.plan.unknown(task.task_id, asyncio.get_running_loop().time())
        return row
    means.budget.settle(row.price, row.price)
    return await means.ledger.do(
        Ledger.move, row.key, State.EXPIRED,
        "the service no longer knows its task: possibly paid and lost",
        ended_at=means.clock(),
    )  # fmt: skip


async def _learn_echo(row: TakeRow, task: Task, means: Means) -> None:
    """An endpoint that once echoed a prompt unchanged can be trusted to do so (design 6.3)."""
    url = row.endpoint
    if row.kind == "preview" or url is None or url in means.echoes:
        return
    if unchanged(row.request["input"]["prompt"], task.prompt):
        means.echoes.add(url)
        await means.ledger.do(Ledger.set_meta, **{echo_name(url): "unchanged"})


def echo_name(base_url: str) -> str:
    """Under which the ledger remembers that an endpoint echoes prompts unchanged."""
    return f"echo of {base_url}"


async def _generated(row: TakeRow, task: Task, means: Means) -> TakeRow:
    await _learn_echo(row, task, means)
    cost = billing.cost(row, task.usage)
    means.budget.settle(row.price, row.price if cost is None else row.money(cost))
    return await means.ledger.do(
        Ledger.move, row.key, State.GENERATED,
        link=task.link,
        link_expires=_stamp(task.link_expires),
        started_at=_stamp(task.started_at) or row.started_at,
        ended_at=_stamp(task.ended_at) or means.clock(),
        billed_seconds=billing.billed_seconds(task.usage),
        cost=cost,
    )  # fmt: skip


async def _failed(row: TakeRow, task: Task, means: Means, *, last_try: bool) -> TakeRow:
    """A failed task is not billed."""
    verdict = classify_task(task.code)
    said = task.message or (verdict.sentence if task.code else "the service gave no reason")
    reason = ": ".join(filter(None, (task.code, task.message))) or "no code, no message"
    means.budget.settle(row.price, None)
    row = await means.ledger.do(
        Ledger.move, row.key, State.FAILED, f"{verdict.sentence} ({reason})",
        error_code=task.code or None,
        error_message=said,
        started_at=_stamp(task.started_at) or row.started_at,
        ended_at=_stamp(task.ended_at) or means.clock(),
    )  # fmt: skip
    if last_try or means.stop.submitting:
        return row
    passing = verdict.reach in {Reach.PASSING, Reach.THROTTLE}
    if not passing and not await _renewed(row, task, means):
        return row
    return await means.ledger.do(Ledger.move, row.key, State.PLANNED, "asked again by itself")


async def _renewed(row: TakeRow, task: Task, means: Means) -> bool:
    """Whether the task may have failed because its uploads are gone, and others will be made."""
    if means.spending is None:
        return False
    return await means.spending.references.renew(row.request, task.code, row.intent_at or 0.0)


def _group(row: TakeRow) -> tuple[object, ...]:
    """What shares its run times: the same model, size and length."""
    parameters = row.parameters
    size = parameters.get("size") or parameters.get("resolution")
    return row.model, size, parameters.get("duration")


def age(row: TakeRow, means: Means) -> float:
    """Seconds since the task was submitted, on the service's clock where it is known: ours may
    have been put right between two runs."""
    submitted = row.submitted_at or row.intent_at or means.clock()
    return service_now(row, means) - submitted - (row.clock_offset or 0.0)


def service_now(row: TakeRow, means: Means) -> float:
    """The service's clock, at the place where the take was made."""
    reader = means.reader(row.endpoint)
    offset = reader.clock_offset if reader else None
    return means.clock() + (offset.total_seconds() if offset else 0.0)


def _run_time(row: TakeRow) -> float | None:
    if row.state is not State.GENERATED or row.started_at is None or row.ended_at is None:
        return None
    return row.ended_at - row.started_at


def _stamp(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()
