"""What a run would cost, in lines, before anything is spent: take by take, as of when, how exactly
that is known, and what the caps would hold. Words only: the bill and the budget decide."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import groupby

from r2vbatch.batch.bill import Bill, Item
from r2vbatch.batch.report import TakeReport
from r2vbatch.batch.settings import Settings
from r2vbatch.cli.text import counted, named, seconds
from r2vbatch.ledger import TO_FETCH, Purse, State
from r2vbatch.manifest.model import Money
from r2vbatch.planning.model import Estimate, Plan, PlannedTake, by_shot, total
from r2vbatch.progress.words import money
from r2vbatch.take.budget import Budget

_BILLED = frozenset({State.DONE, *TO_FETCH})
"""States of a take that the service has made, and said what it billed."""

_TOLD = Decimal("0.005")
"""What a bill may be apart from the estimate without a word: less rounds to no cent."""


def price_lines(
    bill: Bill, plan: Plan, settings: Settings, purses: Sequence[Purse]
) -> Iterator[str]:
    """What is to be made and its price; of a live run also the money in the output folder until
    now (`purses`), and what its caps would hold."""
    read = f"(prices of {plan.prices}, read {plan.prices_read})"
    making = f"{len(bill.to_make)} of {counted(len(bill.items), 'take')} to make"
    if settings.kind == "preview":
        yield f"{making} at preview: free"
        yield f"live: {_seconds(bill.items)}, {_price(bill.items)} {read}"
        yield from _unsure(bill.items)
        return
    yield f"{making} at {settings.endpoint.name}: {_seconds(bill.to_make)}"
    yield f"price: {_price(bill.to_make) or 'nothing'} {read}"
    yield from _once_more(bill.to_make)
    yield from _unsure(bill.to_make)
    budget = Budget.of(settings.caps, plan.currency, purses)
    yield from _money(budget, purses)
    yield from _held(bill, budget)


def table(bill: Bill, *, free: bool) -> Iterator[str]:
    """Each take with what becomes of it and why; seconds and price of those that are made, and of
    every shot with several of them. Of a preview, which is `free`, those of all as live clips."""
    priced = [item.take for item in (bill.items if free else bill.to_make)]
    rows = [("TAKE", "", "SECONDS", "PRICE", "WHY"), *_rows(bill.items, priced)]
    rows += [(known.take, "retire", "", "", "no longer wanted") for known in bill.retired]
    first, second, third, fourth = (max(len(row[n]) for row in rows) for n in range(4))
    for take, act, length, price, why in rows:
        line = f"{take:{first}}  {act:{second}}  {length:>{third}}  {price:>{fourth}}  {why}"
        yield line.rstrip()


_Row = tuple[str, str, str, str, str]


def _rows(items: Sequence[Item], priced: Sequence[PlannedTake]) -> Iterator[_Row]:
    ids, shots = {take.id for take in priced}, by_shot(priced)
    takes = Counter(take.shot.base_id for take in priced)
    for shot, own in groupby(items, lambda item: item.take.shot.base_id):
        for take, act, why in ((item.take, item.act, item.why) for item in own):
            figures = _figures(take.estimate) if take.id in ids else ("", "")
            yield take.id, act, *figures, why
        if takes[shot] > 1:
            yield f"  {shot}", f"{takes[shot]} takes", *_figures(shots[shot]), ""


def _figures(estimate: Estimate) -> tuple[str, str]:
    return seconds(estimate.seconds), _bound(estimate) if estimate.cost else "unknown"


def _bound(estimate: Estimate) -> str:
    return f"{'' if estimate.exact else 'up to '}{estimate.cost}"


def _seconds(items: Sequence[Item]) -> str:
    return f"{seconds(total(item.take.estimate for item in items).seconds)} billed seconds"


def _price(items: Sequence[Item]) -> str:
    """``1.90 USD``, ``up to 1.90 USD``, ``1.90 USD and the unknown price of 2 takes``."""
    estimates = [item.take.estimate for item in items]
    known = total(estimate for estimate in estimates if estimate.cost)
    parts = [_bound(known)] if known.cost else []
    if unknown := sum(estimate.cost is None for estimate in estimates):
        parts.append(f"the unknown price of {counted(unknown, 'take')}")
    return " and ".join(parts)


def _once_more(items: Sequence[Item]) -> Iterator[str]:
    """Takes that no manifest asks for: whoever borrowed the folder has to see them."""
    if asked := [item.take.id for item in items if item.take.retake]:
        takes = counted(len(asked), "take")
        yield f"    {takes} asked for in this folder beyond the manifest: {named(asked)}"


def _unsure(items: Sequence[Item]) -> Iterator[str]:
    """Why a price is a bound, or is not known."""
    if at_cap := list(dict.fromkeys(name for item in items for name in item.take.unmeasured)):
        yield f"    remote videos, counted at their cap until they are billed: {named(at_cap)}"
    unpriced = dict.fromkeys(i.take.model.name for i in items if i.take.estimate.cost is None)
    if unpriced:
        yield f"    no prices are known there of {named(list(unpriced))}"


def _money(budget: Budget, purses: Sequence[Purse]) -> Iterator[str]:
    ours = budget.purse
    if ours and (ours.spent.amount or ours.set_aside.amount):
        yield f"money in this folder: {money(ours)}"
    yield from other_money(purses, ours)


def other_money(purses: Sequence[Purse], ours: Purse | None) -> Iterator[str]:
    """Money in other currencies than `ours`; none is ever converted."""
    for purse in purses:
        if ours is None or purse.spent.currency != ours.spent.currency:
            aside = ", which the cap does not count" if ours and ours.cap else ""
            yield f"also in this folder: {money(purse)}{aside}"


def _held(bill: Bill, budget: Budget) -> Iterator[str]:
    takes = [item.take for item in bill.to_make]
    held = [take.id for take in takes if not budget.reserve(take.estimate.cost)]
    if held:
        cap = f"the cap of {budget.purse.cap}" if budget.purse else "the cap"
        of = f"{len(held)} of {counted(len(takes), 'take')}"
        yield f"warning: in storyboard order, {cap} would hold {of}:"
        yield f"    {named(held)}"


def billed_lines(takes: Sequence[TakeReport]) -> Iterator[str]:
    """Live takes that were billed otherwise than estimated, or of which the service did not say."""
    other: dict[str, list[tuple[str, Money, Money]]] = {}
    for take in takes:
        if take.cost and take.estimate and take.cost != take.estimate:
            other.setdefault(take.cost.currency, []).append((take.id, take.cost, take.estimate))
    for currency, rows in sorted(other.items()):
        billed = Money(sum((cost.amount for _, cost, _ in rows), Decimal(0)), currency)
        asked = Money(sum((price.amount for *_, price in rows), Decimal(0)), currency)
        apart = [billed.amount - asked.amount, *(cost.amount - p.amount for _, cost, p in rows)]
        if max(map(abs, apart)) < _TOLD:
            continue
        yield f"{counted(len(rows), 'take')} billed otherwise than estimated: {billed} for {asked}"
        yield f"    {named([f'{id} {cost} for {price}' for id, cost, price in rows])}"
    if unsaid := [t.id for t in takes if t.state in _BILLED and t.estimate and t.cost is None]:
        yield "counted at their estimate, for the service did not say what it billed:"
        yield f"    {named(unsaid)}"
