"""Takes that people ask for beyond the manifest's: part of the plan while their shots hold.

They are remembered with the fingerprint of their shot. Where a shot was edited they fall away, and
come back with it; a renamed shot takes them along. Pure; who asked, and when, is the ledger's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

from r2vbatch.planning.identity import another
from r2vbatch.planning.model import Plan, PlannedTake


class Asked(NamedTuple):
    """One take asked for."""

    shot: str
    """Its id when it was asked for."""
    shot_fingerprint: str
    number: int
    """Of the take."""


def with_retakes(plan: Plan, asked: Iterable[Asked]) -> Plan:
    """`plan` with the takes `asked` for behind the others of their shots, each once."""
    shots = _shots(plan)
    there = {take.id for take in plan.takes}
    more: defaultdict[str, list[PlannedTake]] = defaultdict(list)
    for each in sorted(set(asked), key=lambda each: each.number):
        if found := shots.get(each.shot_fingerprint):
            first = found.get(each.shot) or next(iter(found.values()))
            take = another(first, each.number)
            if take.id not in there:
                there.add(take.id)
                more[first.shot.id].append(take)
    if not more:
        return plan
    return replace(plan, takes=_in_place(plan.takes, more))


def _shots(plan: Plan) -> dict[str, dict[str, PlannedTake]]:
    """By the fingerprint of a shot: the shots that have it, by id, each by its first take."""
    found: defaultdict[str, dict[str, PlannedTake]] = defaultdict(dict)
    for take in plan.takes:
        found[take.shot_fingerprint].setdefault(take.shot.id, take)
    return found


def _in_place(
    takes: Iterable[PlannedTake], more: dict[str, list[PlannedTake]]
) -> list[PlannedTake]:
    by_shot: defaultdict[str, list[PlannedTake]] = defaultdict(list)
    for take in takes:
        by_shot[take.shot.id].append(take)
    for shot, retakes in more.items():
        by_shot[shot] = sorted([*by_shot[shot], *retakes], key=lambda take: take.number)
    return [_behind(take, more) for of in by_shot.values() for take in of]


def _behind(take: PlannedTake, more: dict[str, list[PlannedTake]]) -> PlannedTake:
    """A shot that continues another waits for all takes of it: any may be the good one."""
    if take.continues not in more:
        return take
    return replace(take, after=(*take.after, *(each.id for each in more[take.continues])))
