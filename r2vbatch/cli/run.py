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
from r2vbatch.cli import loading
from r2vbatch.cli.folders import ledger_of
from r2vbatch.cli.text import say
from r2vbatch.errors import Exit, OutputUnavailable, UsageProblem
from r2vbatch.ledger import Ledger, State
from r2vbatch.manifest import load_text
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
            click.option("--endpoint", metavar="NAME|URL", help="preview, singapore, beijing,"
                         " virginia, frankfurt or a base URL; wins over the manifest."),
            click.option("--only", metavar="GLOB", multiple=True,
                         help="Only these shots, by id; may be repeated."),
            click.option("--first", type=click.IntRange(1), metavar="N",
                         help="Only the first N shots."),
            click.option("--max-cost", type=amount, metavar='"6.00 USD"',
                         help="Agree to spend, and never more than this in the output folder."),
            click.option("--prices", metavar="REGION",
                         help="The price table for a preview or a URL endpoint.  [singapore]"),
            click.option("--yes", "-y", is_flag=True, help="Answer yes to every question."),
            click.option("--progress", "mode", default="auto", show_default=True,
                         type=click.Choice(["auto", "bar", "plain", "json", "none"]),
                         help="How progress is shown, on stderr (json: on stdout)."),
            click.option("--grace", type=click.FloatRange(0.0, min_open=True), default=300.0,
                         show_default=True, metavar="SECONDS",
                         help="How long the service may take to list a task after its submit."),
            click.option("--resubmit-in-doubt", "resubmit", metavar="TAKE", multiple=True,
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


@click.command()
@click.argument("manifest", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="DIR",
              help="Output folder; wins over the manifest.")  # fmt: skip
@click.option("--ledger", type=click.Path(path_type=Path), metavar="PATH",
              help="Where the ledger lies, if not in the output folder.")  # fmt: skip
@run_options
def run(manifest: Path, output: Path | None, ledger: Path | None, **chosen: Any) -> int:
    """Make every clip of MANIFEST that is not made yet.

    The preview (the default endpoint) is free and needs no key. A live run shows its price and
    asks first. Run it again at any time: what is done is kept, what was interrupted goes on.
    """
    choice = Chosen(**chosen)
    reading = loading.read(manifest)
    sound = loading.sound(reading, endpoint=choice.endpoint, prices=choice.prices)
    return _carry_out(sound, choice.options(output, ledger), choice)


@click.command()
@click.argument("output", type=click.Path(path_type=Path))
@click.option("--ledger", type=click.Path(path_type=Path), metavar="PATH",
              help="Where the ledger lies, if not in OUTPUT.")  # fmt: skip
@run_options
def resume(output: Path, ledger: Path | None, **chosen: Any) -> int:
    """Go on with the batch in OUTPUT, from the folder alone.

    The manifest is the one the ledger remembers; references are looked for where it lay.
    """
    choice = Chosen(**chosen)
    batch = _remembered(ledger_of(output, ledger))
    file = batch["manifest_file"]
    reading = load_text(batch["manifest_text"], Path(file), file)
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
    finally:
        opened.close()
    if None in batch.values():
        raise OutputUnavailable(
            f"{ledger} holds no batch yet", hint="start one with `r2vbatch run MANIFEST`"
        )
    return cast(dict[str, str], batch)


def _say_if_changed(manifest: Manifest) -> None:
    try:
        same = manifest.file.read_text("utf-8") == manifest.text
    except (OSError, UnicodeDecodeError):
        same = False
    if not same:
        say(
            f"note: {manifest.file} differs from the manifest this batch was started with, which"
            " is the one used here; `r2vbatch run` takes the file as it is now",
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
