"""``resume``: go on with a batch from its output folder alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import click

from r2vbatch.batch.settings import Options
from r2vbatch.catalogue import Catalogue, own
from r2vbatch.cli import loading, params
from r2vbatch.cli.folders import ledger_of
from r2vbatch.cli.ondone import OnDone, told
from r2vbatch.cli.running import COST, Chosen, carry_out, run_options
from r2vbatch.cli.text import tell
from r2vbatch.cli.verb import MEANINGS, Verb
from r2vbatch.errors import OutputUnavailable
from r2vbatch.ledger import Ledger
from r2vbatch.manifest import load_text
from r2vbatch.manifest.changes import changed_files
from r2vbatch.manifest.model import Manifest


@click.command(
    cls=Verb,
    cost=COST,
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

    The manifest is the one the ledger remembers, and so are the table of its shots and the
    catalogue it was run with, if there are any; references are looked for where it lay.
    """
    choice = Chosen(**chosen)
    return told(choice.on_done, lambda on_done: _go_on(output, ledger, choice, on_done))


def _go_on(output: Path, ledger: Path | None, choice: Chosen, on_done: OnDone) -> int:
    batch = _remembered(ledger_of(output, ledger))
    file = batch["manifest_file"]
    table = batch["table_text"] or None
    reading = load_text(batch["manifest_text"], Path(file), file, table=table)
    endpoint, prices = choice.endpoint or batch["endpoint"], choice.prices or batch["prices"]
    fit = choice.fit or bool(batch["fit"])
    models = _models(choice.catalogue, batch)
    sound = loading.sound(reading, endpoint=endpoint, prices=prices, fit=fit, models=models)
    _say_if_changed(sound)
    options = replace(choice.options(output, ledger), prices=prices)
    if not options.only and options.first is None:
        options = _same_scope(options, batch["scope"])
    return carry_out(sound, models, options, choice, on_done)


def _models(given: Path | None, batch: Mapping[str, str]) -> Catalogue:
    """The models of `--catalogue`, else of the catalogue that the batch was run with."""
    if given or not batch["catalogue_text"]:
        return loading.models_in(given)
    return loading.models_of(lambda: own.of_text(batch["catalogue_text"], batch["catalogue_file"]))


def _same_scope(options: Options, scope: str) -> Options:
    """The scope of the run that is resumed: it was that much which was asked for."""
    only, first = json.loads(scope)
    if only or first:
        words = [f"--only {glob}" for glob in only] + ([f"--first {first}"] if first else [])
        tell(f"note: goes on with {' '.join(words)}, as it was begun; --only '*' is all", err=True)
    return replace(options, only=tuple(only), first=first)


def _remembered(ledger: Path) -> dict[str, str]:
    """What the ledger says of the batch's manifest and endpoint."""
    opened = Ledger.open(ledger, create=False)
    try:
        names = ("manifest_text", "manifest_file", "endpoint", "prices", "scope")
        asked = any(retake.kind == "live" for retake in opened.waiting_retakes())
        kind = "live" if asked or opened.unfinished("live") else opened.meta("kind")
        batch = {name: opened.meta(f"{kind} {name}") for name in names}
        for name in ("fit", "table_text", "catalogue_text", "catalogue_file"):
            batch[name] = opened.meta(f"{kind} {name}") or ""
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
        begun = f"the {what} this batch was started with"
        if file.exists():
            told = f"{file} differs from {begun}, which is the one used here; `r2vbatch run` takes"
            told += " the file as it is now"
        else:
            told = f"{file} is gone; {begun} is used, as kept in the ledger"
        tell(f"note: {told}", err=True)
