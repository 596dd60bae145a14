"""What a scalar means by the YAML 1.2 core schema.

Only ``null``, ``true``, ``false``, numbers and ``~`` are more than text; ``on``, ``no``,
``12:30``, ``1_000`` and dates are text, and ``010`` is ten. (YAML 1.2.2, section 10.3.2.)
"""

from __future__ import annotations

import re

Plain = str | int | float | bool | None

TAGS = {
    "tag:yaml.org,2002:" + name: name
    for name in ("str", "int", "float", "bool", "null", "map", "seq")
}

_WORDS: dict[str, Plain] = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
_INT = re.compile(r"[-+]?[0-9]+\Z")
_OCT = re.compile(r"0o[0-7]+\Z")
_HEX = re.compile(r"0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_INF = re.compile(r"([-+]?)\.(?:inf|Inf|INF)\Z")
_NAN = frozenset((".nan", ".NaN", ".NAN"))
_NUMBER_START = frozenset("-+.0123456789")
_LONGEST_NUMBER = 400
"""Digits. More is no number anyone means, and Python refuses to read some of them."""


class BadNumber(ValueError):
    """A number with more digits than anything here could use."""


def resolve(text: str) -> Plain:
    """What the unquoted scalar `text` means. Raises BadNumber for an absurdly long one."""
    if text[:1] in _NUMBER_START and text:
        return _number(text)
    return _WORDS.get(text, text)


def tagged(text: str, tag: str) -> Plain:
    """`text` read as the core type `tag` (``str``, ``int`` …). Raises ValueError if it is not."""
    if tag == "str":
        return text
    value = resolve(text)
    if tag == "float" and type(value) is int:
        return float(value)
    if type(value).__name__ != {"null": "NoneType"}.get(tag, tag):
        raise ValueError(f"not a {tag}")
    return value


def _number(text: str) -> Plain:
    found: Plain
    if _INT.match(text):
        found = int(_short(text))
    elif _FLOAT.match(text):
        found = float(_short(text))
    elif _OCT.match(text):
        found = int(_short(text)[2:], 8)
    elif _HEX.match(text):
        found = int(_short(text)[2:], 16)
    elif infinite := _INF.match(text):
        found = float(infinite[1] + "inf")
    elif text in _NAN:
        found = float("nan")
    else:
        found = text
    return found


def _short(text: str) -> str:
    if len(text) > _LONGEST_NUMBER:
        raise BadNumber(f"a number of {len(text)} digits")
    return text
