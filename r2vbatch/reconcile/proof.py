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
MISDATED: Final = timedelta(minutes=20)
"""So far from the ledger's time, a listed one is of another zone: more than any clock of ours is
off, less than zones are apart."""
LATELY: Final = timedelta(hours=4)
"""A stranger's task must seem so young to be a sentinel: a list of UTC+8 read as UTC, or the other
way round, shows none."""
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
    """Twice in vain; once more after ten minutes, and then only a person can say: unless a task of
    our own is young enough to be listed yet. Listings go on at that pace as long as the run does,
    for such tasks may come."""
    again = next((each for each in late if each.began >= _after(late[0], facts.grace)), None)
    if again is None:
        list_at = _latest(_after(late[0], facts.grace), back_off)
        return Proof(None, For.SENTINEL, hopeless=False, list_at=list_at)
    last = late[-1]
    coming = [
        at + facts.grace for at in facts.known.values() if at and at + facts.grace > last.began
    ]
    if coming:
        list_at = _latest(max(min(coming), _after(last, facts.grace)), back_off)
        return Proof(None, For.SENTINEL, hopeless=False, list_at=list_at)
    pause = sentinel_after(facts.grace)
    hopeless = last.began >= again.ended + pause
    return Proof(None, For.SENTINEL, hopeless, _latest(last.ended + pause, back_off))


def _counts(each: Listing, due: datetime, opens: datetime) -> bool:
    return each.complete and each.began >= due and (each.since is None or each.since <= opens)


def _sentinel(each: Listing, ended: datetime, facts: Facts) -> bool:
    """A task the ledger knows, listed at the time the ledger has; or anyone's, made after the POST
    had ended, lately, and not in a future that has not come. None of it counts in a list that
    dates one of our tasks quite otherwise than we do."""
    known = [(row, facts.known.get(row.task_id)) for row in each.rows]
    apart = [abs(row.created_at - at) for row, at in known if at is not None]
    if any(distance > MISDATED for distance in apart):
        return False
    since = max(ended, each.began - LATELY)
    return any(distance <= TOLERANCE for distance in apart) or any(
        since < row.created_at <= each.ended + TOLERANCE for row in each.rows
    )


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
