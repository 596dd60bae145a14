"""The caps on spending, against arithmetic."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from r2vbatch.manifest.model import Money
from r2vbatch.take.budget import Budget

CENTS = st.integers(0, 500).map(lambda cents: Decimal(cents) / 100)


def usd(amount: str | Decimal) -> Money:
    """Dollars."""
    return Money(Decimal(amount), "USD")


@settings(deadline=None)
@given(
    st.lists(CENTS, min_size=1, max_size=3), CENTS, st.lists(st.tuples(CENTS, st.booleans(), CENTS))
)
def test_the_cap_is_never_crossed_by_a_reservation(
    caps: list[Decimal], spent: Decimal, takes: list[tuple[Decimal, bool, Decimal]]
) -> None:
    """What is reserved always fits under the smallest cap, to the cent; what turns out cheaper,
    dearer or free counts at what it was."""
    budget, counted = Budget(map(usd, caps), spent), spent
    for estimate, settled, cost in takes:
        fits = counted + estimate <= min(caps)
        assert budget.reserve(estimate) is fits
        if fits:
            counted += estimate
            if settled:
                budget.settle(estimate, cost)
                counted += cost - estimate


def test_the_last_cent_may_be_spent() -> None:
    """A cap is reached, not approached."""
    budget = Budget([usd("6.00"), usd("3.00")], Decimal("1.50"))
    assert [budget.reserve(Decimal(x)) for x in ("1.51", "1.50", "0.01", "0")] == [
        False, True, False, True,
    ]  # fmt: skip


def test_a_refused_take_gives_its_money_back() -> None:
    """Nothing was created: what it was to cost is free again."""
    budget = Budget([usd("1.50")], Decimal(0))
    assert budget.reserve(Decimal("1.50"))
    assert not budget.reserve(Decimal("0.01"))
    budget.settle(Decimal("1.50"), None)
    assert budget.reserve(Decimal("1.50"))


def test_an_unknown_price_fits_under_no_cap() -> None:
    """Without a cap anything goes; with one, what has no price does not."""
    assert Budget([], Decimal(100)).reserve(None)
    assert Budget([], Decimal(100)).reserve(Decimal(10**6))
    assert not Budget([usd("100")], Decimal(0)).reserve(None)
