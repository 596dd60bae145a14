"""``cancel``: take back what is still queued at the service."""

from __future__ import annotations

import asyncio
from fnmatch import fnmatchcase
from pathlib import Path

import click

from r2vbatch.cli.folders import ledger_of
from r2vbatch.cli.text import say
from r2vbatch.errors import Exit, OutputUnavailable, UsageProblem
from r2vbatch.ledger import AT_SERVICE, Ledger, TakeRow


@click.command()
@click.argument("output", type=click.Path(path_type=Path))
@click.argument("takes", nargs=-1)
@click.option("--ledger", type=click.Path(path_type=Path), metavar="PATH",
              help="Where the ledger lies, if not in OUTPUT.")  # fmt: skip
def cancel(output: Path, takes: tuple[str, ...], ledger: Path | None) -> int:
    """Cancel the TAKES of OUTPUT (ids or globs; all of them if none is given) that are still
    queued at the service.

    A task that is being made cannot be stopped and is billed. To stop a run itself, press Ctrl-C
    where it runs.
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
    rows = ledger.in_states("live", AT_SERVICE)
    for glob in globs:
        if not any(fnmatchcase(row.take, glob) for row in rows):
            raise UsageProblem(
                f"no take {glob!r} is at the service", hint="`r2vbatch status` says where they are"
            )
    return [row for row in rows if not globs or any(fnmatchcase(row.take, g) for g in globs)]
