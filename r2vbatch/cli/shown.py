"""The takes and shots of an output folder that a person names: as they are shown, clips before
slates."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase

from r2vbatch.batch.retakes import to_retake
from r2vbatch.errors import UsageProblem
from r2vbatch.ledger import Ledger, State, TakeRow


def done_take(ledger: Ledger, id: str) -> TakeRow:
    """The finished take that `id` names. Raises `UsageProblem` where there is none."""
    takes = {take.id: take.shown for shot in ledger.storyboard() for take in shot.takes}
    if id not in takes:
        raise UsageProblem(f"there is no take {id!r}", hint=_meant(id, takes))
    row = takes[id]
    if row is None or row.state is not State.DONE:
        state = str(row.state).replace("_", " ") if row else "not begun"
        raise UsageProblem(
            f"{id} is {state}: there is nothing to watch yet",
            hint="`r2vbatch status` says which takes are done",
        )
    return row


def shots_to_retake(ledger: Ledger, globs: Sequence[str]) -> list[TakeRow]:
    """Of each shot that `globs` name, in storyboard order, the take that is shown last. Raises
    `UsageProblem` for a name that is none, and for a shot of which nothing was made yet."""
    board = ledger.storyboard()
    ids = [shot.id for shot in board]
    for glob in globs:
        if not any(fnmatchcase(id, glob) for id in ids):
            raise UsageProblem(f"there is no shot {glob!r}", hint=_meant(glob, ids))
    return [to_retake(shot) for shot in board if any(fnmatchcase(shot.id, glob) for glob in globs)]


def _meant(id: str, known: Collection[str]) -> str:
    near = get_close_matches(id, known, 1)
    return f"did you mean {near[0]}?" if near else "`r2vbatch status` lists them"
