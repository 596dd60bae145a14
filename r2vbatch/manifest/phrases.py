"""The words in which schema errors are told: names of values, their types, and what to write."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from r2vbatch.manifest.problems import listed
from r2vbatch.yamlsource import Path

Pair = Callable[[str, str | Sequence[str]], str]
"""How a key with its value is written in the file at hand (see `Document.pair`)."""

ENDPOINTS = ("preview", "singapore", "beijing", "virginia", "frankfurt")
EXAMPLES = {
    "version": ("add this line: {}", "1"),
    "model": ("add this line: {}", "wan2.6-r2v-flash"),
    "shots": ("add shots: and under it a list, each item with id and prompt", ""),
    "id": ("give it one, such as {}; it names the clip", "sh010"),
    "prompt": ("add what is asked for, such as {}", '"@ellen waves."'),
}
"""What to do about a key that is missing, and the value it is shown with."""
NEEDED = {
    ("version",): "write version: 1",
    ("model",): "write model: wan2.6-r2v-flash",
    ("shots",): "a list follows it, each item with id and prompt",
    ("shots", "id"): "give it one, such as id: sh010; it names the clip",
    ("shots", "prompt"): 'say what is asked for, such as prompt: "@ellen waves."',
}
"""Keys that cannot be left out, by where they stand."""
EMPTY = {
    "shots": "a storyboard needs at least one shot, with id and prompt",
    "prompt": "say what is asked for",
    "vary": "name at least one list of values, or remove the key",
}
_TYPES = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "string": "text",
    "array": "a list",
    "object": "a mapping of keys to values",
}
_FORMS = {
    "size": ("width*height in pixels", "write it as the service does: {}"),
    "max_cost": ("an amount and USD or CNY", "write it so: max_cost: 6.00 USD"),
    "workspace": ("a workspace id", "letters, digits, - and _ only"),
    "endpoint": (
        "preview, a region or a URL that ends in /api/v1",
        "regions: " + ", ".join(ENDPOINTS[1:]),
    ),
}


def example(key: str, pair: Pair) -> str:
    """What to do about a missing `key`."""
    text, value = EXAMPLES.get(key, ("", ""))
    return text.format(pair(key, value))


def name(path: Path) -> str:
    """What to call the value at `path` in a sentence."""
    if not path:
        return "the manifest"
    last = path[-1]
    if isinstance(last, int):
        return f"shot {last + 1}" if path[:1] == ("shots",) and len(path) == 2 else _item(path)
    if len(path) == 2 and path[0] in ("cast", "vars"):
        return f"the {'cast entry' if path[0] == 'cast' else 'variable'} {last}"
    return last


def _item(path: Path) -> str:
    return f"item {int(path[-1]) + 1} of {path[-2]}"


def thing(path: Path) -> str:
    """The mapping at `path` as something that has keys."""
    return "this shot" if path[:1] == ("shots",) else name(path)


def inside(path: Path) -> str:
    """Where an unknown key stands, when it is not obvious."""
    if not path:
        return ""
    return " in a shot" if path[0] == "shots" else f" in {name(path)}"


def without_value(path: Path) -> str:
    """What to do about a key without a value."""
    key = tuple(str(step) for step in path if isinstance(step, str))
    return NEEDED.get(key) or "give it one, or remove the key"


def types(expected: str | Sequence[str]) -> str:
    """JSON Schema type names in the words of an author."""
    return listed([_TYPES[one] for one in ([expected] if isinstance(expected, str) else expected)])


def wanted(path: Path, expected: str | Sequence[str]) -> str:
    """What the value at `path` must be, when it is not even of the right type."""
    if len(path) == 2 and path[0] == "cast":
        return "a path or a URL, or image: or video: with one"
    return types(expected)


def got(value: Any) -> str:
    """What a wrong value is, in the words of an author; never a whole sub-document."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
        case _:
            return "a mapping of keys to values"


def quoted(value: Any, written: str) -> str:
    """A wrong value in a sentence, shortened."""
    if isinstance(value, list | dict) or value is None:
        return got(value)
    return f'"{short(written)}"' if isinstance(value, str) else short(written)


def short(text: str, most: int = 40) -> str:
    """`text` cut so that a message stays one line."""
    return text if len(text) <= most else text[: most - 1] + "…"


def rewritten(
    path: Path, expected: str | Sequence[str], value: Any, written: str, pair: Pair
) -> str:
    """What to write instead of a value of the wrong type, where that can be told."""
    wanted = {expected} if isinstance(expected, str) else set(expected)
    if path == ("budget",) and isinstance(value, str | int | float):
        return "write budget: {max_cost: 6.00 USD}"
    here = partial(pair, "" if not path or isinstance(path[-1], int) else path[-1])
    if isinstance(value, str):
        number = re.match(r"\s*(\d+)(\.\d+)?\s*(s|sec|seconds?)?\s*\Z", value)
        if number and wanted & {"integer", "number"} and not (number[2] and "integer" in wanted):
            return f"write {here(number[1] + (number[2] or ''))}"
        truth = {"yes": "true", "on": "true", "true": "true"} | dict.fromkeys(
            ("no", "off", "false"), "false"
        )
        if "boolean" in wanted and value.strip().lower() in truth:
            return f"write {here(truth[value.strip().lower()])}"
        if "array" in wanted:
            return f"write it as a list: {here([short(written)])}"
        if "object" in wanted and path[0] == "shots":
            return "write - id: sh010 and, below it, prompt: with the text"
    elif isinstance(value, int | float) and "string" in wanted:
        if path[-1] in _FORMS:
            return form(path, written, pair)[1]
        if path[0] == "cast":
            return ""
        return f"put it in quotes: {here(_in_quotes(short(written)))}"
    elif isinstance(value, dict) and path == ("shots",):
        return "write them as a list, each with a dash in front: - id: sh010"
    elif isinstance(value, dict) and len(value) == 1 and wanted & {"string"}:
        return "a text that holds a colon and a space, or begins with {, needs quotes around it"
    return ""


def _in_quotes(text: str) -> str:
    return f'"{text}"'


def form(path: Path, written: str, pair: Pair) -> tuple[str, str]:
    """How a value that failed a pattern must look, and the hint."""
    key = str(path[-1])
    look, hint = _FORMS.get(key, ("written in another way", ""))
    if key == "size":
        hint = hint.format(pair(key, "1280*720"))
    if key == "size" and (sides := re.match(r"\s*(\d+)\s*[xX×*,/ ]\s*(\d+)\s*\Z", written)):
        hint = f"write {pair(key, f'{sides[1]}*{sides[2]}')}"
    elif key == "size" and re.fullmatch(r"\d+[pP]", written):
        hint = f"write {pair('resolution', written.upper())}"
    elif key == "size" and re.fullmatch(r"\d+:\d+", written):
        hint = f"write {pair('ratio', _in_quotes(written))}"
    elif key == "endpoint" and re.match(r"https?://[^/\s]+/?\Z", written):
        hint = f"write endpoint: {written.rstrip('/')}/api/v1"
    elif key == "endpoint" and re.match(r"(?s)https?://.*/api/v1\Z", written):
        hint = "its host and path hold letters, digits, . _ and - only: no name, no escapes"
    return look, hint
