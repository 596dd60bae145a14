"""The caps on live spending, and how much of them is left. Pure arithmetic.

Everything that is or may be paid for counts: what was billed, and the full estimate of all that
is submitting, in flight, in doubt or expired. Currencies are never converted: what was priced in
another one than the caps' neither counts nor fits.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from r2vbatch.ledger import Purse
from r2vbatch.manifest.model import Money


class Budget:
    """Money that may still be spent. Without caps there is no end to it."""

    def __init__(
        self, caps: Iterable[Money], spent: Money | None, set_aside: Money | None = None
    ) -> None:
        """`spent` and `set_aside`: in this folder until now; None where nothing has a price."""
        self._cap = min((cap.amount for cap in caps), default=None)
        self._currency = spent.currency if spent else None
        self._open = set_aside.amount if set_aside else Decimal(0)
        self._spent = (spent.amount if spent else Decimal(0)) + self._open

    @classmethod
    def of(cls, caps: Iterable[Money], currency: str | None, purses: Iterable[Purse]) -> Budget:
        """What is left in a folder that holds `purses`; `currency`: that of the prices, None where
        nothing has one."""
        nothing = None if currency is None else Money(Decimal(0), currency)
        ours = next((purse for purse in purses if purse.spent.currency == currency), None)
        return cls(caps, ours.spent, ours.set_aside) if ours else cls(caps, nothing)

    @property
    def purse(self) -> Purse | None:
        """How it stands; None where nothing has a price."""
        if self._currency is None:
            return None
        cap = None if self._cap is None else Money(self._cap, self._currency)
        return Purse(
            spent=Money(self._spent - self._open, self._currency),
            set_aside=Money(self._open, self._currency),
            cap=cap,
        )

    def reserve(self, price: Money | None) -> bool:
        """Set a take's price aside; False, and nothing set aside, when it does not fit.

        A take without a known price does not fit under any cap.
        """
        amount = self._counted(price)
        if self._cap is not None and (amount is None or self._spent + amount > self._cap):
            return False
        self._open += amount or 0
        self._spent += amount or 0
        return True

    def refusal(self, price: Money | None) -> str:
        """Why a take of `price` was not let through."""
        if price is None or self._cap is None or self._currency is None:
            return "its price is not known"
        if price.currency != self._currency:
            return f"its price is in {price.currency}, what is spent in {self._currency}"
        spent, cap = Money(self._spent, self._currency), Money(self._cap, self._currency)
        return f"over the cap: {spent} spent or set aside, this take {price}, cap {cap}"

    def take_on(self, price: Money | None) -> None:
        """Something turned out to be paid for, or possibly so, whether it fits or not."""
        self._open += self._counted(price) or 0
        self._spent += self._counted(price) or 0

    def settle(self, price: Money | None, cost: Money | None) -> None:
        """A reserved take turned out to cost `cost` (None when nothing was created or billed)."""
        self._open -= self._counted(price) or 0
        self._spent += (self._counted(cost) or 0) - (self._counted(price) or 0)

    def _counted(self, money: Money | None) -> Decimal | None:
        return money.amount if money and money.currency == self._currency else None
