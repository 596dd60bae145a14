"""The plan matched to what the ledger knows, and what of it is stale.

A take that continues another shot has the same fingerprint whichever picture it began with. So
what decides is here: a stale clip is kept until a person asks for another (``--stale``), and one
that was replaced for that is not matched again, unless what it began with is the good take again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from r2vbatch.batch.matching import Matching, match
from r2vbatch.batch.settings import Settings
from r2vbatch.garbage import uncollected
from r2vbatch.ledger import Known, Ledger
from r2vbatch.ledger.states import WITHOUT_ITS_FILE
from r2vbatch.planning import Plan
from r2vbatch.storage import Folder


@uncollected()
def matched(plan: Plan, settings: Settings, ledger: Ledger) -> Matching:
    """The plan matched to what the ledger knows, and to the files that are there. Slates no longer
    wanted do not come back."""
    known = _as_it_lies(ledger, settings)
    if settings.kind == "preview":
        known = [k for k in known if k.wanted]
    replaced = ledger.replaced()
    found = match(plan.takes, _without(known, replaced), settings.in_scope)
    gone = {k.key for k in found.unwanted}
    shots = {k.key: k.shot for k in known}
    stale = {
        key: why
        for key, why in ledger.stale(settings.kind, gone).items()
        if key not in gone and settings.in_scope(shots[key])
    }
    if not stale or not settings.stale:
        return replace(found, stale=stale)
    back = ledger.good_again(settings.kind, gone | stale.keys())
    again = _without(known, (replaced.keys() | stale.keys()) - back)
    found = match(plan.takes, again, settings.in_scope)
    return replace(found, replaced=frozenset(stale))


def _as_it_lies(ledger: Ledger, settings: Settings) -> list[Known]:
    """What the ledger knows, a done take whose file has gone as the run will find it."""
    known = ledger.known(settings.kind)
    if ledger.moves():  # files are under way to other names
        return known
    gone = ledger.gone(settings.kind, Folder(settings.output.absolute()).films())
    state = WITHOUT_ITS_FILE[settings.kind]
    return [k._replace(state=state) if k.key in gone else k for k in known] if gone else known


def _without(known: Iterable[Known], keys: Collection[int]) -> list[Known]:
    """`known`, those with `keys` made unlike any take of a plan."""
    return [k._replace(fingerprint="") if k.key in keys else k for k in known]
