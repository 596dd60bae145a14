"""``run`` and ``resume``: check, plan, confirm the price, make what is not made yet."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from r2vbatch.batch.settings import Options, parse_money, settle
from r2vbatch.cli import completing, loading, params
from r2vbatch.cli.folders import ledger_of
from r2vbatch.cli.text import say
from r2vbatch.cli.verb import MEANINGS, Verb
from r2vbatch.errors import Exit, OutputUnavailable, UsageProblem
from r2vbatch.ledger import Ledger, State
from r2vbatch.manifest import load_text
from r2vbatch.manifest.changes import changed_files
from r2vbatch.manifest.model import Manifest, Money
from r2vbatch.progress import Mode, Steady, Tally, progress
from r2vbatch.storage import on_shared_disk

if TYPE_CHECKING:
    from r2vbatch.batch.job import Job
    from r2vbatch.batch.run import Report
    from r2vbatch.cli.consent import Consent

_Body = Callable[..., Any]


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
            click.option("--yes", "-y", is_flag=True, help="Answer yes to every question."),
            params.progress,
            params.grace,
            click.option("--resubmit-in-doubt", "resubmit", metavar="TAKE", multiple=True,
                         shell_complete=completing.takes_in_doubt,
                         help="Send a take in doubt again where nothing more can be learned of"
                         " it, at the risk of paying twice; a glob, may be repeated."),
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
    yes: bool
    mode: Mode
    grace: float
    resubmit: tuple[str, ...]
    dry_run: bool

    def options(self, output: Path | None, ledger: Path | None) -> Options:
        """What of it makes the run."""
        return Options(
            output, self.endpoint, self.only, self.first, self.max_cost, self.prices,
            self.grace, ledger,
        )  # fmt: skip


_COST = (
    "A preview is free. A live run says its price first and spends only with a yes: an answer on"
    " the terminal, --yes, or --max-cost. What is done already is never paid for again."
)


@click.command(
    cls=Verb,
    cost=_COST,
    examples=[
        ("r2vbatch run film.yaml", "the preview: every take as a slate, without a key"),
        (
            "r2vbatch run film.yaml --only sh010 --endpoint singapore",
            "the first live clip, after a yes to its price",
        ),
        (
            'r2vbatch run film.yaml --endpoint singapore --max-cost "6.00 USD"',
            "all of it, unattended: agreed to up to that sum",
        ),
    ],
    exits=MEANINGS,
)
@params.manifest_argument
@params.output
@params.ledger
@run_options
def run(manifest: Path, output: Path | None, ledger: Path | None, **chosen: Any) -> int:
    """Make every take of MANIFEST that is not made yet.

    The default endpoint is the preview, which needs no key. Run it again at any time: what is
    done is kept, what was interrupted goes on, what was edited is made anew.
    """
    choice = Chosen(**chosen)
    reading = loading.read(manifest)
    sound = loading.sound(reading, endpoint=choice.endpoint, prices=choice.prices)
    return _carry_out(sound, choice.options(output, ledger), choice)


@click.command(
    cls=Verb,
    cost=_COST,
    examples=[
        ("r2vbatch resume out/day-off", "after Ctrl-C, a crash, a power cut or a lost network"),
        (
            "r2vbatch resume out/day-off --yes --progress plain",
            "without a terminal, where nobody can be asked",
        ),
        (
            "r2vbatch resume out/day-off --resubmit-in-doubt sh040_t02",
            "send one take in doubt again, at the risk of paying for it twice",
        ),
    ],
    exits=MEANINGS,
)
@params.output_argument
@params.ledger
@run_options
def resume(output: Path, ledger: Path | None, **chosen: Any) -> int:
    """Go on with the batch in OUTPUT, from the folder alone.

    The manifest is the one the ledger remembers, and so is the table of its shots if it has one;
    references are looked for where it lay.
    """
    choice = Chosen(**chosen)
    batch = _remembered(ledger_of(output, ledger))
    file = batch["manifest_file"]
    table = batch["table_text"] or None
    reading = load_text(batch["manifest_text"], Path(file), file, table=table)
    endpoint, prices = choice.endpoint or batch["endpoint"], choice.prices or batch["prices"]
    sound = loading.sound(reading, endpoint=endpoint, prices=prices)
    _say_if_changed(sound)
    options = replace(choice.options(output, ledger), prices=prices)
    if not options.only and options.first is None:
        options = _same_scope(options, batch["scope"])
    return _carry_out(sound, options, choice)


def _same_scope(options: Options, scope: str) -> Options:
    """The scope of the run that is resumed: it was that much which was asked for."""
    only, first = json.loads(scope)
    if only or first:
        words = [f"--only {glob}" for glob in only] + ([f"--first {first}"] if first else [])
        say(f"note: goes on with {' '.join(words)}, as it was begun; --only '*' is all",
                   err=True)  # fmt: skip
    return replace(options, only=tuple(only), first=first)


def _remembered(ledger: Path) -> dict[str, str]:
    """What the ledger says of the batch's manifest and endpoint."""
    opened = Ledger.open(ledger, create=False)
    try:
        names = ("manifest_text", "manifest_file", "endpoint", "prices", "scope")
        kind = "live" if opened.unfinished("live") else opened.meta("kind")
        batch = {name: opened.meta(f"{kind} {name}") for name in names}
        batch["table_text"] = opened.meta(f"{kind} table_text") or ""
    finally:
        opened.close()
    if None in batch.values():
        raise OutputUnavailable(
            f"{ledger} holds no batch yet", hint="start one with `r2vbatch run MANIFEST`"
        )
    return cast(dict[str, str], batch)


