"""Money under any mix of states: a ledger, the budget of the run under way, and a bookkeeper with
books of her own, through refusals, doubts, losses, crashes, other caps and other prices."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st
from ledgers import add, new_take

from r2vbatch.ledger import ASK_AGAIN, Ledger, State, TakeRow
from r2vbatch.manifest.model import Money
from r2vbatch.take.budget import Budget

S = State
TAKES = 4


class Run(NamedTuple):
    """The beginning of a run, whatever became of the one before."""

    cap: int | None
    """Cents."""
    currency: str
    price: int
    """Of a take, in cents."""
    again: bool
    """A person says yes to making again what is possibly paid and lost."""


class Step(NamedTuple):
    """Something happens to a take; what, depends on where it stands."""

    take: int
    choice: int


RUNS = st.builds(Run, st.none() | st.integers(50, 150), st.sampled_from(["USD", "USD", "CNY"]),
                 st.integers(1, 60), st.booleans())  # fmt: skip
STEPS = st.lists(
    st.builds(Step, st.integers(0, TAKES), st.integers(0, 11)), min_size=8, max_size=30
)


class Office:
    """A folder, the run under way, and the books."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.keys = add(ledger, *(new_take(f"a_t{n + 1:02}") for n in range(TAKES)),
                        new_take("a_t09", "preview"))  # fmt: skip
        self.sunk: defaultdict[str, Decimal] = defaultdict(Decimal)
        self.open: dict[int, Money] = {}

    def begin(self, run: Run) -> None:
        """As `batch` does: what was left half-way is named, asked again and priced anew."""
        for row in self.ledger.in_states("live", [S.SUBMITTING]):
            self.ledger.move(row.key, S.IN_DOUBT)
        states = ASK_AGAIN if run.again else ASK_AGAIN - {S.EXPIRED}
        asked = [r for r in self.ledger.in_states("live", states) if r.wanted]
        self.ledger.move_all((row.key, S.PLANNED, "asked again") for row in asked)
        names = [row.take for row in self.ledger.wanted("live")]
        price = {"estimate": Decimal(run.price) / 100, "currency": run.currency}
        self.ledger.price([new_take(name, **price) for name in names])
        self.currency, self.cap = run.currency, None
        if run.cap is not None:
            self.cap = Money(Decimal(run.cap) / 100, run.currency)
        caps = [self.cap] if self.cap else []
        self.budget = Budget.of(caps, run.currency, self.ledger.purses())

    def step(self, step: Step) -> None:
        """One of the things that may happen to a take where it stands."""
        row = self.ledger.take(self.keys[step.take])
        if row.kind == "preview":  # a slate goes its way at no cost
            self.ledger.move(row.key, S.SUBMITTING if row.state is S.PLANNED else S.PLANNED)
        elif ways := self._ways(row):
            ways[step.choice % len(ways)]()

    def _ways(self, row: TakeRow) -> Sequence[Callable[[], None]]:
        move, key = self.ledger.move, row.key
        match row.state:
            case S.PLANNED:
                return [lambda: self._submit(row)]
            case S.SUBMITTING:
                return [
                    lambda: move(key, S.SUBMITTED) and None,
                    lambda: move(key, S.IN_DOUBT) and None,
                    lambda: self._free(row, S.PLANNED),
                ]
            case S.IN_DOUBT:
                return [
                    lambda: move(key, S.SUBMITTED) and None,
                    lambda: self._free(row, S.PLANNED),
                    lambda: self._free(row, S.FAILED),
                    lambda: self._sink(row, S.PLANNED, None, lost=True),
                ]
            case S.SUBMITTED:
                return [
                    lambda: self._sink(row, S.GENERATED, "1"),
                    lambda: self._sink(row, S.GENERATED, "0.6"),
                    lambda: self._sink(row, S.GENERATED, None),
                    lambda: self._sink(row, S.EXPIRED, None),
                    lambda: self._free(row, S.FAILED),
                    lambda: self._drop(row),
                ]
            case S.GENERATED:
                return [
                    lambda: move(key, S.FETCHED) and None,
                    lambda: move(key, S.EXPIRED) and None,
                ]
        return []

    def _submit(self, row: TakeRow) -> None:
        assert row.price is not None
        counted = self.counted[self.currency] + row.price.amount
        ours = row.price.currency == self.currency
        fits = self.cap is None or (ours and counted <= self.cap.amount)
        assert self.budget.reserve(row.price) is fits
        self.ledger.move(row.key, S.SUBMITTING if fits else S.HELD)
        if fits:
            self.open[row.key] = row.price

    def _free(self, row: TakeRow, to: State) -> None:
        """Nothing was created, or nothing is billed."""
        self.ledger.move(row.key, to)
        self.budget.settle(self.open.pop(row.key), None)

    def _sink(self, row: TakeRow, to: State, part: str | None, *, lost: bool = False) -> None:
        """It is, or may be, paid for: in `part`, or, where nobody says, in full."""
        price = self.open.pop(row.key)
        billed = price if part is None else Money(price.amount * Decimal(part), price.currency)
        self.ledger.move(row.key, to, lost=lost, cost=None if part is None else billed.amount)
        self.budget.settle(price, billed)
        self.sunk[billed.currency] += billed.amount

    def _drop(self, row: TakeRow) -> None:
        """The shot is edited: the take is wanted no more, and a new one is, under its id."""
        fresh = new_take(row.take, fingerprint=f"edited-{row.key}", estimate=row.estimate,
                         currency=row.currency)  # fmt: skip
        self.ledger.apply(fresh=[fresh], named=[], unwanted=[row.key], moves=[])
        self.keys.extend(r.key for r in self.ledger.wanted("live") if r.key not in self.keys)
        place = self.keys.index(row.key)
        self.keys[place], self.keys[-1] = self.keys[-1], self.keys[place]

    @property
    def counted(self) -> defaultdict[str, Decimal]:
        """What is, or may be, paid, in each currency, by the books."""
        counted = self.sunk.copy()
        for money in self.open.values():
            counted[money.currency] += money.amount
        return counted

    def audit(self) -> None:
        """The ledger and the budget have what the books have; a cap in force is not crossed by
        anything that was let through under it."""
        found = {p.spent.currency: (p.spent.amount, p.spent.amount + p.set_aside.amount)
                 for p in self.ledger.purses()}  # fmt: skip
        for currency, counted in self.counted.items():
            assert found.get(currency, (0, 0)) == (self.sunk[currency], counted)
        purse = self.budget.purse
        assert purse is not None
        assert purse.spent.amount + purse.set_aside.amount == self.counted[self.currency]


@settings(max_examples=35)
@given(st.lists(st.tuples(RUNS, STEPS), min_size=1, max_size=4))
def test_the_budget_holds_whatever_happens(runs: Sequence[tuple[Run, Sequence[Step]]]) -> None:
    """A take is let through exactly if it fits under the cap with all that is submitting, in
    flight, in doubt, billed or possibly lost, in this run or an earlier one, wanted or not; at
    every step ledger, budget and books agree to the cent, each currency apart."""
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger.open(Path(folder) / "ledger.db")
        office = Office(ledger)
        for run, steps in runs:
            office.begin(run)
            for step in steps:
                office.step(step)
                office.audit()
        ledger.close()
