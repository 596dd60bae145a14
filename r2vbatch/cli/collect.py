"""``collect``: end what is running, fetch what is generated. It has nothing that could submit."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from r2vbatch.cli import params
from r2vbatch.cli.folders import ledger_of
from r2vbatch.cli.text import tell
from r2vbatch.cli.verb import MEANINGS, Verb
from r2vbatch.errors import Exit, OutputUnavailable
from r2vbatch.ledger import State
from r2vbatch.progress import Mode, Tally, progress

if TYPE_CHECKING:
    from r2vbatch.batch.run import Ending


@click.command(
    cls=Verb,
    cost="Nothing: it has nothing that could submit.",
    examples=[
        ("r2vbatch collect out/day-off", "after a crash, or overnight: bring in what was bought"),
        ("r2vbatch collect out/day-off --progress plain", "the same, a line a step, for a log"),
    ],
    exits={
        Exit.DONE: "nothing is left to fetch",
        Exit.NOT_ALL_DONE: "some takes are not here yet; each is named with its reason",
        Exit.REFUSED: "refused by the service",
        Exit.OUTPUT: MEANINGS[Exit.OUTPUT],
        Exit.INTERRUPTED: MEANINGS[Exit.INTERRUPTED],
    },
)
@params.output_argument
@params.ledger
@params.progress
@params.grace
def collect(output: Path, ledger: Path | None, mode: str, grace: float) -> int:
    """Fetch every clip of OUTPUT that is paid for and not here yet.

    Tasks that still run are watched to their end; a take in doubt is adopted if its task is
    found. Links die 24 hours after a task began: do not wait longer.
    """
    from r2vbatch import workers
    from r2vbatch.batch import run as running
    from r2vbatch.batch.folder import any_key, held
    from r2vbatch.batch.host import Host
    from r2vbatch.batch.settings import checked_grace
    from r2vbatch.batch.todo import name_what_is
    from r2vbatch.cli.running import unshown
    from r2vbatch.cli.words import collected_lines

    checked_grace(grace)
    key = any_key()
    with held(output, ledger_of(output, ledger)) as (folder, opened):
        name_what_is(opened, folder, "live")
        stream = sys.stdout if mode == "json" else sys.stderr
        tally = Tally((k for k in opened.known("live") if k.wanted), 1)
        shown = progress(cast(Mode, mode), tally, stream)
        try:
            host = Host(shown, workers.Pool, signals=True)
            ending = asyncio.run(running.collect(opened, folder, key, grace, host))
        finally:
            shown.close()
        with suppress(OutputUnavailable):
            for line in collected_lines(opened, folder, ending):
                tell(line, err=mode == "json")
    return _exit_code(ending) or unshown(shown)


def _exit_code(ending: Ending) -> int:
    """The first that applies."""
    if ending.interrupted:
        return Exit.INTERRUPTED
    if ending.refused:
        return Exit.REFUSED
    undone = sum(n for state, n in ending.counts.items() if state is not State.DONE)
    return Exit.NOT_ALL_DONE if undone or ending.left else Exit.DONE
