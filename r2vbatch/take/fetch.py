"""From a generated take to a verified clip under its own name.

Too short or undecodable is fetched again, never bought again; complete but not as asked is done
with a flag, for it was paid for. The ledger says ``done`` only after the file and its folder are
on disk (design 6.4).
"""

from __future__ import annotations

from concurrent.futures import BrokenExecutor
from dataclasses import replace
from pathlib import Path

from r2vbatch.dashscope.faults import LinkRefused, NoSuchHost, ServiceError
from r2vbatch.dashscope.model import Status
from r2vbatch.dashscope.patience import host_of
from r2vbatch.ledger import TO_FETCH, Ledger, State, TakeRow
from r2vbatch.planning.model import Expected
from r2vbatch.storage import Folder, poster_name, unwritable
from r2vbatch.take.means import Means
from r2vbatch.take.naming import clip_name, retired_name
from r2vbatch.take.watch import TASK_LIFE, age, service_now
from r2vbatch.threads import in_thread

_FETCHES = 3
"""How often one run fetches a file that turns out not to be whole."""


class _Left(Exception):
    """This run cannot bring the clip in; why, in words. The next one goes on."""


async def fetch(row: TakeRow, expected: Expected, means: Means) -> TakeRow:
    """Fetch, verify and publish; returns the row: done, expired, or still generated (fetched)
    when this run could not finish it."""
    tries = 0
    try:
        while row.state in TO_FETCH:
            if row.state is State.GENERATED:
                tries += 1
                row = await _download(row, means)
            if row.state is State.FETCHED:
                row = await _finish(row, expected, means)
            if row.state is State.GENERATED and tries >= _FETCHES:
                raise _Left(row.error_message or "what is fetched is no whole video")
    except _Left as reason:
        means.left[row.key] = f"not here yet: {reason}"
        row = await means.ledger.do(Ledger.take, row.key)
    except OSError as problem:
        raise unwritable(means.folder.root, problem) from problem
    return row


async def _download(row: TakeRow, means: Means) -> TakeRow:
    """The clip into its part file. A link is tried whatever our clock says of it."""
    part = means.folder.part(str(row.key))
    why = ""
    async with means.downloads:
        for _ in range(_FETCHES):
            if not row.link:
                row = await _ask_for_link(row, means)
            if row.state is not State.GENERATED or not row.link:
                return row
            try:
                fetched = await means.download(row.link, part)
            except LinkRefused as refusal:
                why = str(refusal)
                row = await _refused_link(row, refusal, means)
                continue
            except NoSuchHost as failure:
                why = str(failure)
                row = await _elsewhere(row, failure, means)
                continue
            except ServiceError as failure:
                raise _Left(str(failure)) from None
            return await means.ledger.do(_fetched, row, fetched.bytes, means.folder)
    raise _Left(f"its link leads nowhere: {why}")


async def _refused_link(row: TakeRow, refusal: LinkRefused, means: Means) -> TakeRow:
    """A link that is refused is asked for again: our clock may be wrong, or a proxy in the way.
    It is dead when its task gives none that lives."""
    row = await means.ledger.do(Ledger.amend, row.key, refusal.message, link=None)
    row = await _ask_for_link(row, means)
    return await _expired(row, means) if row.link and _over(row, means) else row


async def _elsewhere(row: TakeRow, failure: NoSuchHost, means: Means) -> TakeRow:
    """A host that is not found may have moved: its task is asked where to. The link is kept
    meanwhile: more often it is our own network that does not know the name for now."""
    newer = row if means.reader(row.endpoint) is None else await _ask_for_link(row, means)
    if newer.state is State.GENERATED and host_of(newer.link or "") == host_of(row.link or ""):
        raise _Left(str(failure))
    return newer


def _over(row: TakeRow, means: Means) -> bool:
    """Whether its link has come to its end, as the service told it beforehand."""
    return row.link_expires is not None and row.link_expires <= service_now(row, means)


