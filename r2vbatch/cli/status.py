"""``status``: where a batch stands, also while it runs. Reads the ledger, and which clips lie in
the folder; never what is in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click

from r2vbatch.cli import params
from r2vbatch.cli.choices import Choices
from r2vbatch.cli.folders import ledger_of
from r2vbatch.cli.text import say, tell
from r2vbatch.cli.verb import Verb
from r2vbatch.errors import Exit
from r2vbatch.ledger import Kind, Ledger, State, TakeRow
from r2vbatch.ledger.flags import flagged
from r2vbatch.ledger.results import iso, result
from r2vbatch.progress.words import money
from r2vbatch.storage import Folder
from r2vbatch.visible import as_json as to_json

_KINDS: tuple[Kind, Kind] = ("live", "preview")
_AGAIN: Mapping[Kind, str] = {
    "live": "the next run fetches it while its link lives",
    "preview": "the next run draws it again",
}


@click.command(
    cls=Verb,
    cost="Nothing, and it touches no network: it reads the ledger, also while a batch runs.",
    examples=[
        ("r2vbatch status out/day-off", "how many takes are done, and why others are not"),
        ("r2vbatch status out/day-off --json", "every take with its state and price, for a tool"),
    ],
)
@params.output_argument
@params.ledger
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for machines.")
def status(output: Path, ledger: Path | None, as_json: bool) -> int:
    """Say where the batch in OUTPUT stands.

    Counts by state, the reason of every take that is not done, and the money so far.
    """
    opened = Ledger.open(ledger_of(output, ledger), create=False)
    try:
        rows = {kind: opened.wanted(kind) for kind in _KINDS}
        manifest = opened.meta(f"{opened.meta('kind')} manifest_file")
        why = {key: stale for kind in _KINDS for key, stale in opened.stale(kind).items()}
        board, waiting = opened.storyboard(), opened.waiting_retakes()
        choices = Choices(board, opened.notes(), waiting, why)
        purses, reasons = opened.purses(), opened.reasons()
        gone = _gone(opened, output, rows)
    finally:
        opened.close()
    if as_json:
        found = {
            "manifest": manifest,
            "output": str(output),
            "spent": {p.spent.currency: float(p.spent.amount) for p in purses},
            "set_aside": {p.set_aside.currency: float(p.set_aside.amount) for p in purses},
            "counts": {kind: _counts(rows[kind]) for kind in _KINDS},
            "gone": [take for kind in _KINDS for take in gone[kind]],
            "takes": [result(row) for kind in _KINDS for row in rows[kind]],
            **choices.as_dict(),
        }
        say(to_json(found))
        return Exit.DONE
    say(f"{manifest}")
    for kind in _KINDS:
        for line in _lines(kind, rows[kind], reasons):
            tell(line)
        for take in gone[kind]:
            tell(f"  {take} done, but its file has gone: {_AGAIN[kind]}")
    for line in choices.lines():
        tell(line)
    for purse in purses:
        say(f"money in this folder: {money(purse)}")
    return Exit.DONE


def _gone(
    ledger: Ledger, output: Path, rows: Mapping[Kind, Sequence[TakeRow]]
) -> dict[Kind, list[str]]:
    """Takes whose file has gone. The ledger is read again after the folder, and what is being moved
    left out: a run may be at work on both."""
    films = Folder(output).films()
    moving = {move.key for move in ledger.moves()}
    found: dict[Kind, list[str]] = {}
    for kind in _KINDS:
        away = ledger.gone(kind, films) - moving
        done = (row for row in rows[kind] if row.state is State.DONE)
        found[kind] = [row.take for row in done if row.key in away]
    return found


def _counts(rows: Sequence[TakeRow]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.state] = counts.get(row.state, 0) + 1
    return counts


def _lines(kind: Kind, rows: Sequence[TakeRow], reasons: Mapping[int, str]) -> Iterator[str]:
    if not rows:
        return
    done = sum(row.state is State.DONE for row in rows)
    counts = ", ".join(
        f"{number} {state.replace('_', ' ')}"
        for state, number in sorted(_counts(rows).items())
        if state != State.DONE
    )
    yield f"{kind}: {done} of {len(rows)} done{f' ({counts})' if counts else ''}"
    for row in rows:
        if row.state is not State.DONE:
            since = iso(_since(row))
            when = f" since {since}" if since else ""
            told = "" if row.state is State.PLANNED else reasons.get(row.key) or row.error_message
            why = f": {told}" if told else ""
            yield f"  {row.take} {str(row.state).replace('_', ' ')}{when}{why}"
        elif row.flags:
            yield f"  {row.take} done, but look at it: {flagged(row.flags)}"


def _since(row: TakeRow) -> float | None:
    """When a take came to its state, where that is known."""
    match row.state:
        case State.SUBMITTING | State.IN_DOUBT:
            return row.intent_at
        case State.SUBMITTED:
            return row.submitted_at
        case State.RUNNING:
            return row.started_at or row.submitted_at
        case State.GENERATED | State.FETCHED | State.FAILED | State.CANCELED:
            return row.ended_at
        case _:
            return None
