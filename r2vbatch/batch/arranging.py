"""The plan carried into the ledger and onto the disk: rows added, clips renamed, retired, restored.

A paid clip is never deleted or overwritten. Files move in two steps, each recorded before the
first file is touched: all of them out of the way, then each to its new name. So names may be
swapped, and a crash between any two renames is finished by the next run. A slate costs nothing
and is simply removed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from r2vbatch.batch.matching import Matching
from r2vbatch.errors import OutputUnavailable
from r2vbatch.ledger import Kind, Ledger, Move, NewTake, State, TakeRow
from r2vbatch.planning.model import PlannedTake
from r2vbatch.storage import Folder, poster_name
from r2vbatch.take.naming import clip_name, retired_name


def arrange(
    ledger: Ledger, folder: Folder, kind: Kind, matching: Matching, fresh: Iterable[NewTake],
    named: Iterable[tuple[int, NewTake]],
) -> None:  # fmt: skip
    """Make the wanted takes of `kind` those of the plan, files included."""
    moves: dict[int, Move] = {}
    if kind == "live":
        for known in matching.unwanted:
            _retire(ledger, folder, known.key, moves)
    named = list(named)
    for key, take in named:
        file = _file(ledger.take(key), folder)
        target = clip_name(kind, take.take)
        if file and file != target:
            moves[key] = Move(key, file, target)
    ledger.apply(
        fresh=fresh,
        named=named,
        unwanted=[k.key for k in matching.unwanted],
        moves=moves.values(),
        replaced=matching.replaced,
    )
    finish_moves(ledger, folder)


def finish_moves(ledger: Ledger, folder: Folder) -> None:
    """Carry out what the ledger says of files, whether just recorded or left by a crash: every
    move, and the end of slates that nobody wants."""
    if moves := ledger.moves():
        _move_all(moves, ledger, folder)
    if dropped := ledger.dropped_slates():
        _drop_all(dropped, ledger, folder)


def _move_all(moves: Sequence[Move], ledger: Ledger, folder: Folder) -> None:
    if not moves[0].source.startswith(".moving/"):
        for move in moves:
            _rename(folder, move.source, f".moving/{move.key}")
            folder.carry(poster_name(move.source), f".moving/{move.key}.jpg")
        ledger.moves_set_out()
    for move in moves:
        if move.target.startswith("preview/"):
            folder.carry(f".moving/{move.key}", move.target)
        else:
            _rename(folder, f".moving/{move.key}", move.target)
        folder.carry(f".moving/{move.key}.jpg", poster_name(move.target))
    ledger.end_moves()


def _retire(ledger: Ledger, folder: Folder, key: int, moves: dict[int, Move]) -> None:
    row = ledger.take(key)
    if file := _file(row, folder):
        taken = [m.target for m in moves.values()]
        target = retired_name(folder, row.take, row.fingerprint, taken)
        moves[key] = Move(key, file, target)


def _file(row: TakeRow, folder: Folder) -> str | None:
    """Where the file of a take lies. After a crash between its publishing and the ledger's
    ``done``, a fetched clip has its name on disk and not yet in the ledger."""
    published = clip_name(row.kind, row.take)
    fetched = row.wanted and row.state is State.FETCHED and row.bytes is not None
    return published if fetched and folder.size(published) == row.bytes else row.file


def _drop_all(dropped: Iterable[tuple[int, str]], ledger: Ledger, folder: Folder) -> None:
    kept = {row.file for row in ledger.wanted("preview")}
    for key, file in dropped:
        if file not in kept:  # the name may already be that of a newer take's slate
            folder.remove(file)
            folder.remove(poster_name(file))
        ledger.amend(key, "slate dropped", file=None)


def _rename(folder: Folder, source: str, target: str) -> None:
    """Move a clip, if it is there: what has gone is found missing, and fetched again, later."""
    try:
        if folder.exists(source):
            folder.rename(source, target)
    except FileExistsError:
        raise OutputUnavailable(
            f"{folder.path(target)} is in the way: it was not made by this batch",
            hint="move it elsewhere and run again; nothing is lost",
        ) from None
    except OSError as problem:
        raise OutputUnavailable(
            f"{folder.path(source)} cannot be moved to {target}: {problem.strerror}",
            hint="mend that and run again; nothing is lost",
        ) from problem


def planned_row(kind: Kind, take: PlannedTake, request: dict[str, object], key: str) -> NewTake:
    """A take of the plan as the ledger takes it; `key` is its prompt key."""
    cost = take.estimate.cost
    return NewTake(
        kind=kind,
        take=take.id,
        shot=take.shot.id,
        number=take.number,
        fingerprint=take.fingerprint,
        shot_fingerprint=take.shot_fingerprint,
        model=take.shot.model,
        request=request,
        prompt_key=key,
        estimate=cost.amount if cost else None,
        currency=cost.currency if cost else None,
        per_second=take.estimate.per_second,
    )
