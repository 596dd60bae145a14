"""``plan``: the takes, what would be made, kept or retired and why, seconds and price."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import click

from r2vbatch.batch.bill import Bill, draw_up, shown
from r2vbatch.batch.matching import Matching, match
from r2vbatch.batch.settings import Options, Settings, settle
from r2vbatch.catalogue import Catalogue
from r2vbatch.cli import loading, params
from r2vbatch.cli.text import counted, say
from r2vbatch.cli.verb import MEANINGS, Verb
from r2vbatch.errors import Exit
from r2vbatch.ledger import Ledger, Purse
from r2vbatch.manifest.model import Manifest, Money
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
@params.catalogue
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
    catalogue: Path | None,
    requests: bool,
) -> int:
    """Show what `run` would do with MANIFEST and why, and what it would cost."""
    models = loading.models_in(catalogue)
    sound = loading.sound(
        loading.read(manifest), endpoint=endpoint, prices=prices, fit=fit, models=models
    )
    settings = settle(sound, Options(output, endpoint, only, first, None, prices, ledger=ledger))
    drawn, matching = _drawn(sound, settings, prices, models)
    if requests:
        for take in drawn.takes:
            if settings.in_scope(take.shot.id):
                line = {"take": take.id, "request": request(take)}
                say(as_json(line))
        return Exit.DONE
    return _show(drawn, matching, settings)


def show_plan(sound: Manifest, settings: Settings, prices: str | None, models: Catalogue) -> int:
    """What ``run --dry-run`` says."""
    from r2vbatch.batch.consent import refuse_other_currency

    drawn, matching = _drawn(sound, settings, prices, models)
    refuse_other_currency(settings.caps, drawn)
    return _show(drawn, matching, settings)


def _drawn(
    sound: Manifest, settings: Settings, prices: str | None, models: Catalogue
) -> tuple[Plan, Matching]:
    """The plan, matched to the ledger if there is one. Nothing is made for that."""
    from r2vbatch.batch.job import matched
    from r2vbatch.batch.retakes import wanted

    if not settings.ledger.is_file():
        drawn = loading.measured(sound, prices, None, models)
        return drawn, match(drawn.takes, [], settings.in_scope)
    ledger = Ledger.open(settings.ledger, create=False)
    try:
        drawn = loading.measured(sound, prices, ledger, models)
        drawn = wanted(drawn, ledger.retakes(), settings.kind)
        return drawn, matched(drawn, settings, ledger)
    finally:
        ledger.close()


def _show(drawn: Plan, matching: Matching, settings: Settings) -> int:
    bill = draw_up(drawn, matching, settings.in_scope)
    for line in _table(bill):
        say(line)
    if drawn.fitted:
        say("")
        loading.say_fitted(drawn)
    for line in (*_totals(bill, drawn, settings), *_held(bill, drawn, settings)):
        say(line)
    return Exit.DONE


def _table(bill: Bill) -> Iterator[str]:
    width = max((len(item.take.id) for item in bill.items), default=4)
    yield f"{'TAKE':{width}}  {'':10}  {'SECONDS':>7}  {'PRICE':>10}  WHY"
    for item in bill.items:
        estimate = item.take.estimate
        about = "" if estimate.exact else "at most "
        seconds = f"{estimate.seconds.normalize():f}"
        price = shown(estimate.cost) if estimate.cost else "unknown"
        yield f"{item.take.id:{width}}  {item.act:10}  {seconds:>7}  {price:>10}  {about}{item.why}"
    for known in bill.retired:
        yield f"{known.take:{width}}  {'retire':10}  {'':>7}  {'':>10}  no longer wanted"


def _totals(bill: Bill, drawn: Plan, settings: Settings) -> Iterator[str]:
    making = len(bill.to_make)
    where = settings.endpoint.name
    free = where == "preview"
    yield ""
    yield (
        f"{making} of {counted(len(bill.items), 'take')} to make at {where}:"
        f" {bill.seconds.normalize():f} billed seconds"
    )
    cost = shown(bill.cost) if bill.to_make else "nothing"
    live = f"free as a preview; all of it live at {drawn.prices}: {shown(bill.whole)}"
    said = live if free else cost
    yield f"price: {said} (prices of {drawn.prices}, read {drawn.prices_read})"
    yield f"output: {settings.output}"


def _held(bill: Bill, drawn: Plan, settings: Settings) -> Iterator[str]:
    """What the caps would not let through."""
    from r2vbatch.take.budget import Budget

    purse = _purse(settings, drawn.currency)
    budget = Budget(settings.caps, purse and purse.spent, purse and purse.set_aside)
    prices = [item.take.estimate.cost for item in bill.to_make]
    refused = [price for price in prices if not budget.reserve(price)]
    if refused:
        yield (
            f"warning: {counted(len(refused), 'take')} would be held, the first of them"
            f" {budget.refusal(refused[0])}"
        )


def _purse(settings: Settings, currency: str | None) -> Purse | None:
    """What is spent or set aside in the output folder so far."""
    if currency is None:
        return None
    if not settings.ledger.is_file():
        return Purse(Money(Decimal(0), currency), Money(Decimal(0), currency))
    ledger = Ledger.open(settings.ledger, create=False)
    try:
        return ledger.purse(currency)
    finally:
        ledger.close()
