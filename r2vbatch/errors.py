"""What can go wrong, by whose fault it is, and the exit code of each.

::

    R2VBatchError
    ├── UsageProblem       2  the command line cannot be carried out as given
    ├── ManifestInvalid    3  the manifest has errors; carries them all
    └── OutputUnavailable  5  the output folder or its ledger cannot be used now

Anything else that reaches the boundary in ``cli`` is a bug of ours (exit 70).
A take that failed is not here: that is an outcome in the ledger, not an exception.
This room refuses to know about printing: ``cli`` turns these into words.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from r2vbatch.diagnostics import Diagnostic


class Exit(IntEnum):
    """Process exit codes, part of the interface. The first that applies is used."""

    DONE = 0
    NOT_ALL_DONE = 1
    USAGE = 2
    MANIFEST = 3
    REFUSED = 4
    OUTPUT = 5
    BUG = 70
    INTERRUPTED = 130


class R2VBatchError(Exception):
    """An expected problem: one sentence for a person, and what to do about it."""

    exit_code = Exit.NOT_ALL_DONE

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if hint:
            self.add_note(f"hint: {hint}")  # a pipeline's traceback shows it


class UsageProblem(R2VBatchError):
    """The command line asks for something that cannot be done as given."""

    exit_code = Exit.USAGE


class ManifestInvalid(R2VBatchError):
    """The manifest has errors. ``diagnostics`` holds every one, warnings too."""

    exit_code = Exit.MANIFEST

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        errors = sum(d.severity == "error" for d in diagnostics)
        super().__init__(f"{errors} error{'' if errors == 1 else 's'} in the manifest")
        self.diagnostics = list(diagnostics)

    def __str__(self) -> str:
        """All of it, each problem on its line: what a pipeline's traceback shows."""
        from r2vbatch.diagnostics import as_text

        return f"{self.message}\n\n{as_text(self.diagnostics)}"


class OutputUnavailable(R2VBatchError):
    """The output folder or the ledger in it is locked, damaged, full or not ours."""

    exit_code = Exit.OUTPUT
