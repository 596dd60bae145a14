"""Whether the listings prove that a POST created nothing, and when to look next.

The proof is a pair: a full listing at least the grace after the POST ended, a second one a little
later, each with a sentinel, which shows that the list is this account's, is alive, and dates its
rows by the clock we think it does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Final

from r2vbatch.reconcile.model import Facts, For, Listing
from r2vbatch.reconcile.moments import (
    Moments,
    breath,
    retry_after,
    second_after,
    sentinel_after,
)

TOLERANCE: Final = timedelta(seconds=90)
"""How far a sentinel's listed time may be from the ledger's. Less than the margin before an
intent: a list whose clock is off by what a sentinel lets pass still shows a take's task inside its
window."""
GIVE_UP: Final = 6
"""After so many failed listings in a row a run no longer counts on the list."""


@dataclass(frozen=True, slots=True)
class Proof:
    """How far the listings have come for one intent."""

    second: Listing | None
    """The listing that completes the pair; what appears later holds nothing up."""
    lacking: For | None
    """What the pair lacks; None when it is complete."""
    hopeless: bool
    """This run will hardly get what is lacking."""
    list_at: datetime | None
    """When to list next for it."""


def proof(times: Moments, facts: Facts) -> Proof:
    """How far the listings so far prove an absence for the intent with these `times`."""
    due = times.ended + facts.grace
    late = [each for each in facts.listings if _counts(each, due, times.opens)]
    alive = [each for each in late if _sentinel(each, times.ended, facts)]
    second = next((each for each in alive if each.began >= _after(alive[0], facts.grace)), None)
    if second:
        return Proof(second, None, hopeless=False, list_at=None)
    failures = _failures(facts.listings)
    back_off = _retry(facts, failures)
    if not late:
        looked = any(each.began >= times.ended and each.complete for each in facts.listings)
        list_at = _latest(due if looked else times.ended, back_off)
        lacking = For.LIST if failures else For.GRACE
        return Proof(None, lacking, failures >= GIVE_UP and facts.now >= due, list_at)
    if failures >= GIVE_UP:
        return Proof(None, For.LIST, hopeless=True, list_at=back_off)
    if late[-1] in alive:
        list_at = _latest(_after(late[-1], facts.grace), back_off)
        return Proof(None, For.SECOND, hopeless=False, list_at=list_at)
    return _without_sentinel(late, facts, back_off)


def _without_sentinel(late: list[Listing], facts: Facts, back_off: datetime | None) -> Proof:
    """Twice in vain; once more after ten minutes, and then only a person can say. Listings go on
    at that pace as long as the run does, since its own tasks may become sentinels."""
    again = next((each for each in late if each.began >= _after(late[0], facts.grace)), None)
    if again is None:
        list_at = _latest(_after(late[0], facts.grace), back_off)
        return Proof(None, For.SENTINEL, hopeless=False, list_at=list_at)
    pause = sentinel_after(facts.grace)
    hopeless = late[-1].began >= again.ended + pause
    return Proof(None, For.SENTINEL, hopeless, _latest(late[-1].ended + pause, back_off))


def _counts(each: Listing, due: datetime, opens: datetime) -> bool:
    return each.complete and each.began >= due and (each.since is None or each.since <= opens)


def _sentinel(each: Listing, ended: datetime, facts: Facts) -> bool:
    """A task the ledger knows, listed at the time the ledger has; or anyone's, made after the POST
    had ended and not in a future that has not come."""
    for row in each.rows:
        at = facts.known.get(row.task_id)
        if at is not None and abs(row.created_at - at) <= TOLERANCE:
            return True
        if ended < row.created_at <= each.ended + TOLERANCE:
            return True
    return False


def _after(first: Listing, grace: timedelta) -> datetime:
    return first.ended + second_after(grace)


def _failures(listings: Sequence[Listing]) -> int:
    """How many listings in a row have failed up to now."""
    return sum(1 for _ in takewhile(lambda each: not each.complete, reversed(listings)))


def _retry(facts: Facts, failures: int) -> datetime | None:
    """No listing before: after failures a growing pause, and always a breath."""
    if not facts.listings:
        return None
    pause = retry_after(failures, facts.grace) if failures else breath(facts.grace)
    return facts.listings[-1].ended + pause


def _latest(due: datetime, back_off: datetime | None) -> datetime:
    return due if back_off is None else max(due, back_off)
