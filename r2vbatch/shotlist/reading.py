"""The file of a shot list to its rows, or to what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from r2vbatch.diagnostics import Diagnostic
from r2vbatch.errors import ManifestInvalid, UsageProblem
from r2vbatch.manifest.problems import Problems
from r2vbatch.manifest.tables.model import place_in
from r2vbatch.manifest.tables.opening import read_table_text
from r2vbatch.manifest.tables.records import Broken, records
from r2vbatch.shotlist.columns import roles
from r2vbatch.yamlsource import Document, control_character

HEADER_WITHIN = 20
"""Rows among which the header is looked for: some programs write a title above it."""


@dataclass(frozen=True, slots=True)
class ListRow:
    """One row: its cells by what they hold, the empty ones left out."""

    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ShotList:
    """A shot list as read."""

    file: Path
    names: Mapping[str, str]
    """The columns that are read: what they hold, and what the list calls them."""
    left_out: tuple[str, ...]
    """Columns that hold something and are not read."""
    rows: tuple[ListRow, ...]


def read_shot_list(file: Path, shown: str) -> ShotList:
    """The rows of `file`.

    Raises `UsageProblem` where it is no table at all or none of its columns is known, and
    `ManifestInvalid` with every row that is broken.
    """
    if file.suffix.lower() not in (".csv", ".tsv", ".txt"):
        raise UsageProblem(
            f"{shown} is not a .csv or .tsv file", hint="save or export the list as CSV (UTF-8)"
        )
    if not file.is_file():
        fault = "is not a file" if file.exists() else "does not exist"
        raise UsageProblem(f"{shown} {fault}", hint="check the path")
    text = read_table_text(file, shown)
    found = text if isinstance(text, Diagnostic) else control_character(text, shown)
    if isinstance(text, Diagnostic) or found:
        raise ManifestInvalid([found] if found else [])
    document = Document(shown, text, None)
    headers = (_header(text, delimiter) for delimiter in ",;\t")
    header = max(headers, key=lambda each: len(each.roles))
    if len(header.roles) < 2:
        raise UsageProblem(
            f"{shown} has no row that names columns of a shot list",
            hint="such as Scene, Shot, Description, Shot Size; or Sequence, Name, Nb Frames, FPS",
        )
    return _rows(file, document, header)


@dataclass(frozen=True, slots=True)
class _Header:
    delimiter: str
    names: tuple[str, ...] = ()
    roles: Mapping[str, int] = field(default_factory=dict)
    end: int = 0


def _header(text: str, delimiter: str) -> _Header:
    """The row that names most, when cells are split by `delimiter`."""
    best = _Header(delimiter)
    for (_, end), names in islice(records(text, 0, delimiter), HEADER_WITHIN):
        if not isinstance(names, Broken) and len(found := roles(names)) > len(best.roles):
            best = _Header(delimiter, tuple(name.strip() for name in names), found, end)
    return best


def _rows(file: Path, document: Document, header: _Header) -> ShotList:
    rows = []
    filled: set[int] = set()
    problems = Problems()
    for (start, _), cells in records(document.text, header.end, header.delimiter):
        if isinstance(cells, Broken):
            origin = place_in(document, cells.place)
            problems.add(origin, cells.message, rule="broken-row", hint=cells.hint)
            continue
        filled |= {index for index, cell in enumerate(cells) if cell.strip()}
        held = {
            role: cells[index].strip()
            for role, index in header.roles.items()
            if index < len(cells) and cells[index].strip()
        }
        if held:
            rows.append(ListRow(document.position(start).line, held))
    if found := problems.all():
        raise ManifestInvalid(found)
    if not rows:
        raise UsageProblem(f"{document.shown} names columns, but has no shots below them")
    read = set(header.roles.values())
    return ShotList(
        file,
        {role: header.names[index] for role, index in header.roles.items() if index in filled},
        tuple(
            name or f"column {index + 1}"
            for index, name in enumerate(header.names)
            if index in filled - read
        ),
        tuple(rows),
    )
