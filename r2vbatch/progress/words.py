"""What is said of a run while it goes on: what it waits for, its money, the time left. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from r2vbatch.ledger import TO_FETCH, Purse, State, Transition
from r2vbatch.pacing import Change
from r2vbatch.progress.tally import Tally, clock

_LONG_PAUSE = 15.0
"""Seconds of waiting that are worth a line of their own."""


def line(tally: Tally, transition: Transition) -> str:
    """A take, where it stands now, and why."""
    why = f": {transition.why}" if transition.why else ""
    return f"{tally.name(transition.key)} {words(transition.after)}{why}"


def words(state: State) -> str:
    """``in doubt`` for `State.IN_DOUBT`."""
    return str(state).replace("_", " ")


def folded(text: str, width: int) -> str:
    """`text` broken between words to lines of `width` columns; a command stays whole, for it is
    there to be copied."""
    from tqdm.utils import disp_len  # not for every verb's help

    if disp_len(text) <= width or text.startswith("  r2vbatch "):
        return text
    first, *rest = text.lstrip().split(" ")
    indent = " " * (len(text) - len(text.lstrip()))
    lines = [indent + first]
    for word in rest:
        longer = f"{lines[-1]} {word}"
        if disp_len(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(f"{indent}    {word}")
    return "\n".join(lines)


def troubles(tally: Tally) -> str:
    """``1 failed, 2 held``: what is not as it should be; empty where all is well."""
    counts = [
        (tally.bad, "failed"),
        (tally.number(State.HELD), "held"),
        (tally.number(State.IN_DOUBT), "in doubt"),
    ]
    return ", ".join(f"{number} {what}" for number, what in counts if number)


def waiting(tally: Tally, now: float) -> str:
    """What happens at this moment, which is what a person waits for."""
    return ", ".join(_waiting(tally, now)) or "nothing under way"


def _waiting(tally: Tally, now: float) -> Iterator[str]:
    if number := tally.number(State.SUBMITTING):
        yield f"{number} being submitted"
    if number := tally.number(State.RUNNING):
        longest = tally.longest(now)
        since = f" (longest {clock(longest)})" if longest is not None else ""
        yield f"{number} being made{since}"
    if number := tally.number(State.SUBMITTED):
        yield f"{number} queued"
    if number := tally.number(*TO_FETCH):
        yield f"{number} being fetched"
    if number := tally.number(State.IN_DOUBT):
        left = tally.doubt_left(now)
        yield f"{number} looked for{f' (for {clock(left)})' if left else ''}"
    if number := tally.number(State.PLANNED):
        hurdle = tally.hurdle(now)
        yield f"{number} to submit{f' ({hurdle})' if hurdle else ''}"


def long_pause(change: Change) -> str:
    """A sentence about a pause that is long enough for one; else empty."""
    if change.what != "pause" or change.after < _LONG_PAUSE:
        return ""
    return f"submitting waits {change.after:.0f} s: {change.reason}"


def money(purse: Purse) -> str:
    """``1.20 USD spent, 0.80 set aside, cap 6.00``."""
    spent, aside, cap = purse
    parts = [f"{spent} spent"]
    if aside.amount:
        parts.append(f"{_amount(str(aside))} set aside")
    if cap:
        parts.append(f"cap {_amount(str(cap))}")
    return ", ".join(parts)


def spending(purse: Purse) -> str:
    """``1.20 of 6.00 USD``, or ``1.20 USD`` without a cap: what is spent."""
    of = f"{_amount(str(purse.spent))} of " if purse.cap else ""
    return f"{of}{purse.cap or purse.spent}"


def _amount(money: str) -> str:
    return money.partition(" ")[0]


def time_left(tally: Tally, now: float) -> str:
    """``12:05 left``."""
    left = tally.seconds_left(now)
    if left is None:
        return "time left not known yet"
    if left >= 0.5:
        return f"{clock(left)} left"
    return "any moment now" if tally.under_way else ""
