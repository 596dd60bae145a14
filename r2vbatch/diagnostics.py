"""Problems in a manifest, as data: where, what, how bad, what to do.

They are collected in full and shown together. This room turns them into text, JSON and
GitHub annotations; it refuses to know how they were found, and reads no files: each carries
the source line it points into.
"""

from __future__ import annotations

import json
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from r2vbatch.visible import visible

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


_MOST = 100
"""Problems that are shown to people: nobody reads on, and the first ones scroll away."""
_WIDEST = 100
"""Columns of a source line that are shown; a longer one is cut around the caret."""
_BEFORE = 60
"""Columns kept before the caret when a line is cut."""
_INDENT = "    "
_TAB = 4


def in_order(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """By file, line and column; what stands at one place stays in the order found."""
    return sorted(diagnostics, key=lambda d: (d.position.file, d.position.line, d.position.column))


def as_text(diagnostics: Iterable[Diagnostic]) -> str:
    """All of them for a terminal, with source lines and carets, and a closing line of counts; of
    very many the first, errors before warnings.

    Control characters of the manifest are shown as pictures: none reaches the terminal.
    """
    found = in_order(diagnostics)
    shown = in_order(sorted(found, key=lambda each: each.severity != "error")[:_MOST])
    more = len(found) - len(shown)
    rest = f"… and {more:,} more; `check --format json` has all\n\n" if more else ""
    return "".join(f"{_one(each)}\n\n" for each in shown) + rest + summary(found) + "\n"


def as_json(diagnostics: Iterable[Diagnostic]) -> str:
    """A JSON array with one object for each; ASCII only, so that any pipe can carry it."""
    return json.dumps([_object(each) for each in in_order(diagnostics)], indent=2) + "\n"


def as_github(diagnostics: Iterable[Diagnostic]) -> str:
    """One workflow command a line, which GitHub shows at the line of the file."""
    return "".join(f"{_annotation(each)}\n" for each in in_order(diagnostics))


def summary(diagnostics: Iterable[Diagnostic]) -> str:
    """``2 errors, 1 warning``, or ``no problems``."""
    severities = [each.severity for each in diagnostics]
    counts = [(severities.count("error"), "error"), (severities.count("warning"), "warning")]
    told = [f"{count} {word}{'' if count == 1 else 's'}" for count, word in counts if count]
    return ", ".join(told) or "no problems"


def _one(each: Diagnostic) -> str:
    place = each.position
    rule = f" [{each.rule}]" if each.rule else ""
    head = f"{place.file}:{place.line}:{place.column}: {each.severity}: {each.message}{rule}"
    lines = [visible(head), *_source_and_caret(place)]
    if each.hint:
        lines.append(f"hint: {visible(each.hint)}")
    return "\n".join(lines)


def _source_and_caret(place: Position) -> list[str]:
    """The source line, cut to fit, and a line with carets under the word; none if it is empty."""
    if not place.source.strip():
        return []
    skipped = max(0, place.column - 1 - _WIDEST)
    part = place.source[skipped : place.column + 2 * _WIDEST]
    cells: list[str] = []
    starts = [0]
    for character in part:
        cell = _cell(character, starts[-1])
        cells.append(cell)
        starts.append(starts[-1] + (len(cell) if character == "\t" else _columns(cell)))
    caret = min(place.column - 1 - skipped, len(cells))
    left = 0
    if starts[-1] > _WIDEST:
        left = bisect_left(starts, starts[caret] - _BEFORE)
    right = bisect_right(starts, starts[left] + _WIDEST) - 1
    before = "…" if skipped + left else ""
    after = "…" if skipped + right < len(place.source) else ""
    end = starts[min(caret + place.width, right)]
    margin = _INDENT + " " * (len(before) + starts[caret] - starts[left])
    return [
        f"{_INDENT}{before}{''.join(cells[left:right])}{after}".rstrip(),
        margin + "^" * max(1, end - starts[caret]),
    ]


def _cell(character: str, column: int) -> str:
    """What stands for `character` on a terminal: a tab as spaces, a control as its picture."""
    return " " * (_TAB - column % _TAB) if character == "\t" else visible(character)


def _columns(character: str) -> int:
    if character.isascii():
        return 1
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _object(each: Diagnostic) -> dict[str, str | int]:
    return {
        "file": each.position.file,
        "line": each.position.line,
        "column": each.position.column,
        "width": each.position.width,
        "severity": each.severity,
        "rule": each.rule,
        "path": each.path,
        "message": each.message,
        "hint": each.hint,
        "source": each.position.source,
    }


def _annotation(each: Diagnostic) -> str:
    place = each.position
    properties = {
        "file": place.file,
        "line": str(place.line),
        "col": str(place.column),
        "endColumn": str(place.column + place.width),
        "title": each.rule,
    }
    written = ",".join(f"{key}={_property(value)}" for key, value in properties.items() if value)
    text = each.message + (f"\nhint: {each.hint}" if each.hint else "")
    return f"::{each.severity} {written}::{_data(text)}"


def _data(text: str) -> str:
    harmless = visible(text, keep="\r\n")
    return harmless.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
