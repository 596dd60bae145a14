"""Which local files a plan asks about: what ``media.facts_of`` must measure for it."""

from __future__ import annotations

from pathlib import Path

from r2vbatch.manifest.model import Manifest


def local_files(manifest: Manifest) -> list[Path]:
    """The local references of all shots, each once, in storyboard order."""
    # by identity first: thousands of shots point at the same few references
    references = {id(r): r for shot in manifest.shots for r in shot.references}
    return list(dict.fromkeys(r.file for r in references.values() if r.file))
