"""``retake``: ask for another take of a shot."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import click

from r2vbatch.batch.bill import shown
from r2vbatch.cli import completing, params
from r2vbatch.cli.asking import terms
from r2vbatch.cli.folders import ledger_of
from r2vbatch.cli.shown import shots_to_retake
from r2vbatch.cli.text import command, say, tell
from r2vbatch.cli.verb import Verb
from r2vbatch.errors import Exit, UsageProblem
from r2vbatch.ledger import Ledger, TakeRow
from r2vbatch.manifest.model import Money
from r2vbatch.planning import take_id


@click.command(
    cls=Verb,
    cost="Of a slate, nothing. Of a clip, what the shot costs: the price is said and asked about"
    " first, and spent by a run: one that goes on already, or the next, which asks again.",
    examples=[
        ("r2vbatch retake out/day-off sh010", "one more take of one shot"),
        ("r2vbatch retake out/day-off 'sh04*' --takes 2", "two more of each of several shots"),
        ("r2vbatch retake out/day-off sh010 --not", "not after all, as far as it is not begun"),
    ],
    exits={
        Exit.DONE: "it is asked for",
        Exit.USAGE: "there is no such shot, or nobody agreed to the price; nothing was asked for",
        Exit.OUTPUT: "the ledger cannot be used",
    },
)
@params.output_argument
@click.argument("shots", nargs=-1, required=True, metavar="SHOT...",
                shell_complete=completing.shots)  # fmt: skip
@click.option("--takes", type=click.IntRange(1, 100), default=1, show_default=True, metavar="N",
              help="How many more of each shot.")  # fmt: skip
@click.option("--yes", "-y", is_flag=True, help="Agree to the price.")
@click.option("--not", "back", is_flag=True, help="Take back what was asked for and not begun.")
@params.ledger
def retake(
    output: Path, shots: tuple[str, ...], takes: int, yes: bool, back: bool, ledger: Path | None
) -> int:
    """Ask for another take of each SHOT (an id or a glob) of OUTPUT.

    Of a shot that has a clip, another clip; of one that has only a slate, another slate. A run
    that goes on takes it up; else the next one does. The takes that are there stay. What is asked
    for holds until the shot is edited.
    """
    with closing(Ledger.open(ledger_of(output, ledger), create=False)) as opened:
        rows = shots_to_retake(opened, shots)
        if back:
            return _take_back(opened, rows)
        live = [row for row in rows if row.kind == "live"]
        if live:
            _agree(live, takes, yes=yes)
        for row in rows:
            for asked in opened.ask_again(row.shot, row.kind, takes, agreed=_price(row)):
                say(f"{take_id(row.shot, asked.number)}: asked for")
    say("a run that goes on makes them; if none does:")
    where = ["--ledger", str(ledger)] if ledger else []
    say(f"  {command('resume', output, *where)}")
    return Exit.DONE


def _take_back(ledger: Ledger, rows: Sequence[TakeRow]) -> int:
    taken = [retake for row in rows for retake in ledger.take_back(row.shot, row.kind)]
    for retake in taken:
        say(f"{take_id(retake.shot, retake.number)}: not asked for any more")
    if not taken:
        say("nothing is asked for that was not begun")
    return Exit.DONE


def _price(row: TakeRow) -> Money | None:
    return row.price if row.kind == "live" else None


def _agree(rows: Sequence[TakeRow], takes: int, *, yes: bool) -> None:
    """Say the price; raise `UsageProblem` where nobody is there to agree to it."""
    price = shown(_total(rows, takes))
    number = len(rows) * takes
    more = f"{number} more clip{'' if number == 1 else 's'}"
    tell(f"{more} of {', '.join(row.shot for row in rows)}: up to {price}", err=True)
    if yes:
        return
    agreed = terms(yes=False, capped=False)
    if agreed.ask is None:
        raise UsageProblem(f"this would spend up to {price}", hint="agree with --yes")
    agreed.ask(f"Spend up to {price}?")


def _total(rows: Sequence[TakeRow], takes: int) -> Money | None:
    prices = [row.price for row in rows]
    known = [price for price in prices if price]
    if len(known) < len(prices) or len({price.currency for price in known}) != 1:
        return None
    return Money(sum((p.amount for p in known), Decimal(0)) * takes, known[0].currency)
