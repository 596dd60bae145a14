"""Tables in JSON lines: one object a line, with the keys of a shot.

Python's `json` says what is JSON and what it means; the places inside an object are found by
reading it once more, value by value, when they are asked for. `null` is a key not given, as other
programs write an empty cell, and so is an empty text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from r2vbatch.manifest.problems import Problems
from r2vbatch.manifest.tables import cells
from r2vbatch.manifest.tables.model import Place, Table, enter, follow, place_in
from r2vbatch.manifest.tables.records import LONGEST_ROW
from r2vbatch.yamlsource import Mapping, Node, Scalar, line_spans
from r2vbatch.yamlsource import Sequence as ListNode

DEEPEST = 4
"""Levels of a row whose places are kept; ``vary`` has two."""

_DECODER = json.JSONDecoder()
_BLANKS = re.compile(r"[ \t\r\n]*")
_UNITS = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|[\s\S]"
)
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_EXAMPLE = 'each line is one shot, such as {"id": "sh010", "prompt": "@ellen waves."}'


class JsonLines:
    """Rows as JSON objects (a `Language`)."""

    def mapping(self, text: str, row: Place) -> Mapping:
        """The values of `row` by key; nulls, empty texts and free keys left out."""
        shot = Mapping(row[0])
        shot.end = row[1]
        for key, index in _keys(text, _skip(text, row[0])):
            if key.text.startswith("x-"):
                continue
            node = _node(text, index, 1)
            if isinstance(node, Scalar) and cells.kind(key.text):
                if node.value is None or not node.text.strip():
                    continue
                if isinstance(node.value, str):
                    node = self._text(key.text, node, text)
            enter(shot, key, node)
        return shot

    def _text(self, key: str, node: Scalar, text: str) -> Node:
        """A text is read as a cell is, but for its blanks where text is wanted."""
        if cells.kind(key) in ("string", "object"):
            return node
        written = self.characters(text, (node.start, node.end), '"')
        trimmed = node.text.strip()
        node.text = node.value = trimmed
        return cells.cell(key, node, lambda: follow(written, node))

    def absence(self, text: str, row: Place, key: str) -> Place | None:
        """The row's first key; its brace, where it has none."""
        for first, _ in _keys(text, _skip(text, row[0])):
            return first.start, first.end
        return row[0], row[0] + 1

    def characters(self, text: str, place: Place, style: str) -> Iterator[tuple[str, int]]:
        """In a text, escapes stand for what they mean."""
        start, end = place
        if style == '"' and end - start > 1 and text[start] == text[end - 1] == '"':
            start, end = start + 1, end - 1
        for unit in _UNITS.finditer(text, start, end):
            written = unit[0]
            yield json.loads(f'"{written}"') if written[0] == "\\" else written, unit.start()

    def pair(self, key: str, value: str | Sequence[str]) -> str:
        """``"key": value``, a text in quotes."""
        if isinstance(value, str):
            bare = re.fullmatch(r'".*"|-?\d+(\.\d+)?|true|false', value, re.DOTALL)
            written = value if bare else json.dumps(value, ensure_ascii=False)
        else:
            written = json.dumps(list(value), ensure_ascii=False)
        return f'"{key}": {written}' if key else written


def _skip(text: str, index: int) -> int:
    found = _BLANKS.match(text, index)
    return found.end() if found else index


def _keys(text: str, index: int) -> Iterator[tuple[Scalar, int]]:
    """The keys of the object at `index`, each with where its value begins."""
    index = _skip(text, index + 1)
    while text[index] != "}":
        name, end = _DECODER.raw_decode(text, index)
        value = _skip(text, _skip(text, end) + 1)
        yield Scalar(index, end, '"', name, name), value
        index = _skip(text, _DECODER.raw_decode(text, value)[1])
        if text[index] == ",":
            index = _skip(text, index + 1)


def _node(text: str, index: int, depth: int) -> Node:
    value, end = _DECODER.raw_decode(text, index)
    if isinstance(value, dict):
        mapping = Mapping(index)
        mapping.end = end
        for key, at in _keys(text, index) if depth < DEEPEST else ():
            enter(mapping, key, _node(text, at, depth + 1))
        return mapping
    if isinstance(value, list):
        listed = ListNode(index)
        listed.end, listed.value = end, value
        listed.items += _items(text, index, depth) if depth < DEEPEST else ()
        return listed
    written = value if isinstance(value, str) else text[index:end]
    return Scalar(index, end, '"' if isinstance(value, str) else "", written, value)


