"""From a manifest file to its plan, or to everything that is wrong with it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from r2vbatch import catalogue as catalogues
from r2vbatch import manifest as manifests
from r2vbatch import planning
from r2vbatch.api import arguments
from r2vbatch.api.online import NO_LOOKS, Looks, about, facts_in
from r2vbatch.api.wording import for_python
from r2vbatch.catalogue import Catalogue, own
from r2vbatch.dashscope.regions import find_endpoint
from r2vbatch.diagnostics import Diagnostic, in_order
from r2vbatch.errors import ManifestInvalid
from r2vbatch.manifest.ignores import silenced
from r2vbatch.manifest.model import Manifest, Reading
from r2vbatch.media import FactsCache, facts_of, looks_of
from r2vbatch.planning import Plan, local_files


@for_python()
def load(
    path: str | os.PathLike[str],
    *,
    fit: bool = False,
    catalogue: str | os.PathLike[str] | None = None,
) -> Manifest:
    """Read the manifest file at `path` and judge it, as ``r2vbatch check`` does.

    No network is touched; of local references as much is read as tells what they are. Warnings
    do not stop it: `check` has them.

    Args:
        path: of the manifest.
        fit: a conforming copy may be given in place of every local reference that its model would
            not take as it is, as ``fit: true`` says of one; ``plan(…).fitted`` tells what is done.
        catalogue: a file with prices, limits or models of your own (``r2vbatch models --help``
            shows one). Give it to `plan` and `run`, too.

    Raises:
        ManifestInvalid: it, or the catalogue, has errors. ``diagnostics`` holds every one, and the
            warnings, each with file, line and column; a file that cannot be read is one of them.
    """
    arguments.a_truth(fit, "fit")
    return sound(*judged(_read(path), fit=fit, models=models_in(catalogue)))


def check(
    path: str | os.PathLike[str],
    *,
    fit: bool = False,
    catalogue: str | os.PathLike[str] | None = None,
) -> list[Diagnostic]:
    """Everything wrong with the manifest file at `path`, errors and warnings, in the order of
    its lines; an empty list for a manifest without a problem. Never raises for what is in it, nor
    in the `catalogue` of your own: what is wrong with that is told in its place. `fit` as of
    `load`."""
    arguments.a_truth(fit, "fit")
    try:
        models = models_in(catalogue)
    except ManifestInvalid as problem:
        return list(problem.diagnostics)
    return judged(_read(path), fit=fit, models=models)[1]


@for_python()
def plan(
    manifest: Manifest,
    *,
    endpoint: str | None = None,
    prices: str | None = None,
    catalogue: str | os.PathLike[str] | None = None,
) -> Plan:
    """All takes of `manifest`, in storyboard order, with their request, seconds and price.

    Local references are opened, to be measured: a reference video's seconds are billed. Nothing
    is sent, and nothing written. ``plan.takes`` are the takes; ``plan.seconds`` (billed seconds)
    and ``plan.price`` are those of all of them, made already or not; `request` gives the body of
    one, as it would be posted.

    Args:
        manifest: from `load`.
        endpoint: a region, a URL or ``preview``, in place of the manifest's own.
        prices: the region whose price table applies where the endpoint is none; default
            ``singapore``.
        catalogue: a file with prices, limits or models of your own, as for `load`.

    Raises:
        ManifestInvalid: `endpoint` or `catalogue` does not offer what the manifest asks for, or a
            local reference has changed since `load`, and is now one that its model does not take.
        UsageProblem: there is no such endpoint, or no such price table.
    """
    arguments.a_manifest(manifest)
    models = models_in(catalogue)
    return measured(at_endpoint(manifest, endpoint, prices, models), prices, None, models)


def at_endpoint(
    manifest: Manifest, endpoint: str | None, prices: str | None, models: Catalogue
) -> Manifest:
    """A sound manifest for `endpoint`, judged anew where that is not its own."""
    if endpoint is None or endpoint == manifest.endpoint:
        return manifest
    find_endpoint(endpoint, manifest.workspace)
    return sound(*judged(Reading(manifest, []), endpoint=endpoint, prices=prices, models=models))


def models_in(catalogue: str | os.PathLike[str] | None) -> Catalogue:
    """The models that ship, and those of a user's file. Raises `ManifestInvalid` for the file's
    errors."""
    file = arguments.path(catalogue, "catalogue")
    return own.read(file) if file else catalogues.load()


def judged(
    reading: Reading,
    *,
    endpoint: str | None = None,
    prices: str | None = None,
    fit: bool = False,
    models: Catalogue | None = None,
    looks: Looks = NO_LOOKS,
) -> tuple[Plan | None, list[Diagnostic]]:
    """The plan of what was read, with local references looked into but not hashed, and the
    diagnostics of both; None if nothing was understood. `endpoint` stands in place of the
    manifest's own, `models` in place of those that ship; with `fit`, copies may be made of all
    local references; `looks` are what was found at links, where they were looked into."""
    if reading.manifest is None:
        return None, reading.diagnostics
    meant = reading.manifest
    if endpoint:
        meant = replace(meant, endpoint=endpoint)
    if fit:
        meant = replace(meant, fit=True)
    facts, links = looks_of(local_files(meant)), facts_in(looks)
    drawn = planning.plan(meant, facts, models or catalogues.load(), prices=prices, links=links)
    ours = dict.fromkeys([*drawn.diagnostics, *about(meant, looks)])
    found = [*reading.diagnostics, *in_order(ours)]
    return drawn, silenced(found, meant.ignores)


def sound(drawn: Plan | None, found: Sequence[Diagnostic]) -> Manifest:
    """The manifest of `drawn`. Raises `ManifestInvalid` where `found` holds an error."""
    if drawn is None or any(d.severity == "error" for d in found):
        raise ManifestInvalid(found)
    return drawn.manifest


def measured(
    manifest: Manifest,
    prices: str | None,
    cache: FactsCache | None,
    models: Catalogue | None = None,
    looks: Looks = NO_LOOKS,
) -> Plan:
    """The plan of a sound manifest with its local references measured, as far as `cache` does
    not remember them. Raises `ManifestInvalid` where they have changed for the worse: takes left
    out of a plan would count as no longer wanted."""
    facts = facts_of(local_files(manifest), cache)
    links = facts_in(looks)
    drawn = planning.plan(manifest, facts, models or catalogues.load(), prices=prices, links=links)
    sound(drawn, drawn.diagnostics)
    return drawn


def _read(path: str | os.PathLike[str]) -> Reading:
    return manifests.load(Path(path), os.fspath(path))
