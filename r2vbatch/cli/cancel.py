"""``cancel``: take back what is still queued at the service."""

from __future__ import annotations

import asyncio
from fnmatch import fnmatchcase
from pathlib import Path

import click

from r2vbatch.cli import completing, params
from r2vbatch.cli.folders import ledger_of
from r2vbatch.cli.text import say
from r2vbatch.cli.verb import Verb
from r2vbatch.errors import Exit, OutputUnavailable, UsageProblem
from r2vbatch.ledger import OPEN, Ledger, TakeRow


@click.command(
    cls=Verb,
    cost="Nothing. A canceled take is not billed; one that is being made cannot be stopped, and"
    " is billed.",
    examples=[
        ("r2vbatch cancel out/day-off", "take back everything that is still queued"),
        ("r2vbatch cancel out/day-off 'sh040_*'", "only the takes of one shot"),
    ],
    exits={
        Exit.DONE: "all of them were canceled, or nothing is at the service",
        Exit.NOT_ALL_DONE: "some could not be: each is named with its reason",
        Exit.OUTPUT: "the ledger cannot be used",
    },
)
@params.output_argument
@click.argument("takes", nargs=-1, shell_complete=completing.queued_takes)
@params.ledger
def cancel(output: Path, takes: tuple[str, ...], ledger: Path | None) -> int:
    """Cancel the TAKES of OUTPUT that are still queued at the service.

    TAKES are ids or globs; without any, all of them. To stop a run itself, press Ctrl-C where it
    runs.
    """
    from r2vbatch.batch.canceling import cancel as cancel_rows
    from r2vbatch.batch.folder import any_key, held

    place, key = ledger_of(output, ledger), any_key()
    try:
        with held(output, place) as (_, opened):
            rows = _chosen(opened, takes)
            results = asyncio.run(cancel_rows(opened, rows, key, ours=True))
    except OutputUnavailable as problem:
        if "in use by another run" not in problem.message:
            raise
        opened = Ledger.open(place, create=False)  # that run will notice by itself
        try:
            results = asyncio.run(cancel_rows(opened, _chosen(opened, takes), key, ours=False))
        finally:
            opened.close()
    for result in results:
        say(f"{result.row.take}: {'canceled, not billed' if result.done else result.why}")
    if not results:
        say("nothing is at the service")
    return Exit.DONE if all(result.done for result in results) else Exit.NOT_ALL_DONE


def _chosen(ledger: Ledger, globs: tuple[str, ...]) -> list[TakeRow]:
    rows = ledger.in_states("live", OPEN)
    for glob in globs:
        if not any(fnmatchcase(row.take, glob) for row in rows):
            raise UsageProblem(
                f"no take {glob!r} is at the service", hint="`r2vbatch status` says where they are"
            )
    return [row for row in rows if not globs or any(fnmatchcase(row.take, g) for g in globs)]
