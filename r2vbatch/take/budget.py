"""The caps on live spending, and how much of them is left. Pure arithmetic.

Everything that is or may be paid for counts: what was billed, and the full estimate of all that
is submitting, in flight, in doubt or expired.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from r2vbatch.manifest.model import Money


class Budget:
    """Money that may still be spent. Without caps there is no end to it."""

    def __init__(self, caps: Iterable[Money], spent: Decimal) -> None:
        self._cap = min((cap.amount for cap in caps), default=None)
        self._spent = spent

    def reserve(self, estimate: Decimal | None) -> bool:
        """Set `estimate` aside for a take; False, and nothing set aside, when it does not fit.

        A take without a known price does not fit under any cap.
        """
        if self._cap is not None and (estimate is None or self._spent + estimate > self._cap):
            return False
        self._spent += estimate or 0
        return True

    def take_on(self, estimate: Decimal | None) -> None:
        """Something turned out to be paid for, or possibly so, whether it fits or not."""
        self._spent += estimate or 0

    def settle(self, estimate: Decimal | None, cost: Decimal | None) -> None:
        """A reserved take turned out to cost `cost` (0 when nothing was created or billed)."""
        self._spent += (cost or 0) - (estimate or 0)
