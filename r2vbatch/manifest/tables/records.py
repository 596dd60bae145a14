"""CSV text to records, each with its place, and the places of its cells.

What a cell holds is for Python's `csv` to say, strictly: it reads what Excel, LibreOffice and
Sheets write, line breaks in quotes too. It cannot say where a cell stands, nor where a record is
broken; that is found here, when it is asked for. No column has a name in this room.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from r2vbatch.manifest.tables.model import Place
from r2vbatch.yamlsource import line_spans

LONGEST_ROW = 1_000_000
"""Characters of a row. One of a million cells would take a hundred times the room of its text."""


class Broken(NamedTuple):
    """A record that is not CSV: where, and what to do."""

    place: Place
    message: str
    hint: str
    last: bool
    """Whether nothing behind it was read."""


class _TooLong(Exception):
    """The record at hand goes on and on."""


def records(text: str, start: int, delimiter: str) -> Iterator[tuple[Place, list[str] | Broken]]:
    """Each record of `text` from `start` on: its place, and its cells or what is wrong with it."""
    begin = end = start

    def lines() -> Iterator[str]:
        nonlocal end
        for first, last in line_spans(text, start):
            end = last
            if last - begin > LONGEST_ROW:
                raise _TooLong
            yield text[first:last]

    reader = csv.reader(lines(), _dialect(delimiter))
    while True:
        begin = end
        try:
            found: list[str] | Broken = next(reader)
        except StopIteration:
            return
        except (csv.Error, _TooLong):
            found = _broken(text, begin, delimiter)
        yield (begin, end), found
        if isinstance(found, Broken) and found.last:
            return


def cells_of(text: str, row: Place, delimiter: str) -> list[str]:
    """The cells of the record at `row`, which `records` has found sound."""
    record = text[row[0] : row[1]]
    lines = (record[first:last] for first, last in line_spans(record))
    return next(csv.reader(lines, _dialect(delimiter)), [])


def spans(text: str, row: Place, delimiter: str) -> Iterator[Place]:
    """Where each cell of `row` stands, with its quotes but without the blanks around it."""
    for found in _cells(text, row, delimiter):
        written = found[0].rstrip()
        blanks = len(written) - len(written.lstrip())
        yield found.start() + blanks, found.start() + len(written)


def _cells(text: str, row: Place, delimiter: str) -> Iterator[re.Match[str]]:
    cell = _cell(delimiter)
    begin, end = row
    while found := cell.match(text, begin, end):
        yield found
        begin = found.end() + 1
        if text[found.end() : found.end() + 1] != delimiter or begin > end:
            return


@cache
def _cell(delimiter: str) -> re.Pattern[str]:
    """A cell in quotes, closed or running to the end; else all up to the delimiter."""
    return re.compile(rf' *+"(?:[^"]|"")*+(?:(?P<closed>")|\Z)|[^{re.escape(delimiter)}\r\n]*+')


@cache
def _dialect(delimiter: str) -> type[csv.Dialect]:
    class Spreadsheet(csv.excel):
        """Blanks before a cell do not count."""

    Spreadsheet.delimiter = delimiter
    Spreadsheet.skipinitialspace = True
    Spreadsheet.strict = True
    return Spreadsheet


def _broken(text: str, begin: int, delimiter: str) -> Broken:
    """What is wrong with the record that begins at `begin`, which `csv` has refused."""
    end = min(len(text), begin + LONGEST_ROW)
    for found in _cells(text, (begin, end), delimiter):
        quote = found.start() + found[0].find('"')
        if not found[0].lstrip(" ").startswith('"'):
            continue
        if not found["closed"]:
            hint = 'close it, and write each quote inside it twice: ""; what follows was not read'
            return Broken((quote, quote + 1), "this quote is never closed", hint, True)
        if text[found.end() : found.end() + 1] not in (delimiter, "\r", "\n", ""):
            message = "this cell goes on behind its closing quote"
            hint = 'write each quote inside a quoted cell twice: ""'
            return Broken((found.end() - 1, found.end()), message, hint, False)
    message = "this row, or a cell in it, is too long to be a shot; what follows was not read"
    return Broken((begin, begin + 1), message, "", True)
