"""The first row of a CSV or TSV table: what delimits its cells, and which key each column holds.

Commas, semicolons (Excel in most of Europe) and tabs are told apart by what the header then
names. Names of columns are the keys of a shot, in any case, with blanks for ``_`` if one likes;
``vary.lens`` varies ``lens``; columns that begin with ``x-`` are left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from r2vbatch.manifest.problems import Problems, listed
from r2vbatch.manifest.schema import shot_properties
from r2vbatch.manifest.tables.model import Place, place_in
from r2vbatch.manifest.tables.records import Broken, records, spans
from r2vbatch.yamlsource import Document

VARY = "vary."
NEEDED = ("id", "prompt")
"""Columns without which no row can be a shot."""
_SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab"}
_ANNOUNCED = re.compile(r"sep=(.)[ \t]*(?:\r\n|\r|\n)", re.IGNORECASE)
"""The line with which Excel is told of the delimiter."""


@dataclass(frozen=True, slots=True)
class Header:
    """What the first row says of those below it."""

    delimiter: str
    columns: tuple[str | None, ...] = ()
    """The key of each column; None for one that is left out. Empty: nothing can be read."""
    end: int = 0
    """Where the rows begin."""
    unnamed: tuple[int, ...] = ()
    """Columns without a name, which should hold nothing."""

    @property
    def separator(self) -> str:
        """The delimiter by name."""
        return _SEPARATORS.get(self.delimiter, self.delimiter)


def key_of(name: str) -> str:
    """The key that a column of this name holds, known or not."""
    return re.sub(r"[\s_-]+", "_", name.strip()).lower()


def read_header(document: Document, *, tabs: bool, problems: Problems) -> Header:
    """The header of a table; what is wrong with it is noted. `tabs`: they are the likeliest."""
    text = document.text
    announced = _ANNOUNCED.match(text)
    start = announced.end() if announced else 0
    first = text[start : start + 10_000].lstrip().splitlines()[:1]
    delimiter = announced[1] if announced else _likeliest(first[0] if first else "", tabs)
    for row, names in records(text, start, delimiter):
        if isinstance(names, Broken):
            origin = place_in(document, names.place)
            problems.add(origin, names.message, rule="broken-row", hint=names.hint)
            return Header(delimiter)
        if any(name.strip() for name in names):
            return _named(document, row, names, delimiter, problems)
    problems.add(
        place_in(document, (0, 1)),
        "the table is empty",
        rule="empty-table",
        hint="its first row names the columns, such as id,prompt,duration; each one below is a"
        " shot",
    )
    return Header(delimiter)


def _likeliest(line: str, tabs: bool) -> str:
    """The delimiter under which `line` names the most columns that we know."""
    candidates = ["\t", ",", ";"] if tabs else [",", ";", "\t"]

    def known(delimiter: str) -> int:
        return sum(_is_known(key_of(name.strip(' "'))) for name in line.split(delimiter))

    return max(candidates, key=known)


def _is_known(key: str) -> bool:
    return key in shot_properties() or key.startswith(VARY)


def _named(
    document: Document, row: Place, names: list[str], delimiter: str, problems: Problems
) -> Header:
    places = list(spans(document.text, row, delimiter))
    if not any(_is_known(key_of(name)) for name in names):
        problems.add(
            place_in(document, places[0]),
            "the first row names no column of a shot",
            rule="missing-column",
            hint=f"such as id,prompt,duration; known are {listed(_known(), 'and')}."
            " `r2vbatch import` reads the shot lists of other programs",
        )
        return Header(delimiter)
    seen: set[str] = set()
    columns = [
        _column(document, name, place, seen, problems)
        for name, place in zip(names, places, strict=True)
    ]
    unnamed = (index for index, name in enumerate(names) if not name.strip())
    for key in NEEDED:
        if key not in columns:
            problems.add(
                place_in(document, places[0]),
                f"the table has no column {key}",
                rule="missing-column",
                hint="every shot has an id, which names its clip, and a prompt",
            )
    return Header(delimiter, tuple(columns), row[1], tuple(unnamed))


def _known() -> list[str]:
    return [VARY + "NAME" if key == "vary" else key for key in shot_properties()]


def _column(
    document: Document, name: str, place: Place, before: set[str], problems: Problems
) -> str | None:
    """The key of the column `name`; None, and noted unless it is free, if it is none."""
    key = key_of(name)
    if not name.strip() or key.startswith("x_"):
        return None
    if key.startswith(VARY):
        # names of variables keep their case
        key = VARY + name.strip()[len(VARY) :].strip()
    if key == "vary" or key == VARY:
        message, rule = "a column varies one name, which stands in its header", "unknown-column"
        hint = "such as vary.lens, with cells such as wide shot|close-up"
    elif not _is_known(key):
        message, rule = f'unknown column "{name.strip()}"', "unknown-column"
        near = problems.suggestion(key, shot_properties(), '"{}"')
        hint = near or "columns of your own begin with x-"
    elif key in before:
        message, rule = f'the column "{key}" stands twice', "duplicate-column"
        hint = "keep one of the two"
    else:
        before.add(key)
        return key
    problems.add(place_in(document, place), message, rule=rule, hint=hint)
    return None
