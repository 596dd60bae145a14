"""From a generated take to a verified clip under its own name.

Too short or undecodable is fetched again, never bought again; complete but not as asked is done
with a flag, for it was paid for. The ledger says ``done`` only after the file and its folder are
on disk (design 6.4).
"""

from __future__ import annotations

import asyncio
import errno
from pathlib import Path

from r2vbatch.dashscope.faults import LinkRefused, ServiceError
from r2vbatch.dashscope.model import Status
from r2vbatch.errors import OutputUnavailable
from r2vbatch.ledger import Ledger, State, TakeRow
from r2vbatch.plan.model import Expected
from r2vbatch.take.means import Means
from r2vbatch.take.naming import clip_name, poster_name, retired_name

_FETCHES = 3
"""How often one run fetches a file that turns out not to be whole."""


async def fetch(row: TakeRow, expected: Expected, means: Means) -> TakeRow:
    """Fetch, verify and publish; returns the row: done, expired, or still generated (fetched)
    when this run could not finish it."""
    try:
        for _ in range(_FETCHES):
            if row.state is State.GENERATED:
                row = await _download(row, means)
            if row.state is State.FETCHED:
                row = await _finish(row, expected, means)
            if row.state is not State.GENERATED or row.take in means.left:
                break
    except OSError as problem:
        raise _no_disk(problem, means) from problem
    return row


async def _download(row: TakeRow, means: Means) -> TakeRow:
    part = means.folder.part(str(row.key))
    async with means.downloads:
        for _ in range(_FETCHES):
            if not row.link or (row.link_expires or means.clock() + 1) <= means.clock():
                row = await _renew_link(row, means)
            if row.state is not State.GENERATED or not row.link:
                return row
            try:
                fetched = await means.download(row.link, part)
            except LinkRefused:
                row = await means.ledger.do(Ledger.amend, row.key, "the link is dead", link=None)
                continue
            except ServiceError as failure:
                means.left[row.take] = f"not fetched yet: {failure}"
                return row
            return await means.ledger.do(Ledger.move, row.key, State.FETCHED, bytes=fetched.bytes)
    means.left[row.take] = "not fetched yet: its link is refused"
    return row


async def _renew_link(row: TakeRow, means: Means) -> TakeRow:
    """Ask the task for its link again. A task that is no more makes the take expired."""
    assert row.task_id is not None, "a generated take has a task id"
    reader = means.reader(row.endpoint)
    if reader is None:
        means.left[row.take] = f"made at {row.endpoint}, where this key may not go unasked"
        return row
    try:
        task = await reader.query(row.task_id)
    except ServiceError as failure:
        means.left[row.take] = f"not fetched yet: {failure}"
        return row
    alive = task.link_expires is None or task.link_expires.timestamp() > means.clock()
    if task.status is Status.SUCCEEDED and task.link and alive:
        expires = task.link_expires.timestamp() if task.link_expires else None
        return await means.ledger.do(
            Ledger.amend, row.key, "a new link", link=task.link, link_expires=expires
        )
    strange = task.status is Status.UNKNOWN and means.mark not in row.marks
    if not strange and (task.status is Status.SUCCEEDED or _past_life(row, means)):
        return await means.ledger.do(
            Ledger.move, row.key, State.EXPIRED, "its link is dead: paid, and lost at the service"
        )
    means.left[row.take] = f"not fetched yet: the service says {task.status} of its task"
    return row


def _past_life(row: TakeRow, means: Means) -> bool:
    ended = row.ended_at or row.submitted_at or means.clock()
    return means.clock() - ended > 24 * 3600


async def _finish(row: TakeRow, expected: Expected, means: Means) -> TakeRow:
    """Verify what was fetched, and publish it."""
    part = means.folder.part(str(row.key))
    target = _target(row, means)
    # a crash between the renaming and the ledger's ``done`` leaves it under its name already
    source = next((p for p in (part, means.folder.path(target)) if _size(p) == row.bytes), None)
    if source is None:
        return await means.ledger.do(Ledger.move, row.key, State.GENERATED, "the part is gone")
    poster = means.folder.path(poster_name(target))
    poster.parent.mkdir(parents=True, exist_ok=True)
    verdict = (await means.finish(source, poster, expected)).verdict
    if not verdict.ok:
        why = f"what was fetched is no whole video: {verdict.reason}"
        await asyncio.to_thread(part.unlink, missing_ok=True)
        return await means.ledger.do(Ledger.move, row.key, State.GENERATED, why, error_message=why)
    if source == part:
        replace = row.kind == "preview"
        try:
            await asyncio.to_thread(means.folder.publish, part, target, replace=replace)
        except FileExistsError:
            means.left[row.take] = f"fetched, but {target} is there already and not ours"
            return row
    return await means.ledger.do(
        Ledger.move, row.key, State.DONE, ", ".join(verdict.flags), file=target,
        sha256=verdict.sha256, bytes=verdict.bytes, flags=list(verdict.flags), error_message=None,
    )  # fmt: skip


def _size(file: Path) -> int | None:
    return file.stat().st_size if file.is_file() else None


def _target(row: TakeRow, means: Means) -> str:
    if row.wanted:
        return clip_name(row.kind, row.take)
    return row.file or retired_name(means.folder, row.take, row.fingerprint)


def _no_disk(problem: OSError, means: Means) -> OutputUnavailable:
    full = problem.errno in {errno.ENOSPC, errno.EDQUOT}
    what = "the disk is full" if full else f"{problem.strerror or problem}"
    return OutputUnavailable(
        f"{means.folder.root} cannot be written to: {what}",
        hint="free some room and run again; what was made is fetched then, while its links live",
    )
