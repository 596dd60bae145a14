"""A film before it is cut: its shots in order, and what there is of each. Plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple


class Remark(NamedTuple):
    """What a person wrote about a take."""

    text: str
    seconds: float | None
    """Into it; None: about all of it."""


@dataclass(frozen=True, slots=True)
class Footage:
    """The clip or the slate of one take."""

    take: str
    file: str
    """Relative to the output folder, with ``/``."""
    preview: bool
    """It is a slate."""
    sha256: str
    facts: tuple[tuple[str, Any], ...] = ()
    """What an editor may want to know of it, by name: plain values, and no link."""
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True, slots=True)
class FilmShot:
    """One shot, and what there is of it."""

    id: str
    circled: Footage | None
    """The good one; None where there is neither a clip nor a slate."""
    others: tuple[Footage, ...] = ()
    """Takes that are done and were not chosen, clips and slates."""

    @property
    def choices(self) -> tuple[Footage, ...]:
        """What is shown of it, the best first: where a file turns out to be broken a slate stands
        in. Another clip does not: it was not chosen, and nobody would see that it is another."""
        return (
            *((self.circled,) if self.circled else ()),
            *(other for other in self.others if other.preview),
        )
