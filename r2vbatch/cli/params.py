"""The arguments and options that several verbs share, in the same words everywhere."""

from __future__ import annotations

from pathlib import Path

import click

from r2vbatch.cli import completing

_PATH = click.Path(path_type=Path)

manifest_argument = click.argument("manifest", type=_PATH, shell_complete=completing.manifests)
output_argument = click.argument("output", type=_PATH, shell_complete=completing.output_folders)

output = click.option(
    "-o", "--output", type=_PATH, metavar="DIR", shell_complete=completing.folders,
    help="Output folder; wins over the manifest.",
)  # fmt: skip
ledger = click.option(
    "--ledger", type=_PATH, metavar="PATH",
    help="Where the ledger lies, if not in the output folder.",
)  # fmt: skip
endpoint = click.option(
    "--endpoint", metavar="NAME|URL", shell_complete=completing.endpoints,
    help="preview, singapore, beijing, virginia, frankfurt or a base URL; wins over the manifest.",
)  # fmt: skip
only = click.option(
    "--only", metavar="GLOB", multiple=True, shell_complete=completing.shots,
    help="Only these shots, by id; may be repeated.",
)  # fmt: skip
first = click.option("--first", type=click.IntRange(1), metavar="N", help="Only the first N shots.")
prices = click.option(
    "--prices", metavar="REGION", shell_complete=completing.regions,
    help="The price table for a preview or a URL endpoint.  [singapore]",
)  # fmt: skip
fit = click.option(
    "--fit", is_flag=True,
    help="Give a conforming copy of each local reference that needs one (`fit: true`, for all).",
)  # fmt: skip
online = click.option(
    "--online", is_flag=True,
    help="Look into links, too: of each, as much is asked for as tells what it is. Sends no key.",
)  # fmt: skip
catalogue = click.option(
    "--catalogue", type=_PATH, metavar="FILE",
    help="Prices, limits and models of your own, laid over those of `r2vbatch models`.",
)  # fmt: skip
stale = click.option(
    "--stale", is_flag=True,
    help="Make again, too, what continues another take than it would now: one was circled since,"
    " or made anew.",
)  # fmt: skip
progress = click.option(
    "--progress", "mode", default="auto", show_default=True,
    type=click.Choice(["auto", "bar", "plain", "json", "none"]),
    help="How progress is shown, on stderr (json: on stdout).",
)  # fmt: skip
grace = click.option(
    "--grace", type=click.FloatRange(0.0, min_open=True), default=300.0, show_default=True,
    metavar="SECONDS", help="How long the service may take to list a task after its submit.",
)  # fmt: skip
