"""The text of a cell to what its column holds.

What cannot be read as that stays a text, for the schema to say so: one rule, told once, in the
same words as in YAML.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from r2vbatch.manifest.problems import Problems
from r2vbatch.manifest.schema import shot_properties
from r2vbatch.yamlsource import Document, Mapping, Node, NodeOrigin, Path, Scalar, Sequence

_NUMBER = re.compile(r"([+-]?\d{1,300})(?:([.,])(\d{0,300}))?")
_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_TIME = re.compile(r"0?(\d+):0?(\d+)(?::00)?")
"""What a spreadsheet makes of the ratio 4:3, taking it for a time: 04:03 or 04:03:00."""

Value = str | int | float | bool


@cache
def kind(key: str) -> str:
    """What the column `key` holds, as JSON Schema calls it: ``string``, ``integer``,
    ``boolean``, ``array`` or ``object``; empty if there is no such key."""
    schema = shot_properties().get(key)
    if schema is None:
        return ""
    types = schema.get("type", "string")
    return "array" if "array" in types else str(types)


def meaning(key: str, text: str, *, comma: bool = False) -> Value:
    """`text`, without blanks around it, as a value of the column `key`. `comma`: the table may
    write 5,0 for 5.0."""
    match kind(key):
        case "integer":
            return _number(text, comma)
        case "boolean":
            return _TRUTH.get(text.casefold(), text)
    if key == "ratio" and (time := _TIME.fullmatch(text)):
        return f"{time[1]}:{time[2]}"
    return text


def _number(text: str, comma: bool) -> Value:
    found = _NUMBER.fullmatch(text)
    if not found or (found[2] == "," and not comma):
        return text
    fraction = (found[3] or "").rstrip("0")
    return float(f"{found[1]}.{fraction}") if fraction else int(found[1])


def cell(key: str, node: Scalar, offsets: Callable[[], list[int]], *, comma: bool = False) -> Node:
    """`node`, a cell as text, as what its column holds. `offsets` says where each of its
    characters is written, and where it ends."""
    if kind(key) == "array":
        return split(node, offsets)
    node.value = meaning(key, node.text, comma=comma)
    return node


def split(node: Scalar, offsets: Callable[[], list[int]]) -> Sequence:
    """A cell as the list that stands in it, each item at its own place."""
    listed = Sequence(node.start)
    listed.end = node.end
    parts = node.text.split("|")
    where = offsets() if len(parts) > 1 else []
    begin = 0
    for part in parts:
        text = part.strip()
        item = node
        if where:
            first = begin + part.find(text)
            item = Scalar(where[first], where[first + len(text)], node.style, text, text)
        begin += len(part) + 1
        listed.items.append(item)
        listed.value.append(text)
    return listed


def check_variations(document: Document, at: Path, row: Mapping, problems: Problems) -> None:
    """Note values of `vary` for which nothing is written, as behind the last | of ``wide|close|``:
    a slip that would be one more shot to pay for. (In quotes, as JSON has them, they are meant.)"""
    _, vary = row.entries.get("vary", (None, None))
    for name, (_, values) in vary.entries.items() if isinstance(vary, Mapping) else ():
        for index, value in enumerate(values.items if isinstance(values, Sequence) else ()):
            if isinstance(value, Scalar) and value.start == value.end:
                problems.add(
                    NodeOrigin(document, value, (*at, "vary", name, index)),
                    f"item {index + 1} of {name} is empty",
                    rule="empty",
                    hint="take the | away: each value makes a shot of its own",
                )
