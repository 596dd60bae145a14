"""Which local files a plan asks about: what ``media.facts_of`` must measure for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from r2vbatch.manifest.model import Manifest, Reference, Shot


def local_files(manifest: Manifest) -> list[Path]:
    """The local references of all shots, voices and first frames included, each once, in
    storyboard order."""
    # by identity first: thousands of shots point at the same few references
    references = {id(r): r for shot in manifest.shots for r in _all_of(shot)}
    return list(dict.fromkeys(r.file for r in references.values() if r.file))


def linked(manifest: Manifest) -> list[Reference]:
    """The references of all shots that are http(s) links, each once, in storyboard order."""
    references = {id(r): r for shot in manifest.shots for r in _all_of(shot)}
    return [r for r in references.values() if r.url and r.url.lower().startswith("http")]


def _all_of(shot: Shot) -> Iterator[Reference]:
    for reference in shot.references:
        yield reference
        if reference.voice:
            yield reference.voice
    if shot.first_frame:
        yield shot.first_frame
