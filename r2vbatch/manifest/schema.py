"""The first gate: the manifest as written against `schemas/manifest.schema.json`.

jsonschema says what is wrong in terms of the schema and, for a missing or unknown key, only
near which mapping; here each of its errors becomes a sentence at the author's own key or
value. What failed is handed on as a set of paths, so that later stages leave it out and go on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from r2vbatch import datafiles
from r2vbatch.manifest import phrases
from r2vbatch.manifest.problems import Problems, listed
from r2vbatch.manifest.section import Bad
from r2vbatch.yamlsource import Document, Mapping, Path, Scalar

_Error = Any
"""A jsonschema ValidationError, whose own annotations say little (every field may be unset)."""

_MISPLACED: dict[tuple[Path, str], str] = dict.fromkeys(
    [(("defaults",), key) for key in ("id", "prompt", "vary")], "this belongs to each shot"
)
_NOTHING: Bad = frozenset()
_FIRST_OF_SEVERAL = ("type", "minLength", "enum", "const", "anyOf")
"""A value can fail in several ways at once; the first of these says it best."""


def check(document: Document, problems: Problems) -> Bad:
    """Note every schema error of `document`; return the paths of the values that failed."""
    assert document.root is not None
    return _tell(document, (), _validator().iter_errors(document.root.value), problems)


def check_shot(document: Document, path: Path, node: Mapping, problems: Problems) -> Bad:
    """The same for one shot of a table, which stands at `path`."""
    return _tell(document, path, _shot_validator().iter_errors(node.value), problems)


def shot_properties() -> dict[str, Any]:
    """The schemas of what a shot may hold, by key."""
    properties: dict[str, Any] = _shot_validator().schema["properties"]
    return properties


def _tell(document: Document, at: Path, errors: Iterator[_Error], problems: Problems) -> Bad:
    worst: dict[Path, _Error] = {}
    bad: set[Path] = set()
    for error in errors:
        path: Path = (*at, *error.absolute_path)
        if error.validator == "additionalProperties":
            bad.update(_unknown_keys(document, path, error, problems))
        elif error.validator == "required":
            _missing_keys(document, path, error, problems)
        else:
            bad.add(path)
            if path not in worst or _rank(error) < _rank(worst[path]):
                worst[path] = error
    for path, error in worst.items():
        _wrong_value(document, path, error, problems)
    return frozenset(bad) if bad else _NOTHING


def _rank(error: _Error) -> int:
    name = str(error.validator)
    return _FIRST_OF_SEVERAL.index(name) if name in _FIRST_OF_SEVERAL else len(_FIRST_OF_SEVERAL)


def _unknown_keys(
    document: Document, path: Path, error: _Error, problems: Problems
) -> Iterator[Path]:
    assert isinstance(error.instance, dict)
    known = list(error.schema["properties"])
    for key in error.instance:
        if key in known or key.startswith("x-"):
            continue
        hint = problems.suggestion(key, known, '"{}"')
        problems.add(
            document.key_origin((*path, key)),
            f'unknown key "{key}"{phrases.inside(path)}',
            rule="unknown-key",
            hint=_MISPLACED.get((path, key)) or hint or "keys of your own begin with x-",
        )
        yield (*path, key)


def _missing_keys(document: Document, path: Path, error: _Error, problems: Problems) -> None:
    assert isinstance(error.instance, dict)
    for key in error.validator_value:
        if key not in error.instance and (origin := document.absence(path, key)):
            problems.add(
                origin,
                f"{phrases.thing(path)} has no {key}",
                rule="missing-key",
                hint=phrases.example(key, document.pair),
            )


def _wrong_value(document: Document, path: Path, error: _Error, problems: Problems) -> None:
    origin = document.origin(path)
    node = document.node(path)
    written = node.text if isinstance(node, Scalar) else ""
    name, value = phrases.name(path), error.instance
    rule, hint = "wrong-value", ""
    limits: Any = error.schema
    match error.validator:
        case "type" | "enum" | "const" if value is None:
            rule, message = "no-value", f"{name} has no value"
            hint = phrases.without_value(path)
            origin = origin if written else document.key_origin(path)
        case "type":
            expected = error.validator_value
            rule = "wrong-type"
            is_fraction = isinstance(value, float) and expected == "integer"
            got = phrases.short(written) if is_fraction else phrases.got(value)
            message = f"{name} must be {phrases.wanted(path, expected)}, but this is {got}"
            hint = phrases.rewritten(path, expected, value, written, document.pair)
        case "enum":
            choice = [str(one) for one in error.validator_value]
            message = f"{name} must be {listed(choice)}, not {phrases.quoted(value, written)}"
            near = problems.nearest(written, choice) if written and ":" not in written else None
            hint = f"did you mean {near}?" if near else ""
        case "const":
            message = f"{name} must be {error.validator_value}"
            hint = f"write {name}: {error.validator_value}, the only version of the format so far"
        case "minLength" | "minItems" | "minProperties":
            rule, message = "empty", f"{name} is empty"
            hint = phrases.EMPTY.get(str(path[-1]) if path else "", "")
        case "minimum" | "maximum" if "minimum" in limits and "maximum" in limits:
            rule = "out-of-range"
            span = f"{limits['minimum']} to {limits['maximum']}"
            message = f"{name} must be {span}, not {phrases.short(written)}"
        case "minimum":
            rule, message = "out-of-range", f"{name} must be at least {limits['minimum']}"
        case "exclusiveMinimum" | "maximum":
            rule, message = "out-of-range", f"{name} must be above 0 and at most 1000"
        case _:
            form, hint = phrases.form(path, written, document.pair)
            message = f"{name} must be {form}, not {phrases.quoted(value, written)}"
            if path == ("endpoint",) and (near := problems.nearest(written, phrases.ENDPOINTS)):
                hint = f"did you mean {near}?"
    problems.add(origin, message, rule=rule, hint=hint)


def _pattern(_: Any, pattern: str, instance: Any, __: Any) -> Iterator[ValidationError]:
    """As the standard means it: ``$`` is the very end, not the place before a last newline."""
    if isinstance(instance, str) and not re.search(re.sub(r"\$$", r"\\Z", pattern), instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def _properties(
    validator: Any, properties: dict[str, Any], instance: Any, _: Any
) -> Iterator[ValidationError]:
    """As the standard means it. jsonschema's way down to a value costs as much as reading it did,
    and nearly every value is plainly right."""
    for name, schema in properties.items() if isinstance(instance, dict) else ():
        if name in instance and not _plainly_right(instance[name], schema):
            yield from validator.descend(instance[name], schema, path=name, schema_path=name)


def _items(
    validator: Any, schema: dict[str, Any], instance: Any, _: Any
) -> Iterator[ValidationError]:
    """The same for the elements of a list; nothing here has ``prefixItems``."""
    for index, value in enumerate(instance) if isinstance(instance, list) else ():
        if not _plainly_right(value, schema):
            yield from validator.descend(value, schema, path=index)


_TYPES = {str: "string", int: "integer", bool: "boolean", dict: "object"}
_TOLD = ("title", "description", "examples", "default", "type")
_GLANCED = frozenset((*_TOLD, "minLength", "minimum", "maximum"))
_GLANCED_OBJECT = frozenset(
    (*_TOLD, "properties", "patternProperties", "additionalProperties", "required")
)


def _plainly_right(value: Any, schema: dict[str, Any]) -> bool:
    """Whether a glance shows that `value` is what `schema` asks for."""
    kind = _TYPES.get(type(value))
    if kind is None or kind != schema.get("type"):
        return False
    if kind == "object":
        return _plain_object(value, schema)
    if not schema.keys() <= _GLANCED:
        return False
    if kind == "string":
        return len(value) >= int(schema.get("minLength", 0))
    return bool(schema.get("minimum", value) <= value <= schema.get("maximum", value))


def _plain_object(value: dict[str, Any], schema: dict[str, Any]) -> bool:
    """The same for an object with nothing but known keys; their names match no pattern."""
    if not schema.keys() <= _GLANCED_OBJECT:
        return False
    if any(name not in value for name in schema.get("required", ())):
        return False
    known = schema.get("properties", {})
    return all(name in known and _plainly_right(each, known[name]) for name, each in value.items())


@cache
def _validator() -> Any:
    file = datafiles.manifest_schema()
    schema = json.loads(file.read_text(encoding="utf-8"))
    ours = {"pattern": _pattern, "properties": _properties, "items": _items}
    strict: Any = extend(Draft202012Validator, ours)  # type: ignore[no-untyped-call]
    return strict(schema)


@cache
def _shot_validator() -> Any:
    whole = _validator()
    return whole.evolve(schema=whole.schema["properties"]["shots"]["items"])
