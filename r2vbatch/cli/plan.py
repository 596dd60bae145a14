"""``plan``: the takes, what would be made, kept or retired and why, seconds and price."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from r2vbatch.api.online import NO_LOOKS, Looks
from r2vbatch.batch.bill import draw_up
from r2vbatch.batch.matching import Matching, match
from r2vbatch.batch.settings import Options, Settings, settle
from r2vbatch.catalogue import Catalogue
from r2vbatch.cli import loading, params
from r2vbatch.cli.price import price_lines, table
from r2vbatch.cli.text import place, say, tell
from r2vbatch.cli.verb import MEANINGS, Verb
from r2vbatch.errors import Exit
from r2vbatch.ledger import Ledger, Purse
from r2vbatch.manifest.model import Manifest
from r2vbatch.planning import Plan, request
from r2vbatch.visible import as_json


@click.command(
    cls=Verb,
    cost="Nothing: nothing is sent or made.",
    examples=[
        ("r2vbatch plan film.yaml", "each take: made, kept or retired, its seconds and price"),
        ("r2vbatch plan film.yaml --endpoint beijing", "the same at another endpoint's prices"),
        ("r2vbatch plan film.yaml --requests --only sh010", "the requests, as they would be sent"),
    ],
    exits={
        Exit.DONE: "there is a plan",
        Exit.USAGE: MEANINGS[Exit.USAGE],
        Exit.MANIFEST: "the manifest has errors",
    },
)
@params.manifest_argument
@params.output
@params.ledger
@params.endpoint
@params.only
@params.first
@params.prices
@params.fit
@params.online
@params.catalogue
@params.stale
@click.option("--requests", is_flag=True,
              help="Print the request of each take instead, one JSON object a line.")  # fmt: skip
def plan(
    manifest: Path,
    output: Path | None,
    ledger: Path | None,
    endpoint: str | None,
    only: tuple[str, ...],
    first: int | None,
    prices: str | None,
    fit: bool,
    online: bool,
    catalogue: Path | None,
    stale: bool,
    requests: bool,
) -> int:
    """Show what `run` would do with MANIFEST and why, and what it would cost."""
    models, reading = loading.models_in(catalogue), loading.read(manifest)
    looks = loading.looked_into(reading) if online else {}
    sound = loading.sound(
        reading, endpoint=endpoint, prices=prices, fit=fit, models=models, looks=looks
    )
    options = Options(output, endpoint, only, first, None, prices, ledger=ledger, stale=stale)
    settings = settle(sound, options)
    drawn, matching, purses = _drawn(sound, settings, prices, models, looks)
    if requests:
        for take in drawn.takes:
            if settings.in_scope(take.shot.id):
                line = {"take": take.id, "request": request(take)}
                say(as_json(line))
        return Exit.DONE
    return _show(drawn, matching, settings, purses)


def show_plan(sound: Manifest, settings: Settings, prices: str | None, models: Catalogue) -> int:
    """What ``run --dry-run`` says."""
    from r2vbatch.batch.consent import refuse_other_currency

    drawn, matching, purses = _drawn(sound, settings, prices, models)
    refuse_other_currency(settings.caps, drawn)
    return _show(drawn, matching, settings, purses)


def _drawn(
    sound: Manifest,
    settings: Settings,
    prices: str | None,
    models: Catalogue,
    looks: Looks = NO_LOOKS,
) -> tuple[Plan, Matching, Sequence[Purse]]:
    """The plan, matched to the ledger if there is one, and the money in it. Nothing is made for
    that."""
    from r2vbatch.batch.retakes import wanted
    from r2vbatch.batch.staleness import matched

    if not settings.ledger.is_file():
        drawn = loading.measured(sound, prices, None, models, looks)
        return drawn, match(drawn.takes, [], settings.in_scope), []
    ledger = Ledger.open(settings.ledger, create=False)
    try:
        drawn = loading.measured(sound, prices, ledger, models, looks)
        drawn = wanted(drawn, ledger.retakes(), settings.kind)
        return drawn, matched(drawn, settings, ledger), ledger.purses()
    finally:
        ledger.close()


def _show(drawn: Plan, matching: Matching, settings: Settings, purses: Sequence[Purse]) -> int:
    bill = draw_up(drawn, matching, settings.in_scope)
    for line in table(bill, free=settings.kind == "preview"):
        say(line)
    say("")
    if drawn.fitted:
        loading.say_fitted(drawn)
        say("")
    for line in price_lines(bill, drawn, settings, purses):
        tell(line)
    say(f"output: {place(settings.output)}")
    return Exit.DONE
