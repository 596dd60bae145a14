"""What was found at the links of a manifest, as facts for its plan and as diagnostics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from r2vbatch.diagnostics import Diagnostic
from r2vbatch.manifest.model import Manifest, diagnose
from r2vbatch.media import FileFacts
from r2vbatch.planning import linked

if TYPE_CHECKING:
    from r2vbatch.links import Look  # a client of HTTP: not needed to judge a manifest

Looks = Mapping[str, "Look"]
"""By URL as written."""
NO_LOOKS: Looks = {}


def facts_in(looks: Looks) -> dict[str, FileFacts]:
    """What was measured."""
    return {url: look.facts for url, look in looks.items() if look.facts}


def about(manifest: Manifest, looks: Looks) -> Iterator[Diagnostic]:
    """What speaks against links themselves, at each place where one is given; what is there is
    judged with the plan."""
    for reference in linked(manifest):
        look = looks.get(reference.url or "")
        if look and look.problem:
            yield diagnose(
                reference.origin,
                f"{reference.called} {look.problem}",
                rule="link",
                hint=look.hint,
                severity="warning" if look.passing else "error",
            )
