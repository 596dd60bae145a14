"""Which ledger a person means by an output folder, and what is said where it is none."""

from __future__ import annotations

import shlex
from pathlib import Path

from r2vbatch.batch.settings import LEDGER
from r2vbatch.errors import OutputUnavailable, UsageProblem

_MANIFESTS = (".yaml", ".yml")


def ledger_of(output: Path, ledger: Path | None) -> Path:
    """The ledger of `output`, wherever ``--ledger`` says it lies.

    Raises `UsageProblem` for a manifest in place of the folder, `OutputUnavailable` with the
    folder that is probably meant where one around it is given.
    """
    if ledger is not None:
        return ledger
    if output.suffix.lower() in _MANIFESTS and output.is_file():
        typed = shlex.quote(str(output))
        raise UsageProblem(
            f"{output} is a manifest, not an output folder",
            hint=f"use `r2vbatch run {typed}`; `r2vbatch plan {typed}` names its output folder",
        )
    place = output / LEDGER
    if not place.exists() and (near := _near(output)):
        raise OutputUnavailable(
            f"there is no ledger in {output}", hint=f"did you mean {near[0].parent}?"
        )
    return place


def _near(folder: Path) -> list[Path]:
    """The ledgers of a project's folder, or of the one that its output folders lie in."""
    return sorted(found for where in ("*", "out/*") for found in folder.glob(f"{where}/{LEDGER}"))
