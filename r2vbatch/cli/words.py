"""What a run says before and after, in lines. Words only: nothing is decided here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from r2vbatch.batch.bill import Act, Bill
from r2vbatch.batch.run import Ending
from r2vbatch.batch.settings import Settings
from r2vbatch.cli.price import price_lines
from r2vbatch.cli.text import command, counted, place
from r2vbatch.ledger import AT_SERVICE, TO_FETCH, Ledger, Purse, State
from r2vbatch.planning import Plan
from r2vbatch.progress.words import money
from r2vbatch.storage import Folder


def bill_lines(
    bill: Bill, plan: Plan, settings: Settings, purses: Sequence[Purse]
) -> Iterator[str]:
    """What is about to happen, and its price; `purses`: the money in the folder until now."""
    if bill.to_make:
        yield from price_lines(bill, plan, settings, purses)
    if bill.again:
        names = ", ".join(item.take.id for item in bill.again)
        yield f"among them, made before and possibly paid: {names}"
    others = [
        (bill.count(Act.KEEP), "done already"),
        (len(bill.stale), "of them stale (--stale makes them again)"),
        (bill.count(Act.WATCH), "still at the service"),
        (bill.count(Act.FETCH), "to be fetched"),
        (bill.count(Act.DOUBT), "in doubt"),
    ]
    kept = ", ".join(f"{number} {what}" for number, what in others if number)
    if kept:
        yield kept
    for known, name in bill.renamed:
        yield f"renamed: {known.take} is now {name}"
    if bill.retired and settings.kind == "live":
        yield f"no longer wanted, to retired/: {counted(len(bill.retired), 'clip')}"


def collected_lines(ledger: Ledger, folder: Folder, ending: Ending) -> Iterator[str]:
    """What a `collect` brought in, and what it could not."""
    left = ledger.unfinished("live")
    waiting = [row for row in left if row.state in AT_SERVICE | TO_FETCH | {State.IN_DOUBT}]
    done = counted(ending.counts.get(State.DONE, 0), "take")
    yield f"{done} done; clips in {place(folder.path('clips'))}"
    yield from (f"money in this folder: {money(purse)}" for purse in ledger.purses())
    for row in waiting:
        state = str(row.state).replace("_", " ")
        yield f"{row.take} {state}: {ending.left.get(row.key, '')}".rstrip(": ")
    if ending.stopped and not ending.interrupted:
        yield f"stopped: {ending.stopped}"
        yield f"hint: {ending.advice}"
    if waiting:
        yield "next:"
        yield f"  {command('collect', folder.root)}"
        yield "      ask for them again; submits nothing"
