"""``collect``: end what is running, fetch what is generated. It has nothing that could submit."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from pathlib import Path
from typing import cast

import click

from r2vbatch.cli.folders import ledger_of
from r2vbatch.cli.text import say
from r2vbatch.errors import OutputUnavailable
from r2vbatch.progress import Mode, Tally, progress


@click.command()
@click.argument("output", type=click.Path(path_type=Path))
@click.option("--ledger", type=click.Path(path_type=Path), metavar="PATH",
              help="Where the ledger lies, if not in OUTPUT.")  # fmt: skip
@click.option("--progress", "mode", default="auto", show_default=True,
              type=click.Choice(["auto", "bar", "plain", "json", "none"]),
              help="How progress is shown, on stderr (json: on stdout).")  # fmt: skip
@click.option("--grace", type=click.FloatRange(0.0, min_open=True), default=300.0,
              show_default=True, metavar="SECONDS",
              help="How long the service may take to list a task after its submit.")  # fmt: skip
def collect(output: Path, ledger: Path | None, mode: str, grace: float) -> int:
    """Fetch every clip of OUTPUT that is paid for and not here yet.

    Tasks that still run are watched to their end; a take in doubt is adopted if its task is
    found. Nothing is submitted, and nothing spent.
    """
    from r2vbatch.batch import run as running
    from r2vbatch.batch.folder import any_key, held
    from r2vbatch.batch.todo import name_what_is
    from r2vbatch.cli.run import exit_code, unshown
    from r2vbatch.cli.words import collected_lines

    key = any_key()
    with held(output, ledger_of(output, ledger)) as (folder, opened):
        name_what_is(opened, folder, "live")
        stream = sys.stdout if mode == "json" else sys.stderr
        tally = Tally((k for k in opened.known("live") if k.wanted), lambda: 1)
        shown = progress(cast(Mode, mode), tally, stream)
        try:
            report = asyncio.run(running.collect(opened, folder, key, grace, shown))
        finally:
            shown.close()
        with suppress(OutputUnavailable):
            for line in collected_lines(opened, folder, report):
                say(line, err=mode == "json")
    return exit_code(report) or unshown(shown)
