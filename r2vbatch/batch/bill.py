"""What a run would do, and what it would cost, before it is done. Pure.

The answer to "what will happen if I say yes": which takes are made, kept, fetched, renamed or
retired, each with its reason, and the price of what is made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from r2vbatch.batch.matching import Matching
from r2vbatch.ledger import AT_SERVICE, TO_FETCH, Known, State
from r2vbatch.manifest.model import Money
from r2vbatch.planning.model import Estimate, Plan, PlannedTake, total


class Act(StrEnum):
    """What a run does with a take."""

    MAKE = "make"
    MAKE_AGAIN = "make again"
    """It expired: possibly paid and lost."""
    FETCH = "fetch"
    WATCH = "watch"
    DOUBT = "in doubt"
    KEEP = "keep"


_SPENDS = frozenset({Act.MAKE, Act.MAKE_AGAIN})


@dataclass(frozen=True, slots=True)
class Item:
    """One take of the plan and what becomes of it."""

    take: PlannedTake
    act: Act
    why: str


@dataclass(frozen=True, slots=True)
class Bill:
    """The whole of it."""

    items: Sequence[Item]
    retired: Sequence[Known]
    renamed: Sequence[tuple[Known, str]]
    restored: Sequence[tuple[Known, str]]
    stale: Sequence[str] = ()
    """Takes that are kept although they continue another take than they would now, by id."""

    @property
    def to_make(self) -> list[Item]:
        """The takes that would be submitted."""
        return [item for item in self.items if item.act in _SPENDS]

    @property
    def again(self) -> list[Item]:
        """Those among them that may have been paid once already."""
        return [item for item in self.items if item.act is Act.MAKE_AGAIN]

    @property
    def estimate(self) -> Estimate:
        """What would be made, summed: seconds, price, and whether both are exact."""
        return total(item.take.estimate for item in self.to_make)

    @property
    def seconds(self) -> Decimal:
        """Billed seconds of what would be made."""
        return self.estimate.seconds

    @property
    def cost(self) -> Money | None:
        """The price of what would be made; None where a model has no price in the table."""
        return self.estimate.cost

    def count(self, act: Act) -> int:
        """How many takes have this act."""
        return sum(item.act is act for item in self.items)


def draw_up(plan: Plan, matching: Matching, in_scope: Callable[[str], bool]) -> Bill:
    """The bill of a plan matched to a ledger."""
    dropped = {k.take: k for k in matching.unwanted}
    items = [
        _item(take, matching.kept.get(take.id), dropped.get(take.id), matching)
        for take in plan.takes
        if in_scope(take.shot.id)
    ]
    stale = [item.take.id for item in items if _why_stale(item.take, matching)]
    return Bill(items, matching.retired, matching.renamed, matching.restored, stale)


def _why_stale(take: PlannedTake, matching: Matching) -> str | None:
    known = matching.kept.get(take.id)
    return matching.stale.get(known.key) if known else None


def _item(
    take: PlannedTake, known: Known | None, dropped: Known | None, matching: Matching
) -> Item:
    if known is None and dropped and dropped.key in matching.replaced:
        return Item(take, Act.MAKE, "stale: what it continues has changed")
    if known is None:
        new = "asked for once more" if take.retake else "new"
        return Item(take, Act.MAKE, "changed since it was made" if dropped else new)
    named = "" if known.take == take.id else f", was {known.take}"
    if known.state is State.DONE:
        why = _why_stale(take, matching)
        stale = f"; stale: {why}" if why else ""
        return Item(take, Act.KEEP, f"{'done' if known.wanted else 'restored'}{named}{stale}")
    if known.state in TO_FETCH:
        why = "generated, not fetched yet"
        if known.state is State.GENERATED and known.has_file:
            why = "its file has gone: fetched while its link lives"
        return Item(take, Act.FETCH, f"{why}{named}")
    if known.state in AT_SERVICE:
        return Item(take, Act.WATCH, f"{known.state} at the service{named}")
    if known.state in {State.IN_DOUBT, State.SUBMITTING}:
        return Item(take, Act.DOUBT, "its submit was not answered; it may be running")
    if known.state is State.EXPIRED:
        return Item(take, Act.MAKE_AGAIN, "expired: possibly paid and lost")
    return Item(take, Act.MAKE, "not made yet" if known.state is State.PLANNED else known.state)


def shown(money: Money | None) -> str:
    """``2.63 USD``, or that it is not known."""
    return str(money) if money else "an unknown price"
