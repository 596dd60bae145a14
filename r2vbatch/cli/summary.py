"""What a run says at its end: how it went, what it cost, and what to do next, as commands that can
be pasted. Words only: the report has decided everything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import ROUND_CEILING, Decimal

from r2vbatch.batch.bill import shown
from r2vbatch.batch.report import Report, TakeReport
from r2vbatch.batch.settings import LEDGER, Options
from r2vbatch.cli.filming import film_lines
from r2vbatch.cli.price import billed_lines, other_money
from r2vbatch.cli.text import command, counted, named, place
from r2vbatch.dashscope.regions import REGIONS
from r2vbatch.ledger import AT_SERVICE, State
from r2vbatch.ledger.flags import flagged
from r2vbatch.manifest.model import Money
from r2vbatch.planning.model import Plan, total
from r2vbatch.progress import clock
from r2vbatch.progress.words import money, words

_TOLD = (State.FAILED, State.EXPIRED, State.CANCELED, State.IN_DOUBT, State.HELD)
_CENT = Decimal("0.01")
_MOST = 20
"""Reasons that are told: who has more of them reads `status`, or the results."""

Step = tuple[str, str]
"""A command to paste, and what it does."""


def summary(report: Report, plan: Plan, options: Options) -> list[str]:
    """The lines. `options`: of the run that has ended, so that commands repeat what matters."""
    film = film_lines(report.film, report.output) if report.film else ()
    return [
        *_outcome(report),
        *film,
        *_takes(report),
        *_stopped(report),
        *_next(report, plan, options),
    ]


def _outcome(report: Report) -> Iterator[str]:
    counts = report.counts
    others = [f"{number} {words(state)}" for state, number in sorted(counts.items())
              if state is not State.DONE]  # fmt: skip
    tail = f" ({', '.join(others)})" if others else ""
    things = "slates" if report.kind == "preview" else "clips"
    folder = place(report.output / ("preview" if report.kind == "preview" else "clips"))
    yield (
        f"{report.done} of {counted(len(report.takes), 'take')} done{tail} in"
        f" {clock(report.seconds)}; {things} in {folder}"
    )
    if report.purse and (report.purse.spent.amount or report.purse.set_aside.amount):
        yield f"money in this folder: {money(report.purse)}"
    yield from other_money(report.other_money, report.purse)
    if report.kind == "live":
        yield from billed_lines((*report.takes, *report.others))


def _takes(report: Report) -> Iterator[str]:
    """The takes that are not done or not as asked; those of one reason together."""
    found: dict[str, list[str]] = {}
    for take in (*report.takes, *report.others):
        if trouble := _trouble(take):
            found.setdefault(trouble, []).append(take.id)
    for trouble, ids in list(found.items())[:_MOST]:
        yield f"{ids[0]} {trouble}" if len(ids) == 1 else f"{len(ids)} takes {trouble}"
        if len(ids) > 1:
            yield f"    {named(ids)}"
    if left := [id for ids in list(found.values())[_MOST:] for id in ids]:
        yield f"… and {counted(len(left), 'take')} more: {command('status', report.output)}"


def _trouble(take: TakeReport) -> str:
    if take.state is State.DONE:
        look = f"look at it: {flagged(take.flags)}" if take.flags else ""
        stale = f"stale: {take.stale}" if take.stale else ""
        found = "; ".join(filter(None, (look, stale)))
        return f"done, but {found}" if found else ""
    if take.state in _TOLD or take.reason:
        return f"{words(take.state)}: {take.reason}".rstrip(": ")
    return ""


def _stopped(report: Report) -> Iterator[str]:
    if report.interrupted:
        yield _interrupted(report)
    elif report.stopped:
        yield f"stopped submitting: {report.stopped}"
        if report.advice:
            yield f"hint: {report.advice}"


def _interrupted(report: Report) -> str:
    """How many still run and are billed, and by when to fetch them."""
    running = [t for t in (*report.takes, *report.others)
               if t.state in {*AT_SERVICE, State.GENERATED}]  # fmt: skip
    if report.kind == "preview" or not running:
        return "interrupted; nothing is lost"
    ends = [take.lives_until for take in running if take.lives_until]
    by = f" by {min(ends):%Y-%m-%d %H:%M} UTC" if ends else ""
    one = len(running) == 1
    return (
        f"interrupted; {counted(len(running), 'take')} still"
        f" {'runs at the service and is' if one else 'run at the service and are'} billed:"
        f" fetch {'it' if one else 'them'}{by}"
    )


# --- what to do next -------------------------------------------------------------------------


def _next(report: Report, plan: Plan, options: Options) -> Iterator[str]:
    steps = list(_steps(report, plan, options))
    if steps:
        yield "next:"
        for command, what in steps:
            yield f"  {command}"
            yield f"      {what}"


def _steps(report: Report, plan: Plan, options: Options) -> Iterator[Step]:
    if report.complete:
        yield from _after_all(report, plan, options)
        return
    yield from _stale(report, plan, options)
    states = {take.state for take in (*report.takes, *report.others)}
    cap = ["--max-cost", str(options.max_cost)] if options.max_cost else []
    resume = command("resume", report.output, *_ledger(report, options), *cap)
    if State.FAILED in states and not report.interrupted:
        mended = f"when what failed is mended in {place(report.manifest)}"
        first = "ask for what failed once more" if report.manifest_gone else mended
        yield _again(report, plan, options), f"{first}; what is done is kept"
    if State.HELD in states:
        yield from _lift(report, plan, options)
    if State.IN_DOUBT in states and not report.interrupted:
        yield resume, "look for what is in doubt once more; sends nothing twice"
        doubts = [t.id for t in (*report.takes, *report.others) if t.state is State.IN_DOUBT]
        again = [part for id in doubts[:_MOST] for part in ("--resubmit-in-doubt", id)]
        yield (
            command("resume", report.output, *_ledger(report, options), *cap, *again),
            f"send {'it' if len(doubts) == 1 else 'them'} again, at the risk of paying twice",
        )
    elif states - {State.DONE, State.FAILED, State.HELD, State.SKIPPED}:
        yield resume, "go on: make and fetch what is missing"
    if report.interrupted and report.kind == "live" and states & AT_SERVICE:
        yield (
            command("collect", report.output, *_ledger(report, options)),
            "only fetch what is paid for; submits nothing",
        )
        yield (
            command("cancel", report.output, *_ledger(report, options)),
            "take back what is still queued, so that it is not billed",
        )


def _stale(report: Report, plan: Plan, options: Options) -> Iterator[Step]:
    number = sum(bool(take.stale) for take in report.takes)
    if number:
        asks = "" if report.kind == "preview" else "; it says the price and asks first"
        yield (
            _again(report, plan, options, stale=True),
            f"make {counted(number, 'stale take')} again, from the takes that are good now{asks}",
        )


def _after_all(report: Report, plan: Plan, options: Options) -> Iterator[Step]:
    yield from _stale(report, plan, options)
    if report.kind == "preview":
        ids = {take.id for take in report.takes}
        price = total(take.estimate for take in plan.takes if take.id in ids).cost
        read = f"prices read {plan.prices_read}"
        yield (
            _again(report, plan, options, endpoint=plan.prices),
            f"the same as live clips, up to {shown(price)} ({read}); it asks first",
        )


def _lift(report: Report, plan: Plan, options: Options) -> Iterator[Step]:
    """What lets through what a cap held; what has no price, a cap lets never through."""
    held = [take.estimate for take in report.takes if take.state is State.HELD]
    if None in held:
        yield (
            _again(report, plan, options, catalogue="FILE"),
            "when the price of what was held stands in FILE: `r2vbatch models --help`",
        )
    if report.purse is None or not any(held):
        return
    spent, aside, _ = report.purse
    more = sum((price.amount for price in held if price), spent.amount + aside.amount)
    needed = Money(more.quantize(_CENT, ROUND_CEILING), spent.currency)
    budget = plan.manifest.max_cost
    if budget and budget.amount < needed.amount:
        yield (
            _again(report, plan, options, max_cost=needed),
            f"when `budget: {{max_cost: {needed}}}` stands in {place(report.manifest)}",
        )
    else:
        resume = [*_ledger(report, options), "--max-cost", str(needed)]
        yield command("resume", report.output, *resume), "make what was held, too"


def _again(
    report: Report,
    plan: Plan,
    options: Options,
    *,
    endpoint: str = "",
    max_cost: Money | None = None,
    stale: bool = False,
    catalogue: str = "",
) -> str:
    """The command of the run that has ended; without its manifest, from the output folder alone."""
    words = []
    if options.output and not report.manifest_gone:
        words += ["-o", place(options.output)]
    for glob in options.only:
        words += ["--only", glob]
    if options.first:
        words += ["--first", str(options.first)]
    named = endpoint or (report.endpoint if report.kind == "live" else options.endpoint)
    if named:
        words += ["--endpoint", named]
    if options.prices and named not in REGIONS:
        words += ["--prices", options.prices]
    if max_cost or options.max_cost:
        words += ["--max-cost", str(max_cost or options.max_cost)]
    if stale:
        words.append("--stale")
    if plan.manifest.fit:
        words.append("--fit")
    if own := catalogue or (plan.catalogue.own and plan.catalogue.own.file):
        words += ["--catalogue", own]
    verb, where = ("resume", report.output) if report.manifest_gone else ("run", report.manifest)
    return command(verb, where, *_ledger(report, options), *words)


def _ledger(report: Report, options: Options) -> Sequence[str]:
    if options.ledger and options.ledger.absolute() != report.output / LEDGER:
        return ["--ledger", place(options.ledger)]
    return []
