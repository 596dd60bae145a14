"""Takes that go on from the last frame of another, and which of them are stale.

A take keeps which take it was made from. It is *stale* when its shot would be made from another
one now: that one is no longer wanted, another one of its shot is circled, or it is stale itself.
Nothing follows from that by itself: a stale clip is a good clip until a person asks for another.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from r2vbatch.ledger import sql
from r2vbatch.ledger.board import good_one
from r2vbatch.ledger.choices import Choices
from r2vbatch.ledger.rows import bound
from r2vbatch.ledger.states import Kind, State


class Linked(NamedTuple):
    """The little of a take that tells whether it is stale."""

    key: int
    take: str
    shot: str
    number: int
    wanted: bool
    state: State
    source: int | None
    """The take that it goes on from, by key."""


def stale(takes: Iterable[Linked], circles: Mapping[int, float]) -> dict[int, str]:
    """Why done takes are stale, by key, in words. `takes`: all of one kind."""
    by_key = {take.key: take for take in takes}
    good = good_ones(by_key.values(), circles)
    found: dict[int, str] = {}
    for key in _sources_first(by_key):
        take = by_key[key]
        source = by_key.get(take.source) if take.source is not None else None
        if source and take.wanted and take.state is State.DONE:
            circled = good.get(source.shot)
            if not source.wanted:
                anew = circled and circled.take == source.take
                became = "was made anew" if anew else "is no longer wanted"
                found[key] = f"{source.take}, which it continues, {became}"
            elif circled and circled.key != source.key:
                found[key] = f"it continues {source.take}, and {circled.take} is the good take now"
            elif source.key in found:
                found[key] = f"{source.take}, which it continues, is stale"
    return found


def good_ones(takes: Iterable[Linked], circles: Mapping[int, float]) -> dict[str, Linked]:
    """The good take of each shot that has one."""
    shots: defaultdict[str, list[Linked]] = defaultdict(list)
    for take in takes:
        if take.wanted:
            shots[take.shot].append(take)
    chosen = {shot: good_one(of, circles)[0] for shot, of in shots.items()}
    return {shot: take for shot, take in chosen.items() if take}


def good_again(
    takes: Iterable[Linked], circles: Mapping[int, float], replaced: Mapping[int, int],
    gone: Collection[int],
) -> set[int]:  # fmt: skip
    """Of the takes that were `replaced` (their sources, by key), those whose source is the good
    take of its shot once those `gone` are wanted no longer. What goes on from one that is good
    again is so, too: a whole chain comes back."""
    by_key = {t.key: t._replace(wanted=t.wanted and t.key not in gone) for t in takes}
    shots: defaultdict[str, list[int]] = defaultdict(list)
    for take in by_key.values():
        shots[take.shot].append(take.key)
    back = set()
    for key in _sources_first(by_key):
        source = by_key.get(replaced[key]) if key in replaced else None
        if source and source.wanted:
            rivals = [by_key[k] for k in shots[source.shot] if by_key[k].wanted]
            if good_one(rivals, circles)[0] == source:
                back.add(key)
                by_key[key] = by_key[key]._replace(wanted=True)
    return back


def _sources_first(takes: Mapping[int, Linked]) -> Iterable[int]:
    """All keys, each behind the take that it goes on from. Storyboards may be one long chain."""
    told: dict[int, None] = {}
    for key in takes:
        chain: dict[int, None] = {}
        at: int | None = key
        while at is not None and at in takes and at not in told and at not in chain:
            chain[at] = None
            at = takes[at].source
        told |= dict.fromkeys(reversed(chain))
    return told


class Continuity(Choices):
    """What an open ledger knows of takes that continue others."""

    def stale(self, kind: Kind, gone: Collection[int] = ()) -> dict[int, str]:
        """Why done takes of a kind are stale, by key; `gone` are about to be wanted no longer."""
        if not self._choices(sql.SOURCES):
            return {}
        takes = self._linked(kind)
        left = (t._replace(wanted=False) if t.key in gone else t for t in takes)
        return stale(left, self.circles())

    def sources(self) -> dict[int, tuple[int, str]]:
        """By take that continues another: the key of that one, and the SHA-256 (hex) of the frame
        that was given."""
        return {key: (source, sha256) for key, source, sha256, _ in self._choices(sql.SOURCES)}

    def replaced(self) -> dict[int, int]:
        """The takes that were made again from another frame, each with its own source: they are
        not what is wanted, although they ask for the same."""
        return {key: source for key, source, _, gone in self._choices(sql.SOURCES) if gone}

    def good_again(self, kind: Kind, gone: Collection[int]) -> set[int]:
        """Of the takes that were replaced, those whose source is the good take of its shot again,
        those `gone` being about to be wanted no longer."""
        if not (replaced := self.replaced()):
            return set()
        return good_again(self._linked(kind), self.circles(), replaced, gone)

    def _linked(self, kind: Kind) -> list[Linked]:
        return [
            Linked(key, take, shot, number, bool(wanted), State(state), source)
            for key, take, shot, number, wanted, state, source in self._read(sql.LINKED, kind)
        ]

    def continue_from(self, key: int, source: int, sha256: str, request: Mapping[str, Any]) -> None:
        """Before a take is submitted: the take it goes on from, the frame, and the request that
        has the frame in the place of its symbol."""
        with self._choosing() as db:
            db.execute(sql.SET_SOURCE, (key, source, sha256))
            db.execute(sql.update_take("request"), bound({"request": dict(request)}, key))
            detail = {"source": source, "sha256": sha256}
            self._event(db, key, self._clock(), None, None, "goes on from a frame", detail)