async def _ask_for_link(row: TakeRow, means: Means) -> TakeRow:
    """Ask the task for its link again. A task that is no more makes the take expired."""
    reader = means.reader(row.endpoint)
    if reader is None and _over(row, means):
        return await _expired(row, means)
    if reader is None:
        raise _Left(f"made at {row.endpoint}, where this key may not go unasked")
    task_id = row.has(row.task_id)
    try:
        task = await reader.query(task_id)
    except ServiceError as failure:
        raise _Left(str(failure)) from None
    if task.status is Status.SUCCEEDED and task.link:
        expires = task.link_expires.timestamp() if task.link_expires else None
        return await means.ledger.do(
            Ledger.amend, row.key, "a new link", link=task.link, link_expires=expires
        )
    strange = task.status is Status.UNKNOWN and means.mark not in row.marks
    if _over(row, means) or (age(row, means) > TASK_LIFE and not strange):
        return await _expired(row, means)
    raise _Left(f"the service says {task.status} of its task, and gives no link")


async def _expired(row: TakeRow, means: Means) -> TakeRow:
    return await means.ledger.do(
        Ledger.move, row.key, State.EXPIRED, "its link is dead: paid, and lost at the service"
    )


async def _finish(row: TakeRow, expected: Expected, means: Means) -> TakeRow:
    """Verify what was fetched, and publish it."""
    part = means.folder.part(str(row.key))
    # its name is in the ledger since it was fetched, so that a crash between the renaming and
    # the ledger's ``done`` finds it again
    target = row.has(row.file)
    source = next((p for p in (part, means.folder.path(target)) if _size(p) == row.bytes), None)
    if source is None:
        return await means.ledger.do(Ledger.move, row.key, State.GENERATED, "the part is gone")
    poster = means.folder.path(poster_name(target))
    poster.parent.mkdir(parents=True, exist_ok=True)
    slate = row.kind == "preview"
    if slate:  # it cuts where a short reference begins again
        expected = replace(expected, cuts=None)
    try:
        verdict = (await means.finish(source, poster, expected)).verdict
    except BrokenExecutor:
        raise _Left("the decoder died of it twice, so it could not be verified") from None
    if not verdict.ok:
        why = f"what was fetched is no whole video: {verdict.reason}"
        await in_thread(part.unlink, missing_ok=True)
        return await means.ledger.do(Ledger.move, row.key, State.GENERATED, why, error_message=why)
    if source == part:
        try:
            await in_thread(means.folder.publish, part, target, replace=slate)
        except FileExistsError:
            if not row.wanted:
                return await means.ledger.do(_renamed, row, means.folder)
            raise _Left(f"it is fetched, but {target} is there already and not ours") from None
    flags = sorted({*row.flags, *verdict.flags})
    return await means.ledger.do(
        Ledger.move, row.key, State.DONE, ", ".join(flags), file=target,
        sha256=verdict.sha256, bytes=verdict.bytes, flags=flags, error_message=None,
    )  # fmt: skip


def _size(file: Path) -> int | None:
    return file.stat().st_size if file.is_file() else None


def _fetched(ledger: Ledger, row: TakeRow, size: int, folder: Folder) -> TakeRow:
    """Its name is chosen and kept in one step: two clips of one take may come in together."""
    file = _target(ledger, row, folder)
    return ledger.move(row.key, State.FETCHED, bytes=size, file=file)


def _renamed(ledger: Ledger, row: TakeRow, folder: Folder) -> TakeRow:
    """Something else has its name in ``retired/`` meanwhile; any other will do."""
    why = f"{row.file} is there already"
    return ledger.amend(row.key, why, file=_target(ledger, row, folder))


def _target(ledger: Ledger, row: TakeRow, folder: Folder) -> str:
    if row.wanted:
        return clip_name(row.kind, row.take)
    coming = ledger.in_states(row.kind, [State.FETCHED])  # not in the folder yet
    taken = {each.file for each in coming if each.file}
    return retired_name(folder, row.take, row.fingerprint, taken)
