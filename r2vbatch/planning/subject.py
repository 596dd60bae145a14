"""What the lint rules are asked about: one shot, with all that a rule may want to know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from r2vbatch.catalogue import Model
from r2vbatch.diagnostics import Diagnostic
from r2vbatch.manifest.model import Manifest, Shot, diagnose
from r2vbatch.planning.gate import Gate
from r2vbatch.planning.given import Given
from r2vbatch.planning.model import Facts, Sent
from r2vbatch.planning.wording import written_at


@dataclass(frozen=True, slots=True)
class Subject:
    """A shot with all that rules ask about it."""

    manifest: Manifest
    shot: Shot
    model: Model
    """Its model, or the catalogue's widest where nobody knows it."""
    given: Given
    """What the shot gives, as it is written."""
    sent: tuple[Sent, ...]
    prompt: str
    """As it is sent."""
    parameters: Mapping[str, Any]
    region: str
    """Of the price table."""
    place: str | None
    """The region where it is to be made; None for the preview, and for hosts of others."""
    facts: Facts
    """Of local files, as far as they were measured."""
    gate: Gate

    @property
    def references(self) -> tuple[Sent, ...]:
        """What is sent, without a first frame: as many as the references given."""
        return self.sent[: len(self.given.references)]

    def at_prompt(
        self,
        index: int,
        width: int,
        message: str,
        *,
        rule: str,
        hint: str = "",
    ) -> Diagnostic:
        """A warning at `width` characters from `index` in the prompt as sent."""
        offset = written_at(self.shot.prompt, self.sent, index)
        end = written_at(self.shot.prompt, self.sent, index + width)
        return diagnose(
            self.shot.prompt.origin,
            message,
            rule=rule,
            hint=hint,
            severity="warning",
            offset=offset,
            width=max(end - offset, 1),
        )
