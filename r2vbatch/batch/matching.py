"""Which takes of the ledger are the takes of the plan. Pure.

Existing takes are matched to wanted ones as a multiset of fingerprints, clips before takes still
on their way, the same id first: a renamed shot keeps its clip, an inserted variation does not
disturb its neighbours, twins get one clip each, and a clip that was retired comes back when the
manifest is changed back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from r2vbatch.ledger import PAID, Known, State
from r2vbatch.ledger.states import AT_SERVICE, TO_FETCH
from r2vbatch.planning.model import PlannedTake

_COMING = TO_FETCH | AT_SERVICE

# The nearer a take is to a clip on disk, the rather it is the one to keep.
_NEARNESS = {
    State.DONE: 0,
    **dict.fromkeys(TO_FETCH, 1),
    **dict.fromkeys(AT_SERVICE, 2),
    State.IN_DOUBT: 3,
    State.SUBMITTING: 3,
    State.EXPIRED: 4,
}


@dataclass(frozen=True, slots=True)
class Matching:
    """How the plan's takes stand to the ledger's."""

    kept: Mapping[str, Known]
    """By wanted take id: the take of the ledger that is it. Within the scope; beyond it, only a
    take that must give up its id to one within."""
    fresh: Sequence[PlannedTake]
    """Wanted, and not in the ledger."""
    unwanted: Sequence[Known]
    """Wanted until now, and no longer (within scope, or in the way of one within)."""
    stale: Mapping[int, str] = field(default_factory=dict)
    """Those kept, within scope, that continue another take than they would now, by key: why."""
    replaced: frozenset[int] = frozenset()
    """Those of `unwanted` that were stale, and are made again because a person asked for it."""

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
    claims = _claim(takes, known)
    claimed = {k.key for k in claims.values()}
    scoped = {take.id for take in takes if in_scope(take.shot.id)}
    kept = _kept(claims, scoped)
    return Matching(
        kept,
        [t for t in takes if t.id in scoped and t.id not in claims],
        [
            k
            for k in known
            if k.wanted and k.key not in claimed and (in_scope(k.shot) or k.take in kept)
        ],
    )


def _kept(claims: Mapping[str, Known], scoped: set[str]) -> dict[str, Known]:
    """The claims that this run carries out. Beyond the scope a take keeps the id it has, unless
    another take is to have that id; giving it up may push on a third."""
    kept = {take: k for take, k in claims.items() if take in scoped}
    holders = {k.take: take for take, k in claims.items() if k.wanted}
    pushed = list(scoped)
    while pushed:
        take = holders.get(pushed.pop())
        if take is not None and take not in kept:
            kept[take] = claims[take]
            pushed.append(take)
    return kept


def _claim(takes: Sequence[PlannedTake], known: Iterable[Known]) -> dict[str, Known]:
    """What may be paid for is claimed first, whatever its id; the rest only under its own id."""
    paid: defaultdict[str, list[Known]] = defaultdict(list)
    unpaid: dict[tuple[str, str], Known] = {}
    for k in known:
        if k.state in PAID:
            paid[k.fingerprint].append(k)
        elif k.wanted:
            unpaid[k.take, k.fingerprint] = k
    wanted: defaultdict[str, list[str]] = defaultdict(list)
    for take in takes:
        wanted[take.fingerprint].append(take.id)
    kept: dict[str, Known] = {}
    for fingerprint, ids in wanted.items():
        kept.update(_share(ids, paid[fingerprint]))
    for take in takes:
        if take.id not in kept and (take.id, take.fingerprint) in unpaid:
            kept[take.id] = unpaid[take.id, take.fingerprint]
    return kept


def _share(ids: Sequence[str], group: Iterable[Known]) -> dict[str, Known]:
    """Which of the takes of one fingerprint are the wanted `ids`: those nearest to a clip, each
    under its own id where that is wanted, the others in order."""

    def rank(k: Known) -> tuple[int, bool, bool, int]:
        return _NEARNESS[k.state], k.take not in ids, not k.wanted, k.key

    chosen = sorted(group, key=rank)[: len(ids)]
    shared: dict[str, Known] = {}
    for k in chosen:
        if k.take in ids:
            shared.setdefault(k.take, k)
    others = [k for k in chosen if shared.get(k.take) is not k]
    shared.update(zip((take for take in ids if take not in shared), others, strict=False))
    return shared
