"""What a take was billed, by what the service says of it. Pure.

Its usage gives the seconds and the tier, which need not be the one that was asked for: where a
request names no size, the service's documents disagree on what it takes. Prices are those the take
was submitted at.
"""

from __future__ import annotations

from decimal import Decimal

from r2vbatch.dashscope.model import Usage
from r2vbatch.ledger import TakeRow


def billed_seconds(usage: Usage | None) -> Decimal | None:
    """The total, or the sum of its parts where that is not given; None where the service does not
    say."""
    if usage is None:
        return None
    if usage.billed_seconds is None and usage.output_seconds is not None:
        return usage.output_seconds + (usage.input_seconds or 0)
    return usage.billed_seconds


def cost(row: TakeRow, usage: Usage | None) -> Decimal | None:
    """What the billed seconds cost, in the currency of the take; None where that is not known. A
    slate costs nothing."""
    if row.kind == "preview":
        return Decimal(0)
    seconds = billed_seconds(usage)
    made = f"{usage.tier}P" if usage and usage.tier else ""
    each = row.per_second.get(made, row.per_second.get(""))
    return None if seconds is None or each is None else (seconds * each).normalize()
