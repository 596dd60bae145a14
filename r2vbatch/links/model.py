"""What came of looking into a link."""

from __future__ import annotations

from dataclasses import dataclass

from r2vbatch.media import FileFacts


@dataclass(frozen=True, slots=True)
class Look:
    """One link, looked into."""

    facts: FileFacts | None
    """As far as its head tells them; its hash is empty. None where there is nothing to measure."""
    problem: str = ""
    """A sentence without its subject: ``cannot be had: example.com answers 404``."""
    hint: str = ""
    passing: bool = False
    """Another time it may be otherwise, or another program may not mind."""
