"""What `run` and `resume` share: their options, and the run itself, with questions and words."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from r2vbatch.batch.settings import Options, Settings, parse_money, settle
from r2vbatch.cli import completing, loading, params
from r2vbatch.cli.ondone import OnDone
from r2vbatch.cli.text import say, tell
from r2vbatch.errors import Exit, UsageProblem
from r2vbatch.garbage import keep
from r2vbatch.manifest.model import Manifest, Money
from r2vbatch.progress import Mode, Steady, progress
from r2vbatch.storage import on_shared_disk

if TYPE_CHECKING:
    from r2vbatch.batch.consent import Consent
    from r2vbatch.batch.job import Job
    from r2vbatch.batch.report import Report
    from r2vbatch.catalogue import Catalogue
    from r2vbatch.dashscope.key import Key
    from r2vbatch.ledger import Ledger
    from r2vbatch.planning import Plan

_Body = Callable[..., Any]

COST = (
    "A preview is free. A live run says its price first and spends only with a yes: an answer on"
    " the terminal, --yes, or --max-cost. What is done already is never paid for again."
)


def amount(text: Any) -> Money:
    """An option's value as money."""
    try:
        return text if isinstance(text, Money) else parse_money(str(text))
    except UsageProblem as problem:
        raise click.BadParameter(f"{problem.message}: {problem.hint}") from None


def run_options(body: _Body) -> _Body:
    """The options that `run` and `resume` share."""
    for option in reversed(
        [
            params.endpoint,
            params.only,
            params.first,
            click.option("--max-cost", type=amount, metavar='"6.00 USD"',
                         help="Agree to spend, and never more than this in the output folder."),
            params.prices,
            params.fit,
            params.catalogue,
            params.stale,
            click.option("--yes", "-y", is_flag=True, help="Answer yes to every question."),
            params.progress,
            click.option("--on-done", metavar="CMD",
                         help="Run CMD when the batch has ended, however it did: split as a shell"
                         " would, run without one; the outcome is JSON on its stdin and in"
                         " R2VBATCH_* variables."),
            params.grace,
            click.option("--resubmit-in-doubt", "resubmit", metavar="TAKE", multiple=True,
                         shell_complete=completing.takes_in_doubt,
                         help="Send a take in doubt again where nothing more can be learned of"
                         " it, at the risk of paying twice; a glob, may be repeated."),
            click.option("--no-film", is_flag=True,
                         help="Leave the reel, the timeline and the report as they are; `film`"
                         " makes them."),
            click.option("--dry-run", is_flag=True,
                         help="Say what would be done and what it would cost; do nothing."),
        ]
    ):  # fmt: skip
        body = option(body)
    return body


@dataclass(frozen=True, slots=True)
class Chosen:
    """The values of `run_options`."""

    endpoint: str | None
    only: tuple[str, ...]
    first: int | None
    max_cost: Money | None
    prices: str | None
    fit: bool
    catalogue: Path | None
    stale: bool
    yes: bool
    mode: Mode
    on_done: str | None
    grace: float
    resubmit: tuple[str, ...]
    no_film: bool
    dry_run: bool

    def options(self, output: Path | None, ledger: Path | None) -> Options:
        """What of it makes the run."""
        return Options(
            output, self.endpoint, self.only, self.first, self.max_cost, self.prices,
            self.grace, ledger, self.stale,
        )  # fmt: skip


def carry_out(
    manifest: Manifest, models: Catalogue, options: Options, choice: Chosen, on_done: OnDone
) -> int:
    """The run itself, from a sound manifest to an exit code."""
    from r2vbatch.batch.consent import consent, refuse_other_currency
    from r2vbatch.batch.endpoint import key_for
    from r2vbatch.batch.job import opened
    from r2vbatch.cli.asking import terms
    from r2vbatch.cli.filming import filmed
    from r2vbatch.cli.summary import summary
    from r2vbatch.cli.words import bill_lines

    settings = settle(manifest, options)
    if choice.dry_run:
        from r2vbatch.cli.plan import show_plan

        return show_plan(manifest, settings, options.prices, models)
    key = key_for(settings.endpoint)  # a missing key is said before a folder is made

    def draw(cache: Ledger) -> Plan:
        return loading.measured(manifest, options.prices, cache, models)

    with opened(settings, draw) as job:
        keep()
        _say_if_slow(settings)
        refuse_other_currency(settings.caps, job.plan)  # or the bill would hold to it by its figure
        for line in bill_lines(job.bill, job.plan, settings, job.ledger.purses()):
            tell(line, err=True)
        job.check_room()
        agreed = consent(job, key, terms(yes=choice.yes, capped=options.max_cost is not None))
        report, shown = asyncio.run(_attended(job, key, choice, agreed))
        if not (choice.no_film or report.interrupted):
            report = filmed(report, job, quiet=choice.mode in {"json", "none"})
        lines = summary(report, job.plan, options)
    for line in lines:
        tell(line, err=choice.mode == "json")
    on_done.ended(report, lines)
    return report.exit_code or unshown(shown)


async def _attended(job: Job, key: Key, choice: Chosen, agreed: Consent) -> tuple[Report, Steady]:
    """The run, shown while it goes on, with a person at its keys."""
    from r2vbatch import workers
    from r2vbatch.batch.host import Host, tally_of
    from r2vbatch.batch.preparing import prepared
    from r2vbatch.batch.report import report
    from r2vbatch.batch.run import run
    from r2vbatch.cli.asking import answers

    async with prepared(job, again=agreed.again):
        stream = sys.stdout if choice.mode == "json" else sys.stderr
        shown = progress(choice.mode, tally_of(job), stream)
        host = Host(shown, workers.Pool, answers(choice.resubmit, shown), signals=True)
        try:
            ending = await run(job, key, host, spend=agreed.spend)
        finally:
            shown.close()
    return report(job, ending), shown


def _say_if_slow(settings: Settings) -> None:
    if on_shared_disk(settings.ledger):
        say("note: the ledger lies on a network or synced disk, and is kept in a slower, safer"
            " way; --ledger PATH puts it on a disk of this machine", err=True)  # fmt: skip


def unshown(shown: Steady) -> int:
    """The exit code of progress that could not be shown, once that is said; a reader who has left
    is no trouble."""
    if shown.failure is None or isinstance(shown.failure, BrokenPipeError):
        return Exit.DONE
    say(f"progress could not be shown to the end: {shown.failure.strerror}", err=True)
    return Exit.NOT_ALL_DONE
