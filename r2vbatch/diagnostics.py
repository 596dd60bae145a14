"""Problems in a manifest, as data: where, what, how bad, what to do.

They are collected in full and shown together. This room turns them into text, JSON and
GitHub annotations; it refuses to know how they were found, and reads no files: each carries
the source line it points into.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a source file. Lines and columns count from 1, columns in characters."""

    file: str
    line: int
    column: int
    width: int = 1
    """How many characters a caret line should underline."""
    source: str = ""
    """The whole source line, without its line break."""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem at one place."""

    position: Position
    message: str
    severity: Severity = "error"
    rule: str = ""
    """A stable kebab-case name, such as ``unknown-key``; people silence rules by it."""
    path: str = ""
    """Where in the data, such as ``shots[2].prompt``."""
    hint: str = ""
