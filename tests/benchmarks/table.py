"""The table: what was measured, beside what must be reached."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    what: str
    must: str
    measured: str
    reached: bool
    peers: str = ""


def markdown(rows: Iterable[Row]) -> str:
    """The rows as a table that reads as text and renders as Markdown."""
    cells = [("what", "must reach", "r2vbatch", "", "peers in the same run")]
    cells += [
        (row.what, row.must, row.measured, "pass" if row.reached else "MISS", row.peers)
        for row in rows
    ]
    widths = [max(len(line[i]) for line in cells) for i in range(len(cells[0]))]
    lines = [
        "| " + " | ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)) + " |"
        for line in cells
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)
