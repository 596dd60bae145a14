"""``check``: every problem of a manifest, and nothing else. Touches no network."""

from __future__ import annotations

from pathlib import Path

import click

from r2vbatch.cli import loading
from r2vbatch.cli.text import counted, say


@click.command()
@click.argument("manifests", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--format", "format_", default="text", show_default=True,
              type=click.Choice(["text", "json", "github"]),
              help="json and github are for machines, on stdout.")  # fmt: skip
@click.option("--strict", is_flag=True, help="Warnings count as errors.")
@click.option("--endpoint", metavar="NAME|URL", help="Check for this endpoint instead.")
@click.option("--prices", metavar="REGION", help="The price table to check a budget against.")
def check(
    manifests: tuple[Path, ...],
    format_: loading.Format,
    strict: bool,
    endpoint: str | None,
    prices: str | None,
) -> int:
    """Say everything that is wrong with MANIFESTS, each on its line.

    Nothing is sent, made or spent.
    """
    found = []
    for file in manifests:
        plan, problems = loading.planned(loading.read(file), {}, endpoint=endpoint, prices=prices)
        found += problems
        if format_ == "text" and plan and not problems:
            shots = counted(len(plan.manifest.shots), "shot")
            say(f"{file}: {shots}, {counted(len(plan.takes), 'take')}, no problems")
    loading.show(found, format_)
    return loading.verdict(found, strict=strict)
