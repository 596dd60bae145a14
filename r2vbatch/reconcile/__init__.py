"""What became of a POST that never answered: pure reasoning, no I/O, no clock.

A take with an intent and no task id may stand for money. Given the intents, what the service
listed, and what its unknown tasks turned out to be, `decide` says for each take whether to adopt
a task, send again, wait, ask, give up or leave it in doubt, and why, in words (design 6.3).

::

    model      what is known, and what may be decided
    moments    when things happened, on the service's clock
    listings   the window to ask for, and pages put together
    recognise  whether a task can be a take's: the same, possibly, or surely not
    proof      whether two listings show that nothing was created
    decide     the rules in their order

This room refuses to know how a list is fetched, where takes are kept and who is asked. The caller
keeps this loop, at each base URL that has intents in doubt: call `decide` with what the ledger
has at that moment; carry out what it says, durably, before calling again; query what `watch`
names; take a listing at `list_at`; and call again after each of these and at each end of a POST.
"""

from r2vbatch.reconcile.decide import decide
from r2vbatch.reconcile.listings import Window, listing, window
from r2vbatch.reconcile.model import (
    Adopt,
    Ask,
    Decision,
    Doubt,
    Facts,
    Fail,
    For,
    Intent,
    Listing,
    Resend,
    Retire,
    Ruling,
    Wait,
)
from r2vbatch.reconcile.moments import service_time
from r2vbatch.reconcile.recognise import same_account, unchanged

__all__ = [
    "Adopt",
    "Ask",
    "Decision",
    "Doubt",
    "Facts",
    "Fail",
    "For",
    "Intent",
    "Listing",
    "Resend",
    "Retire",
    "Ruling",
    "Wait",
    "Window",
    "decide",
    "listing",
    "same_account",
    "service_time",
    "unchanged",
    "window",
]
