"""The storyboard of a ledger as a film to be cut: clips where there are some, else slates.

What an editor is told of a take is what the results tell: no signed link is in it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from r2vbatch.film.model import FilmShot, Footage, Remark
from r2vbatch.ledger import State, TakeRow
from r2vbatch.ledger.board import BoardShot, Note
from r2vbatch.ledger.results import result

_TOLD = ("shot", "model", "prompt", "seed", "task_id", "billed_seconds", "cost", "estimate")
"""Columns of the results that go along."""


def film_of(board: Iterable[BoardShot], notes: Iterable[Note]) -> list[FilmShot]:
    """The shots in order."""
    remarks: dict[int, list[Remark]] = defaultdict(list)
    for note in notes:
        remarks[note.key].append(Remark(note.text, note.seconds))
    return [_shot(shot, remarks) for shot in board]


def _shot(shot: BoardShot, remarks: dict[int, list[Remark]]) -> FilmShot:
    rows = [row for take in shot.takes for row in (take.live, take.preview) if row]
    done = [row for row in rows if row.state is State.DONE and row.file]
    found = {row.key: _footage(row, remarks.get(row.key, ())) for row in done}
    circled = found.pop(shot.circled.key, None) if shot.circled else None
    return FilmShot(shot.id, circled, tuple(found.values()))


def _footage(row: TakeRow, remarks: Sequence[Remark]) -> Footage:
    told = result(row)
    facts: list[tuple[str, Any]] = [("kind", row.kind)]
    facts += [(name, told[name]) for name in _TOLD if told[name] is not None]
    if row.currency:
        facts.append(("currency", row.currency))
    return Footage(
        take=row.take,
        file=row.file or "",
        preview=row.kind == "preview",
        sha256=row.sha256 or f"{row.take} {row.bytes}",
        facts=tuple(facts),
        remarks=tuple(remarks),
    )
