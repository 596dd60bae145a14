"""What every shot of a storyboard is read against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from r2vbatch.manifest.model import Reference
from r2vbatch.manifest.problems import Problems
from r2vbatch.manifest.section import Section
from r2vbatch.manifest.texts import Variable


@dataclass(slots=True)
class Surroundings:
    """One for a whole reading; shots leave in it what they have used."""

    folder: Path
    defaults: Section
    model: str
    cast: Mapping[str, Reference | None]
    variables: Mapping[str, Variable]
    problems: Problems
    names: Mapping[str, object]
    """What may be mentioned."""
    used: set[str] = field(default_factory=set)
    """Variables that some prompt took."""
    references_of_defaults: tuple[Reference, ...] | None = None
    """Read once, when the first shot in reference form needs them."""


def either(key: str, section: Section, defaults: Section) -> Section:
    """The level that gives `key`: a shot's own hides the one of `defaults`."""
    return section if section.has(key) else defaults