def _say_if_changed(manifest: Manifest) -> None:
    for file in changed_files(manifest):
        what = "manifest" if file == manifest.file else "table"
        say(
            f"note: {file} differs from the {what} this batch was started with, which is the one"
            " used here; `r2vbatch run` takes the file as it is now",
            err=True,
        )


def _carry_out(manifest: Manifest, options: Options, choice: Chosen) -> int:
    """The run itself, from a sound manifest to an exit code."""
    from r2vbatch.batch.endpoint import key_for
    from r2vbatch.batch.job import opened
    from r2vbatch.cli.consent import consent
    from r2vbatch.cli.words import bill_lines

    settings = settle(manifest, options)
    if choice.dry_run:
        from r2vbatch.cli.plan import show_plan

        return show_plan(manifest, settings, options.prices)
    key_for(settings.endpoint)  # a missing key is said before a folder is made
    with opened(settings, lambda cache: loading.measured(manifest, options.prices, cache)) as job:
        if on_shared_disk(settings.ledger):
            say("note: the ledger lies on a network or synced disk, and is kept in a slower, safer"
                " way; --ledger PATH puts it on a disk of this machine", err=True)  # fmt: skip
        for line in bill_lines(job.bill, settings.endpoint.name, job.plan):
            say(line, err=True)
        job.check_room()
        agreed = consent(job, yes=choice.yes, capped=options.max_cost is not None)
        return _run(job, choice, agreed)


def _run(job: Job, choice: Chosen, agreed: Consent) -> int:
    from r2vbatch.batch import run as running
    from r2vbatch.batch.exports import export
    from r2vbatch.batch.todo import put_in_order
    from r2vbatch.cli.consent import answers
    from r2vbatch.cli.words import summary_lines

    job.begin()
    put_in_order(job, again=agreed.again)
    stream = sys.stdout if choice.mode == "json" else sys.stderr
    tally = Tally(job.known().values(), lambda: job.settings.limits.in_flight or 5)
    shown = progress(choice.mode, tally, stream)
    try:
        report = asyncio.run(running.run(job, shown, answers(choice.resubmit), spend=agreed.spend))
    finally:
        shown.close()
        with suppress(OutputUnavailable):  # what stopped the run is what is told
            export(job.ledger, job.folder)
    for line in summary_lines(job, report):
        say(line, err=choice.mode == "json")
    return exit_code(report) or unshown(shown)


def unshown(shown: Steady) -> int:
    """The exit code of progress that could not be shown, once that is said; a reader who has left
    is no trouble."""
    if shown.failure is None or isinstance(shown.failure, BrokenPipeError):
        return Exit.DONE
    say(f"progress could not be shown to the end: {shown.failure.strerror}", err=True)
    return Exit.NOT_ALL_DONE


def exit_code(report: Report) -> int:
    """The first that applies."""
    if report.interrupted:
        return Exit.INTERRUPTED
    if report.refused or report.counts.get(State.HELD):
        return Exit.REFUSED
    undone = sum(n for state, n in report.counts.items() if state is not State.DONE)
    return Exit.NOT_ALL_DONE if undone or report.left else Exit.DONE
