"""The storyboard as it stands: its shots in order, the takes of each, and the one that is circled.

Pure. A film, a page and a list of takes all ask here, so that they cannot disagree about which
take of a shot is the good one. One is *circled* (the film term): by a person, else the newest one
that is done, and that is the one with the highest number. Clips go before slates.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple, Protocol, TypeVar

from r2vbatch.ledger.rows import TakeRow
from r2vbatch.ledger.states import Kind, State
from r2vbatch.manifest.model import Money

LONGEST_CLIP = 86_400.0
"""Seconds: no moment that a note is about lies further into a clip."""


class Note(NamedTuple):
    """What a person wrote about a take."""

    id: int
    key: int
    """Of the take."""
    at: float
    """Seconds since 1970 UTC."""
    text: str
    seconds: float | None
    """Into the clip; None: about all of it."""


class Retake(NamedTuple):
    """A take that a person asked for beyond the manifest's."""

    id: int
    kind: Kind
    shot: str
    """Its id when it was asked for."""
    shot_fingerprint: str
    number: int
    """Of the take."""
    at: float
    agreed: Money | None
    """The price that a person said yes to; None where nobody was asked."""


@dataclass(frozen=True, slots=True)
class BoardTake:
    """One take of the storyboard, in both kinds. Neither is there before a run has begun it."""

    id: str
    """``<shot>_t<NN>``."""
    live: TakeRow | None
    preview: TakeRow | None

    @property
    def shown(self) -> TakeRow | None:
        """The live one where it was begun, else the preview."""
        return self.live or self.preview


@dataclass(frozen=True, slots=True)
class BoardShot:
    """One shot of the storyboard."""

    id: str
    takes: Sequence[BoardTake]
    """Wanted ones, in order."""
    circled: TakeRow | None
    """The good take, which is done: a clip where there is one, else a slate (`kind` tells)."""
    by_person: bool
    """Whether a person circled it."""


def storyboard(
    listed: Iterable[tuple[str, TakeRow | None]], circles: Mapping[int, float]
) -> list[BoardShot]:
    """The shots of a board. `listed`: the ids of its takes in order, each with its row, twice where
    it has two, and with None where it has none; `circles`: when people circled takes, by key."""
    takes = [
        _take(id, [row for _, row in rows if row]) for id, rows in groupby(listed, lambda x: x[0])
    ]
    return [_shot(shot, list(of), circles) for shot, of in groupby(takes, _shot_of)]


class Candidate(Protocol):
    """As much of a take as it needs to be the good one."""

    @property
    def key(self) -> int: ...
    @property
    def number(self) -> int: ...
    @property
    def state(self) -> State: ...


C = TypeVar("C", bound=Candidate)


def good_one(rows: Iterable[C], circles: Mapping[int, float]) -> tuple[C | None, bool]:
    """The circled one of takes of one shot and kind, and whether a person circled it."""
    done = [row for row in rows if row.state is State.DONE]
    chosen = [row for row in done if row.key in circles]
    if chosen:
        return max(chosen, key=lambda row: circles[row.key]), True
    return max(done, key=lambda row: row.number, default=None), False


def _take(id: str, rows: Sequence[TakeRow]) -> BoardTake:
    by_kind: dict[str, TakeRow] = {row.kind: row for row in rows}
    return BoardTake(id, by_kind.get("live"), by_kind.get("preview"))


def _shot_of(take: BoardTake) -> str:
    return take.id.rpartition("_t")[0]


def _shot(id: str, takes: Sequence[BoardTake], circles: Mapping[int, float]) -> BoardShot:
    clip, by_person = good_one([take.live for take in takes if take.live], circles)
    if clip is None:
        clip, by_person = good_one([take.preview for take in takes if take.preview], circles)
    return BoardShot(id, takes, clip, by_person)
