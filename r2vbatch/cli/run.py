"""``run``: check, plan, confirm the price, make what is not made yet, deliver the film."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from r2vbatch.cli import loading, params
from r2vbatch.cli.ondone import OnDone, told
from r2vbatch.cli.running import COST, Chosen, carry_out, run_options
from r2vbatch.cli.verb import MEANINGS, Verb


@click.command(
    cls=Verb,
    cost=COST,
    examples=[
        ("r2vbatch run film.yaml", "the preview: every take as a slate, without a key"),
        (
            "r2vbatch run film.yaml --only sh010 --endpoint singapore",
            "the first live clip, after a yes to its price",
        ),
        (
            'r2vbatch run film.yaml --endpoint singapore --max-cost "6.00 USD"',
            "all of it, unattended: agreed to up to that sum",
        ),
    ],
    exits=MEANINGS,
)
@params.manifest_argument
@params.output
@params.ledger
@run_options
def run(manifest: Path, output: Path | None, ledger: Path | None, **chosen: Any) -> int:
    """Make every take of MANIFEST that is not made yet, and the film of them.

    The default endpoint is the preview, which needs no key. Run it again at any time: what is
    done is kept, what was interrupted goes on, what was edited is made anew.
    """
    choice = Chosen(**chosen)

    def act(on_done: OnDone) -> int:
        reading = loading.read(manifest)
        models = loading.models_in(choice.catalogue)
        sound = loading.sound(
            reading, endpoint=choice.endpoint, prices=choice.prices, fit=choice.fit, models=models
        )
        return carry_out(sound, models, choice.options(output, ledger), choice, on_done)

    return told(choice.on_done, act)
