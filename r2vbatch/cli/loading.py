"""A manifest from its file to a plan without errors, or to all its diagnostics on the screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import click

from r2vbatch import catalogue, diagnostics, manifest
from r2vbatch.diagnostics import Diagnostic
from r2vbatch.errors import Exit, ManifestInvalid
from r2vbatch.manifest.model import Manifest, Reading
from r2vbatch.media import FactsCache, facts_of
from r2vbatch.planning import Plan, local_files, plan
from r2vbatch.planning.model import Facts

Format = Literal["text", "json", "github"]


def planned(
    reading: Reading, facts: Facts, *, endpoint: str | None = None, prices: str | None = None
) -> tuple[Plan | None, list[Diagnostic]]:
    """The plan of what was read, with the diagnostics of both; None if nothing was understood.

    `endpoint`, from the command line, stands in place of the manifest's own.
    """
    if reading.manifest is None:
        return None, reading.diagnostics
    meant = reading.manifest
    if endpoint:
        meant = replace(meant, endpoint=endpoint)
    drawn = plan(meant, facts, catalogue.load(), prices=prices)
    return drawn, [*reading.diagnostics, *drawn.diagnostics]


def sound(reading: Reading, *, endpoint: str | None = None, prices: str | None = None) -> Manifest:
    """The manifest, with its warnings shown. Raises `ManifestInvalid` after showing everything.

    No reference is opened for this.
    """
    drawn, found = planned(reading, {}, endpoint=endpoint, prices=prices)
    show(found)
    if drawn is None or any(d.severity == "error" for d in found):
        raise ManifestInvalid(found)
    return drawn.manifest


def measured(manifest: Manifest, prices: str | None, cache: FactsCache | None) -> Plan:
    """The plan of a sound manifest with its local references measured, as far as `cache` does
    not remember them."""
    facts = facts_of(local_files(manifest), cache)
    return plan(manifest, facts, catalogue.load(), prices=prices)


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
    return manifest.load(file, str(file))


def verdict(found: Sequence[Diagnostic], *, strict: bool) -> int:
    """The exit code that diagnostics come to."""
    bad = any(d.severity == "error" for d in found) or (strict and found)
    return Exit.MANIFEST if bad else Exit.DONE
