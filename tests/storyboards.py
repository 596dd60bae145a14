"""Storyboards for tests of the plan: real manifests, read by the real loader."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from r2vbatch import catalogue, datafiles, media
from r2vbatch.manifest import load, load_text
from r2vbatch.manifest.model import Manifest, MediaKind, Reference
from r2vbatch.planning import Plan, local_files, plan
from r2vbatch.planning.model import FileFacts

CATALOGUE = catalogue.load()
MANIFESTS = datafiles.folder("manifests")
REFS = MANIFESTS / "refs"
CAST = {
    "ellen": {"image": "https://example.com/ellen.png"},
    "chelsea": {"image": "https://example.com/chelsea.png"},
    "bunny": {"video": "https://example.com/bunny.mp4"},
}


def storyboard(*shots: Mapping[str, Any], **keys: Any) -> dict[str, Any]:
    """A manifest as data: the cast above unless another is given."""
    model = keys.pop("model", "wan2.6-r2v-flash")
    return {"version": 1, "model": model, "cast": CAST, **keys, "shots": list(shots)}


def read(data: Mapping[str, Any], folder: Path | None = None) -> Manifest:
    """The manifest that `data` makes (JSON is YAML), which must have no error."""
    text = json.dumps(data, ensure_ascii=False, indent=1)
    manifest, diagnostics = load_text(text, (folder or MANIFESTS) / "test.yaml")
    assert not [d for d in diagnostics if d.severity == "error"], diagnostics
    assert manifest is not None
    return manifest


@functools.cache
def given(kind: MediaKind) -> Reference:
    """A reference of a real manifest, said to be of `kind`: a.jpg, b.mp4 or c.wav."""
    board = storyboard({"id": "a", "prompt": "@one waves"}, cast={"one": "refs/rocket.jpg"})
    (found,) = read(board).shots[0].references
    name = {"image": "a.jpg", "video": "b.mp4", "audio": "c.wav"}[kind]
    return replace(found, kind=kind, file=Path(name))


def planned(
    data: Mapping[str, Any],
    folder: Path | None = None,
    facts: Mapping[Path, FileFacts] | None = None,
    *,
    prices: str | None = None,
    models: catalogue.Catalogue = CATALOGUE,
) -> Plan:
    """The plan of `data`; local references are measured unless their `facts` are given."""
    manifest = read(data, folder)
    if facts is None:
        facts = media.facts_of(local_files(manifest))
    return plan(manifest, facts, models, prices=prices)


def shipped(name: str) -> Plan:
    """The plan of a manifest that ships with the program."""
    manifest, diagnostics = load(MANIFESTS / name)
    assert manifest is not None
    assert not diagnostics
    return plan(manifest, media.facts_of(local_files(manifest)), CATALOGUE)
