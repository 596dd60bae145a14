"""Tables in CSV and TSV: the header names the columns, every row below it is a shot."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from r2vbatch.manifest.problems import Problems
from r2vbatch.manifest.tables import cells
from r2vbatch.manifest.tables.header import VARY, Header, read_header
from r2vbatch.manifest.tables.model import Place, Table, enter, follow, place_in
from r2vbatch.manifest.tables.records import Broken, cells_of, records, spans
from r2vbatch.yamlsource import Document, Mapping, Scalar

_UNITS = re.compile(r'""|\r\n|[\s\S]')


@dataclass(frozen=True, slots=True)
class Delimited:
    """Rows as CSV (a `Language`)."""

    delimiter: str
    columns: tuple[str | None, ...]
    """The key of each column; None for one that is left out."""

    def mapping(self, text: str, row: Place) -> Mapping:
        """The cells of `row` by key, the empty ones left out."""
        shot = Mapping(row[0])
        shot.end = row[1]
        values = cells_of(text, row, self.delimiter)
        places = spans(text, row, self.delimiter)
        for column, value, place in zip(self.columns, values, places, strict=False):
            if column and (meant := _unix(value.strip())):
                style = '"' if text[place[0]] == '"' else ""
                self._put(shot, column, Scalar(*place, style, meant, meant), text)
        return shot

    def _put(self, shot: Mapping, column: str, node: Scalar, text: str) -> None:
        written = partial(self.characters, text, (node.start, node.end), node.style)

        def key(name: str) -> Scalar:
            return Scalar(node.start, node.end, node.style, name, name)

        def offsets() -> list[int]:
            return follow(written(), node)

        if not column.startswith(VARY):
            comma = self.delimiter == ";"
            enter(shot, key(column), cells.cell(column, node, offsets, comma=comma))
            return
        if "vary" not in shot.entries:
            enter(shot, key("vary"), Mapping(node.start))
        vary = shot.entries["vary"][1]
        assert isinstance(vary, Mapping)
        enter(vary, key(column.removeprefix(VARY)), cells.split(node, offsets))

    def absence(self, text: str, row: Place, key: str) -> Place | None:
        """The empty cell; the row's end, where it has too few."""
        if key not in self.columns:
            return None
        places = list(spans(text, row, self.delimiter))
        index = self.columns.index(key)
        return places[index] if index < len(places) else (places[-1][1], places[-1][1])

    def characters(self, text: str, place: Place, style: str) -> Iterator[tuple[str, int]]:
        """In a quoted cell two quotes are one; a line break is a line feed."""
        start, end = place
        if style != '"':
            yield from ((text[index], index) for index in range(start, end))
            return
        if end - start > 1 and text[start] == text[end - 1] == '"':
            start, end = start + 1, end - 1
        for unit in _UNITS.finditer(text, start, end):
            yield _unix(unit[0].replace('""', '"')), unit.start()

    def pair(self, key: str, value: str | Sequence[str]) -> str:
        """The cell alone."""
        return value.strip('"') if isinstance(value, str) else "|".join(value)


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def read_delimited(text: str, shown: str, problems: Problems) -> Table:
    """The table that `text` holds; what is wrong with it as a table is noted."""
    document = Document(shown, text, None)
    header = read_header(document, tabs=shown.lower().endswith(".tsv"), problems=problems)
    table = Table(shown, text, None, language=Delimited(header.delimiter, header.columns))
    if header.columns:
        _find_rows(table, document, header, problems)
    return table


def _find_rows(table: Table, document: Document, header: Header, problems: Problems) -> None:
    strays = set(header.unnamed)
    for row, found in records(document.text, header.end, header.delimiter):
        if isinstance(found, Broken):
            origin = place_in(document, found.place)
            problems.add(origin, found.message, rule="broken-row", hint=found.hint)
            table.broken.append(row)
        elif any(cell.strip() for cell in found):
            table.rows.append(row)
            filled = {index for index in strays if "".join(found[index : index + 1]).strip()}
            strays -= filled  # a column is told of once
            if "".join(found[len(header.columns) :]).strip():
                filled.add(len(header.columns))
            for index in filled:
                _note_stray(document, row, index, header, problems)
    if not table.rows and not table.broken:
        hint = "each row below the header is a shot"
        problems.add(place_in(document, (0, 1)), "the table has no rows", rule="empty-table",
                     hint=hint)  # fmt: skip


def _note_stray(
    document: Document, row: Place, index: int, header: Header, problems: Problems
) -> None:
    """Note the cell `index` of `row`, which belongs to no column."""
    place = list(spans(document.text, row, header.delimiter))[index]
    count = len(header.columns)
    if index < count:
        rule, message = "unknown-column", f"column {index + 1} holds something, but has no name"
        hint = "name it in the first row; columns of your own begin with x-"
    else:
        rule, hint = "extra-cell", f"a text that holds a {header.separator} needs quotes around it"
        message = f"this row goes on, but the header names {count} column{'s' * (count != 1)}"
    problems.add(place_in(document, place), message, rule=rule, hint=hint)
