"""``circle``: say which take of a shot is the good one."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import click

from r2vbatch.cli import completing, params
from r2vbatch.cli.folders import ledger_of
from r2vbatch.cli.shown import done_take
from r2vbatch.cli.text import say
from r2vbatch.cli.verb import Verb
from r2vbatch.errors import Exit
from r2vbatch.ledger import Ledger


@click.command(
    cls=Verb,
    cost="Nothing. Shots that continue the circled take are made again only when you ask:"
    " `r2vbatch run --stale`.",
    examples=[
        ("r2vbatch circle out/day-off sh010_t01", "that one is the good one of its shot"),
        ("r2vbatch circle out/day-off sh010_t01 --not", "not after all: the newest is, again"),
    ],
)
@params.output_argument
@click.argument("take", shell_complete=completing.done_takes)
@click.option("--not", "back", is_flag=True, help="Take the circle back.")
@params.ledger
def circle(output: Path, take: str, back: bool, ledger: Path | None) -> int:
    """Circle TAKE: it is the good one of its shot, in the film and for shots that continue it.

    Where no take is circled, it is the newest that is done. At any time, also while a batch runs.
    """
    with closing(Ledger.open(ledger_of(output, ledger), create=False)) as opened:
        row = done_take(opened, take)
        if back:
            opened.uncircle(row.key)
        else:
            opened.circle(row.key)
        shot = next(shot for shot in opened.storyboard() if shot.id == row.shot)
    if shot.circled:
        newest = "" if shot.by_person else " (the newest)"
        say(f"{shot.id}: {shot.circled.take} is the good one{newest}")
    return Exit.DONE
