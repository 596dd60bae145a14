"""``check``: every problem of a manifest, and nothing else. Touches no network unless asked to."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from r2vbatch.api.online import NO_LOOKS
from r2vbatch.api.reading import judged
from r2vbatch.cli import completing, loading, params
from r2vbatch.cli.text import counted, say
from r2vbatch.cli.verb import Verb
from r2vbatch.errors import Exit
from r2vbatch.manifest.model import Reading


@click.command(
    cls=Verb,
    cost="Nothing: nothing is sent or made.",
    examples=[
        ("r2vbatch check film.yaml", "every problem, on its line, with what to do"),
        ("r2vbatch check --strict --format github episodes/*.yaml", "as a step of CI"),
        ("r2vbatch check film.yaml --online", "are the links alive, and what the model takes?"),
    ],
    exits={
        Exit.DONE: "no errors",
        Exit.MANIFEST: "errors; with --strict, warnings too",
    },
)
@click.argument("manifests", nargs=-1, required=True, type=click.Path(path_type=Path),
                shell_complete=completing.manifests)  # fmt: skip
@click.option("--format", "format_", default="text", show_default=True,
              type=click.Choice(["text", "json", "github"]),
              help="json and github are for machines, on stdout.")  # fmt: skip
@click.option("--strict", is_flag=True, help="Warnings count as errors.")
@params.endpoint
@params.prices
@params.fit
@params.online
@params.catalogue
def check(
    manifests: tuple[Path, ...],
    format_: loading.Format,
    strict: bool,
    endpoint: str | None,
    prices: str | None,
    fit: bool,
    online: bool,
    catalogue: Path | None,
) -> int:
    """Say everything that is wrong with MANIFESTS, each problem on its line."""
    found, models = [], loading.models_in(catalogue)
    readings: Iterable[Reading] = map(loading.read, manifests)
    looks = NO_LOOKS
    if online:
        readings = list(readings)
        looks = loading.looked_into(*readings)
    for file, reading in zip(manifests, readings, strict=True):
        plan, problems = judged(
            reading, endpoint=endpoint, prices=prices, fit=fit, models=models, looks=looks
        )
        found += problems
        if format_ == "text" and plan:
            loading.say_fitted(plan)
        if format_ == "text" and plan and not problems:
            shots = counted(len(plan.manifest.shots), "shot")
            say(f"{file}: {shots}, {counted(len(plan.takes), 'take')}, no problems")
    if format_ == "text" and online:
        say(f"{counted(len(looks), 'link')} looked into")
    loading.show(found, format_)
    return loading.verdict(found, strict=strict)
