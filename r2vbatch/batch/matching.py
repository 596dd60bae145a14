"""Which takes of the ledger are the takes of the plan. Pure.

Existing takes are matched to wanted ones as a multiset of fingerprints, the same id first: a
renamed shot keeps its clip, an inserted variation does not disturb its neighbours, twins get
one clip each, and a clip that was retired comes back when the manifest is changed back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from r2vbatch.ledger import PAID, Known, State
from r2vbatch.ledger.states import AT_SERVICE, TO_FETCH
from r2vbatch.plan.model import PlannedTake

_COMING = TO_FETCH | AT_SERVICE

# The nearer a take is to a clip on disk, the rather it is the one to keep.
_NEARNESS = {State.DONE: 0, **dict.fromkeys(TO_FETCH, 1), **dict.fromkeys(AT_SERVICE, 2)}


@dataclass(frozen=True, slots=True)
class Matching:
    """How the plan's takes stand to the ledger's."""

    kept: Mapping[str, Known]
    """By wanted take id: the take of the ledger that is it."""
    fresh: Sequence[PlannedTake]
    """Wanted, and not in the ledger."""
    unwanted: Sequence[Known]
    """Wanted until now, and no longer (within scope)."""

    @property
    def retired(self) -> list[Known]:
        """Those of `unwanted` that are, or will be, a clip."""
        return [k for k in self.unwanted if k.has_file or k.state in _COMING]

    @property
    def renamed(self) -> list[tuple[Known, str]]:
        """Takes that go on under another id."""
        return [(k, take) for take, k in self.kept.items() if k.wanted and k.take != take]

    @property
    def restored(self) -> list[tuple[Known, str]]:
        """Takes that were no longer wanted, and are again."""
        return [(k, take) for take, k in self.kept.items() if not k.wanted]


def match(
    wanted: Iterable[PlannedTake],
    known: Iterable[Known],
    in_scope: Callable[[str], bool] = lambda shot: True,
) -> Matching:
    """Match the whole plan; `in_scope` (by shot id) limits what is added and what is retired."""
    takes = list(wanted)
    known = list(known)
    kept = _claim(takes, known)
    claimed = {k.key for k in kept.values()}
    return Matching(
        kept,
        [t for t in takes if t.id not in kept and in_scope(t.shot.id)],
        [k for k in known if k.wanted and k.key not in claimed and in_scope(k.shot)],
    )


def _claim(takes: Sequence[PlannedTake], known: Iterable[Known]) -> dict[str, Known]:
    """What may be paid for is claimed first, whatever its id; the rest only under its own id."""
    paid: defaultdict[str, list[Known]] = defaultdict(list)
    unpaid: dict[tuple[str, str], Known] = {}
    for k in known:
        if k.state in PAID:
            paid[k.fingerprint].append(k)
        elif k.wanted:
            unpaid[k.take, k.fingerprint] = k
    for group in paid.values():
        group.sort(key=lambda k: (_NEARNESS.get(k.state, 3), not k.wanted, k.key))
    kept: dict[str, Known] = {}
    for take in takes:
        _claim_one(take, paid, kept, same_id=True)
    for take in takes:
        if take.id not in kept:
            _claim_one(take, paid, kept, same_id=False)
    for take in takes:
        if take.id not in kept and (take.id, take.fingerprint) in unpaid:
            kept[take.id] = unpaid[take.id, take.fingerprint]
    return kept


def _claim_one(
    take: PlannedTake, paid: dict[str, list[Known]], kept: dict[str, Known], *, same_id: bool
) -> None:
    group = paid.get(take.fingerprint, [])
    for place, k in enumerate(group):
        if not same_id or k.take == take.id:
            kept[take.id] = group.pop(place)
            return
