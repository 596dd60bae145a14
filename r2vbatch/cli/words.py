"""What a run says before and after, in lines. Words only: nothing is decided here."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from r2vbatch.batch.bill import Act, Bill, shown
from r2vbatch.batch.job import Job
from r2vbatch.batch.run import Report
from r2vbatch.cli.text import counted
from r2vbatch.ledger import AT_SERVICE, TO_FETCH, Ledger, State, TakeRow
from r2vbatch.planning import Plan
from r2vbatch.progress import clock
from r2vbatch.storage import Folder


def bill_lines(bill: Bill, endpoint: str, plan: Plan) -> Iterator[str]:
    """What is about to happen, and its price."""
    making = bill.to_make
    if endpoint == "preview":
        price = f"free (live at {plan.prices}: {shown(bill.cost)})"
    else:
        price = f"{shown(bill.cost)} (prices read {plan.prices_read})"
    if making:
        cap = "" if bill.exact else ", videos of unknown length counted at their cap"
        yield (
            f"{counted(len(making), 'take')} to make at {endpoint}:"
            f" {bill.seconds.normalize():f} billed seconds, {price}{cap}"
        )
    if bill.again:
        names = ", ".join(item.take.id for item in bill.again)
        yield f"among them, made before and possibly paid: {names}"
    others = [
        (bill.count(Act.KEEP), "done already"),
        (bill.count(Act.WATCH), "still at the service"),
        (bill.count(Act.FETCH), "to be fetched"),
        (bill.count(Act.DOUBT), "in doubt"),
    ]
    kept = ", ".join(f"{number} {what}" for number, what in others if number)
    if kept:
        yield kept
    for known, name in bill.renamed:
        yield f"renamed: {known.take} is now {name}"
    if bill.retired and endpoint != "preview":
        yield f"no longer wanted, to retired/: {counted(len(bill.retired), 'clip')}"


def summary_lines(job: Job, report: Report) -> Iterator[str]:
    """How it went, and what to do next."""
    counts = report.counts
    total, done = sum(counts.values()), counts.get(State.DONE, 0)
    things = "slates" if job.kind == "preview" else "clips"
    folder = job.folder.path("preview" if job.kind == "preview" else "clips")
    others = [f"{number} {str(state).replace('_', ' ')}"
              for state, number in sorted(counts.items()) if state is not State.DONE]  # fmt: skip
    tail = f" ({', '.join(others)})" if others else ""
    took = clock(report.seconds)
    yield f"{done} of {counted(total, 'take')} done{tail} in {took}; {things} in {folder}"
    if job.kind == "live" and job.spent:
        yield f"spent in this folder: {shown(job.spent)}"
    yield from _troubles(job, report)
    for take, flags in job.ledger.flagged(job.kind):
        yield f"{take} done, but not as asked: {', '.join(flags)}"
    if report.stopped and not report.interrupted:
        yield f"stopped submitting: {report.stopped}"
        if report.advice:
            yield f"hint: {report.advice}"
    if report.interrupted:
        yield _interrupted(job)
    elif done < total or report.left:
        yield f"go on with: r2vbatch resume {job.folder.root}"
    elif job.kind == "preview":
        yield f"results in {job.folder.path('results.csv')}"


_TOLD = (State.FAILED, State.EXPIRED, State.CANCELED, State.IN_DOUBT)


def _troubles(job: Job, report: Report) -> Iterator[str]:
    """Each take that is not done, with its reason; paid ones no longer wanted, too."""
    told = {row.key: row for row in job.ledger.in_states(job.kind, _TOLD) if row.wanted}
    told |= {key: job.ledger.take(key) for key in report.left}
    for key, row in sorted(told.items()):
        state = str(row.state).replace("_", " ")
        reason = report.left.get(key) or _last_reason(job.ledger, row) or row.error_message or ""
        yield f"{row.take} {state}: {reason}".rstrip(": ")


def _last_reason(ledger: Ledger, row: TakeRow) -> str:
    """Why a take came to stand where it stands, as the ledger tells it."""
    reasons = [why for _, _, after, why, _ in ledger.events(row.key) if after == row.state]
    return reasons[-1] if reasons else ""


def collected_lines(ledger: Ledger, folder: Folder, report: Report) -> Iterator[str]:
    """What a `collect` brought in, and what it could not."""
    left = ledger.unfinished("live")
    waiting = [row for row in left if row.state in AT_SERVICE | TO_FETCH | {State.IN_DOUBT}]
    done = counted(report.counts.get(State.DONE, 0), "take")
    yield f"{done} done; clips in {folder.path('clips')}"
    for row in waiting:
        state = str(row.state).replace("_", " ")
        yield f"{row.take} {state}: {report.left.get(row.key, '')}".rstrip(": ")
    if report.stopped and not report.interrupted:
        yield f"stopped: {report.stopped}"
        yield f"hint: {report.advice}"


def _interrupted(job: Job) -> str:
    """How many still run and are billed, and by when to fetch them."""
    running = job.ledger.in_states(job.kind, AT_SERVICE | {State.GENERATED})
    go_on = f"go on with: r2vbatch resume {job.folder.root}"
    if job.kind == "preview" or not running:
        return f"interrupted; nothing is lost, {go_on}"
    first = min((row.submitted_at or row.intent_at or 0.0) for row in running)
    by = datetime.fromtimestamp(first + 24 * 3600, UTC).strftime("%Y-%m-%d %H:%M UTC")
    one = len(running) == 1
    return (
        f"interrupted; {counted(len(running), 'take')} still"
        f" {'runs at the service and is' if one else 'run at the service and are'} billed:"
        f" fetch {'it' if one else 'them'} by {by}, {go_on}"
    )
