"""What people chose, as `status` tells it: circled takes, takes asked for, notes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from r2vbatch.ledger import BoardShot, Note, Retake, TakeRow
from r2vbatch.ledger.results import iso
from r2vbatch.planning import take_id


@dataclass(frozen=True, slots=True)
class Choices:
    """The storyboard, and what was said of it."""

    board: Sequence[BoardShot]
    notes: Sequence[Note]
    waiting: Sequence[Retake]
    """Takes asked for that no run has taken up."""
    why: Mapping[int, str]
    """Why takes are stale, by key."""

    def lines(self) -> Iterator[str]:
        """For people: only what a person said, and what it left to do."""
        circled = [shot.circled.take for shot in self.board if shot.circled and shot.by_person]
        if circled:
            yield f"circled: {', '.join(circled)}"
        if self.waiting:
            takes = [take_id(retake.shot, retake.number) for retake in self.waiting]
            yield f"asked for, and made by the next run: {', '.join(takes)}"
        for row in self._rows:
            if row.key in self.why:
                yield f"{row.take} is stale: {self.why[row.key]}"
        if self._noted:
            yield f"notes about: {', '.join(dict.fromkeys(self._noted.values()))}"

    def as_dict(self) -> dict[str, Any]:
        """For machines: the good take of every shot, too, that nobody circled."""
        return {
            "circled": [
                {
                    "shot": shot.id,
                    "take": shot.circled.take,
                    "kind": shot.circled.kind,
                    "clip": shot.circled.file,
                    "by_person": shot.by_person,
                }
                for shot in self.board
                if shot.circled
            ],
            "asked_for": [
                {"shot": r.shot, "take": take_id(r.shot, r.number), "kind": r.kind}
                for r in self.waiting
            ],
            "stale": [
                {"take": row.take, "kind": row.kind, "why": self.why[row.key]}
                for row in self._rows
                if row.key in self.why
            ],
            "notes": [
                {
                    "take": self._noted[note.key],
                    "at": iso(note.at),
                    "text": note.text,
                    "seconds": note.seconds,
                }
                for note in self.notes
                if note.key in self._noted
            ],
        }

    @property
    def _noted(self) -> dict[int, str]:
        """The takes on the board that there are notes about, by key."""
        about = {note.key for note in self.notes}
        return {row.key: row.take for row in self._rows if row.key in about}

    @property
    def _rows(self) -> list[TakeRow]:
        rows = (row for shot in self.board for take in shot.takes
                for row in (take.live, take.preview))  # fmt: skip
        return [row for row in rows if row]
