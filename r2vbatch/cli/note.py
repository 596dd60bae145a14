"""``note``: write something about a take, for yourself and for who cuts the film."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import click

from r2vbatch.cli import completing, params
from r2vbatch.cli.folders import ledger_of
from r2vbatch.cli.shown import done_take
from r2vbatch.cli.text import say
from r2vbatch.cli.verb import Verb
from r2vbatch.errors import Exit, UsageProblem
from r2vbatch.ledger import Ledger, Note
from r2vbatch.ledger.board import LONGEST_CLIP


@click.command(
    cls=Verb,
    cost="Nothing.",
    examples=[
        ('r2vbatch note out/day-off sh010_t01 "the cat looks away"', "about the whole take"),
        ('r2vbatch note out/day-off sh010_t01 "hands" --at 2.5', "about a moment of it"),
        ("r2vbatch note out/day-off sh010_t01", "all notes about it, with their numbers"),
    ],
)
@params.output_argument
@click.argument("take", shell_complete=completing.done_takes)
@click.argument("text", required=False)
@click.option("--at", type=click.FloatRange(0.0, LONGEST_CLIP), metavar="SECONDS",
              help="How far into the clip.")  # fmt: skip
@click.option("--remove", type=int, metavar="NUMBER", help="Take a note away.")
@params.ledger
def note(
    output: Path, take: str, text: str | None, at: float | None, remove: int | None,
    ledger: Path | None,
) -> int:  # fmt: skip
    """Write TEXT about TAKE of OUTPUT; without TEXT, show what was written."""
    with closing(Ledger.open(ledger_of(output, ledger), create=False)) as opened:
        row = done_take(opened, take)
        key, length = row.key, row.parameters.get("duration")
        if at is not None and length is not None and at > length:
            raise UsageProblem(f"{take} is {length} s long", hint="`--at` is a moment of it")
        if text and text.strip():
            opened.add_note(key, text, at)
        elif text is not None:
            raise UsageProblem("the note is empty", hint="write something, or leave it out")
        notes = [each for each in opened.notes() if each.key == key]
        if remove is not None:
            if remove not in {each.id for each in notes}:
                raise UsageProblem(
                    f"{take} has no note {remove}", hint=f"`r2vbatch note {output} {take}` has them"
                )
            opened.remove_note(remove)
    for each in notes:
        if each.id != remove:
            say(f"{each.id}: {_said(each)}")
    return Exit.DONE


def _said(note: Note) -> str:
    return note.text if note.seconds is None else f"{note.text} (at {note.seconds:g} s)"