def _items(text: str, index: int, depth: int) -> Iterator[Node]:
    index = _skip(text, index + 1)
    while text[index] != "]":
        yield _node(text, index, depth + 1)
        index = _skip(text, _DECODER.raw_decode(text, index)[1])
        if text[index] == ",":
            index = _skip(text, index + 1)


def read_json_lines(text: str, shown: str, problems: Problems) -> Table:
    """The table that `text` holds; what is wrong with it as a table is noted."""
    table = Table(shown, text, None, language=JsonLines())
    for start, end in line_spans(text):
        line = text[start:end]
        if not line.strip():
            continue
        if not _note_fault(table, (start, end), line, problems):
            table.rows.append((start, end))
        else:
            table.broken.append((start, end))
            if line.strip() in ("[", "{"):
                break  # a whole file of JSON: each of its lines would be a problem
    if not table.rows and not table.broken:
        origin = place_in(table, (0, 1))
        problems.add(origin, "the table is empty", rule="empty-table", hint=_EXAMPLE)
    return table


def _note_fault(table: Table, row: Place, line: str, problems: Problems) -> bool:
    """Note what keeps `line` from being a row; whether there is such a thing."""
    start = row[0]
    if len(line) > LONGEST_ROW:
        message = "this row is too long to be a shot"
        problems.add(place_in(table, (start, start + 1)), message, rule="broken-row", hint=_EXAMPLE)
        return True
    try:
        value, twice = _loaded(line)
    except json.JSONDecodeError as problem:
        where, message, hint = problem.pos, _told(problem.msg), _hint(line)
    except (ValueError, RecursionError):
        where, hint = 0, _EXAMPLE
        message = "this cannot be read: a number in it is too long, or it is nested too deep"
    else:
        if not isinstance(value, dict):
            where, hint = len(line) - len(line.lstrip()), _EXAMPLE
            message = "a row is a JSON object, but this is " + _kind(value)
        elif (half := _half_a_character(line)) is not None:
            where, message, hint = half, "this escape is half a character", "write both halves"
        else:
            if twice:
                _note_twice(table, row, problems)
            return False
    place = (start + min(where, len(line.rstrip())), start + where + 1)
    problems.add(place_in(table, place), message, rule="broken-row", hint=hint)
    return True


def _loaded(line: str) -> tuple[Any, bool]:
    """What `line` means, and whether a key stands twice somewhere in it."""
    twice = False

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal twice
        made = dict(found)
        twice = twice or len(made) < len(found)
        return made

    def no_number(name: str) -> Any:
        raise json.JSONDecodeError(f"there is no {name} in it", line, line.find(name))

    return json.loads(line, object_pairs_hook=pairs, parse_constant=no_number), twice


def _told(message: str) -> str:
    return f"this is not JSON: {message[0].lower()}{message[1:]}"


def _hint(line: str) -> str:
    if line.strip() in ("[", "{"):
        return "a row stands on one line, and no list is around them: " + _EXAMPLE
    return "keys and texts stand in double quotes" if "'" in line else _EXAMPLE


def _kind(value: Any) -> str:
    kinds: dict[type, str] = {list: "a list", str: "a text", bool: "true or false"}
    return "null" if value is None else kinds.get(type(value), "a number")


def _half_a_character(line: str) -> int | None:
    """Where an escape stands that is one half of a surrogate pair."""
    if not _SURROGATE.search(line):
        return None
    for unit in _UNITS.finditer(line):
        if len(unit[0]) == 6 and _SURROGATE.fullmatch(unit[0]):
            return unit.start()
    return None


def _note_twice(table: Table, row: Place, problems: Problems) -> None:
    seen = set()
    for key, _ in _keys(table.text, _skip(table.text, row[0])):
        if key.text in seen:
            origin = place_in(table, (key.start, key.end))
            message = f'the key "{key.text}" stands twice in this row'
            problems.add(origin, message, rule="duplicate-key", hint="keep one of the two")
        seen.add(key.text)
