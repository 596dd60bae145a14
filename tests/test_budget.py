"""The caps on spending, against arithmetic."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from r2vbatch.manifest.model import Money
from r2vbatch.take.budget import Budget

CENTS = st.integers(0, 500).map(lambda cents: Decimal(cents) / 100)


def usd(amount: str | int | Decimal) -> Money:
    """Dollars."""
    return Money(Decimal(amount), "USD")


@given(
    st.lists(CENTS, min_size=1, max_size=3), CENTS, st.lists(st.tuples(CENTS, st.booleans(), CENTS))
)
def test_the_cap_is_never_crossed_by_a_reservation(
    caps: list[Decimal], spent: Decimal, takes: list[tuple[Decimal, bool, Decimal]]
) -> None:
    """What is reserved always fits under the smallest cap, to the cent; what turns out cheaper,
    dearer or free counts at what it was."""
    budget, counted = Budget(map(usd, caps), usd(spent)), spent
    for estimate, settled, cost in takes:
        fits = counted + estimate <= min(caps)
        assert budget.reserve(usd(estimate)) is fits
        if fits:
            counted += estimate
            if settled:
                budget.settle(usd(estimate), usd(cost))
                counted += cost - estimate


def test_a_purse_tells_spent_from_set_aside() -> None:
    """What is reserved is set aside until it is billed, or turns out to cost nothing."""
    budget = Budget([usd("6")], usd("1.00"), usd("0.50"))
    assert budget.purse == (usd("1.00"), usd("0.50"), usd("6"))
    assert budget.reserve(usd("0.25"))
    budget.take_on(usd("0.10"))
    assert budget.purse == (usd("1.00"), usd("0.85"), usd("6"))
    budget.settle(usd("0.25"), usd("0.20"))
    budget.settle(usd("0.50"), None)
    assert budget.purse == (usd("1.20"), usd("0.10"), usd("6"))
    assert Budget([], None).purse is None


def test_the_last_cent_may_be_spent() -> None:
    """A cap is reached, not approached."""
    budget = Budget([usd("6.00"), usd("3.00")], usd("1.50"))
    assert [budget.reserve(usd(x)) for x in ("1.51", "1.50", "0.01", "0")] == [
        False, True, False, True,
    ]  # fmt: skip


def test_a_refused_take_gives_its_money_back() -> None:
    """Nothing was created: what it was to cost is free again."""
    budget = Budget([usd("1.50")], usd(0))
    assert budget.reserve(usd("1.50"))
    assert not budget.reserve(usd("0.01"))
    budget.settle(usd("1.50"), None)
    assert budget.reserve(usd("1.50"))


def test_an_unknown_price_fits_under_no_cap() -> None:
    """Without a cap anything goes; with one, what has no price does not."""
    assert Budget([], usd(100)).reserve(None)
    assert Budget([], usd(100)).reserve(usd(10**6))
    assert not Budget([usd("100")], usd(0)).reserve(None)


def test_a_refusal_says_its_amounts() -> None:
    """All three of them, written alike; and an unknown price is said to be unknown."""
    budget = Budget([usd("6"), usd("3.00")], usd("1.90"))
    assert budget.reserve(usd("0.5"))
    assert budget.refusal(usd("0.625")) == (
        "over the cap: 2.40 USD spent or set aside, this take 0.625 USD, cap 3.00 USD"
    )
    assert budget.refusal(None) == "its price is not known"
    assert "CNY" in budget.refusal(Money(Decimal(1), "CNY"))


def test_another_currency_neither_counts_nor_fits() -> None:
    """Currencies are never converted."""
    budget = Budget([usd("1.00")], usd("0.50"))
    yuan = Money(Decimal("0.10"), "CNY")
    assert not budget.reserve(yuan)
    budget.settle(yuan, None)
    budget.take_on(yuan)
    assert budget.reserve(usd("0.50"))
    assert not budget.reserve(usd("0.01"))
