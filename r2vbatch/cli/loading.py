"""A manifest from its file to one without errors, or to all its diagnostics on the screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import click

from r2vbatch import catalogue, diagnostics, manifest
from r2vbatch.api import reading as judge
from r2vbatch.api.online import NO_LOOKS, Looks
from r2vbatch.catalogue import Catalogue, own
from r2vbatch.cli.text import say
from r2vbatch.diagnostics import Diagnostic
from r2vbatch.errors import Exit, ManifestInvalid
from r2vbatch.garbage import keep
from r2vbatch.manifest.model import Manifest, Reading
from r2vbatch.media import FactsCache
from r2vbatch.planning import Plan

Format = Literal["text", "json", "github"]


def sound(
    reading: Reading,
    *,
    endpoint: str | None = None,
    prices: str | None = None,
    fit: bool = False,
    models: Catalogue | None = None,
    looks: Looks = NO_LOOKS,
) -> Manifest:
    """The manifest, with its warnings shown. Raises `ManifestInvalid` after showing everything."""
    drawn, found = judge.judged(
        reading, endpoint=endpoint, prices=prices, fit=fit, models=models, looks=looks
    )
    show(found)
    return judge.sound(drawn, found)


def models_of(read: Callable[[], Catalogue]) -> Catalogue:
    """What `read` reads. Raises `ManifestInvalid` after showing everything."""
    try:
        return read()
    except ManifestInvalid as problem:
        show(problem.diagnostics)
        raise


def models_in(file: Path | None) -> Catalogue:
    """The models that ship, and those of the file of `--catalogue`. Raises as `models_of`."""
    return models_of(lambda: own.read(file)) if file else catalogue.load()


def looked_into(*readings: Reading) -> Looks:
    """What is at the links of their shots: one look at each, however many manifests give it."""
    import asyncio

    from r2vbatch.links import look_into
    from r2vbatch.planning import linked

    read = [reading.manifest for reading in readings if reading.manifest]
    return asyncio.run(look_into(each.url or "" for one in read for each in linked(one)))


def measured(
    manifest: Manifest,
    prices: str | None,
    cache: FactsCache | None,
    models: Catalogue,
    looks: Looks = NO_LOOKS,
) -> Plan:
    """The plan of a sound manifest, its local references measured. Raises `ManifestInvalid`, after
    showing everything, where they have changed for the worse since it was read."""
    try:
        return judge.measured(manifest, prices, cache, models, looks)
    except ManifestInvalid as problem:
        show(problem.diagnostics)
        raise


def say_fitted(drawn: Plan) -> None:
    """Print of which references a copy is given, and what is done for it."""
    for line in drawn.fitted:
        say(f"fit: {line}")


def show(found: Sequence[Diagnostic], format: Format = "text") -> None:
    """Print diagnostics: text for people to stderr, the other forms to stdout."""
    if format == "text":
        if found:
            click.echo(diagnostics.as_text(found), err=True)  # harmless by itself, as all three are
    elif format == "json":
        click.echo(diagnostics.as_json(found))
    elif found:
        click.echo(diagnostics.as_github(found))


def read(file: Path) -> Reading:
    """Read a manifest file, shown in messages as it was given."""
    reading = manifest.load(file, str(file))
    keep()
    return reading


def verdict(found: Sequence[Diagnostic], *, strict: bool) -> int:
    """The exit code that diagnostics come to."""
    bad = any(d.severity == "error" for d in found) or (strict and found)
    return Exit.MANIFEST if bad else Exit.DONE
