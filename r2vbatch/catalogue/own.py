"""A catalogue file of the user's own: another price, another limit, another model of the family.

YAML (or JSON), so that its errors have a line and a column like a manifest's. What it says is laid
over what ships: a model that is known is changed, a new one is ``like:`` a known one but for what
is written. The outcome is held to the rules that the shipped data keep, each broken one told at
the model that breaks it.
"""

from __future__ import annotations

import copy
import difflib
import json
import math
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from r2vbatch import datafiles
from r2vbatch.catalogue.data import Raw, model_of, raw
from r2vbatch.catalogue.model import Catalogue, Model, Own
from r2vbatch.diagnostics import Diagnostic, in_order
from r2vbatch.errors import ManifestInvalid
from r2vbatch.yamlsource import Document, parse, read_text
from r2vbatch.yamlsource import Mapping as MappingNode
from r2vbatch.yamlsource import Path as Place

_RULE = "catalogue"


def read(file: Path) -> Catalogue:
    """What ships, with `file` laid over it.

    Raises:
        ManifestInvalid: the file has errors; ``diagnostics`` holds all of them.
    """
    text = read_text(file, str(file))
    if isinstance(text, Diagnostic):
        raise ManifestInvalid([text])
    return of_text(text, str(file))


def of_text(text: str, shown: str) -> Catalogue:
    """The same from a text that is kept; `shown` is its name in messages."""
    document, diagnostics = parse(text, shown)
    found = list(diagnostics)
    models: dict[str, Model] = {}
    if document.root is not None:
        found += _form(document)
        if not found:
            models = _laid_over(document, found)
    if found:
        raise ManifestInvalid(in_order(found))
    return Catalogue(models, Own(shown, text))


def _form(document: Document) -> Iterator[Diagnostic]:
    """What the schema of such a file has against it, each at its deepest cause."""
    assert document.root is not None
    for error in _validator().iter_errors(document.root.value):
        yield from _told(document, error)
    for path in _not_numbers(document.root.value, ()):
        yield _at(document, path, "this is not a number")


def _not_numbers(value: Any, path: Place) -> Iterator[Place]:
    """Where ``.nan`` stands: the one number that no schema can keep out."""
    if isinstance(value, dict | list):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _not_numbers(part, (*path, key))
    elif isinstance(value, float) and math.isnan(value):
        yield path


def _told(document: Document, error: ValidationError) -> Iterator[Diagnostic]:
    path: Place = tuple(error.absolute_path)
    schema: Any = error.schema
    instance: Any = error.instance
    wanted = schema.get("description") or _kind(schema)
    if error.validator == "additionalProperties":
        known = list(schema["properties"])
        for key in instance.keys() - set(known):
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
            yield _at(document, (*path, key), f'unknown key "{key}"', hint, key=True)
    elif error.validator == "required":
        missing = next(key for key in schema["required"] if key not in instance)
        hint = f"known: {', '.join(schema['properties'])}"
        yield _at(document, path, f"this has no {missing}", hint, key=True)
    elif "propertyNames" in error.absolute_schema_path:
        yield _at(document, (*path, instance), f"{instance} is not {wanted}", key=True)
    elif error.validator in ("minProperties", "minItems"):
        yield _at(document, path, "this is empty")
    elif isinstance(instance, dict | list) or instance is None:
        yield _at(document, path, f"this must be {wanted}")
    else:
        yield _at(document, path, f"{instance} is not {wanted}")


def _kind(schema: Mapping[str, Any]) -> str:
    """What is wanted, in words."""
    if "enum" in schema:
        return "one of " + ", ".join(schema["enum"])
    kinds = {
        "array": "a list", "boolean": "true or false", "integer": "a whole number, 1 or more",
        "number": "a number above 0", "object": "keys with values", "string": "text",
    }  # fmt: skip
    written = schema["type"]
    return " or ".join(kinds[kind] for kind in ([written] if isinstance(written, str) else written)
                       if kind in kinds)  # fmt: skip


def _laid_over(document: Document, found: list[Diagnostic]) -> dict[str, Model]:
    """All models; what is wrong with the outcome is added to `found`."""
    shipped = raw()
    models = {name: model_of(*parts) for name, parts in shipped.items()}
    assert isinstance(document.root, MappingNode)
    written: Any = document.root.value["models"]
    for name, said in written.items():
        place: Place = ("models", name)
        base = said.get("like", name)
        if base not in shipped:
            found.append(_no_base(document, place, name, said, shipped))
            continue
        if "like" in said and name in shipped:
            told = f"{name} ships with the program; like: is for a new model"
            found.append(
                _at(document, (*place, "like"), told, "leave it out, or choose a new name")
            )
            continue
        data, request = copy.deepcopy(shipped[base])
        if "audio" in said.get("files", {}) and "audio" not in data["files"]:
            told = f"{base} takes no voices"
            found.append(_at(document, (*place, "files", "audio"), told, key=True))
            continue
        parameters = request["properties"]["parameters"]
        _lay({"properties": said.get("parameters", {})}, parameters)
        _lay({k: v for k, v in said.items() if k not in {"like", "parameters"}}, data)
        if lacking := list(_lacking(document, (*place, "prices"), data["prices"])):
            found += lacking
            continue
        data["model"] = request["properties"]["model"]["const"] = name
        models[name] = model_of(data, request, like=base)
    found += _oddities(document, models, written)
    found += _upside_down(document, models, written)
    return models


def _no_base(
    document: Document, place: Place, name: str, said: Mapping[str, Any], shipped: Raw
) -> Diagnostic:
    known = ", ".join(shipped)
    if "like" in said:
        near = difflib.get_close_matches(said["like"], shipped, n=1)
        hint = f"did you mean {near[0]}? known: {known}" if near else f"known: {known}"
        return _at(document, (*place, "like"), f"there is no model {said['like']}", hint)
    hint = f"a new model says which one it is like: {known}"
    return _at(document, place, f"there is no model {name}", hint, key=True)


def _lacking(document: Document, place: Place, prices: Mapping[str, Any]) -> Iterator[Diagnostic]:
    """What a new price table leaves out."""
    for region, table in prices.items():
        for key in ("currency", "per_second"):
            if key not in table:
                yield _at(document, (*place, region), f"these prices have no {key}", key=True)
        if "sound" not in table.get("per_second", ["sound"]):
            told = "these prices have none for clips with sound"
            yield _at(document, (*place, region, "per_second"), told, "write sound: {…}")


def _oddities(
    document: Document, models: Mapping[str, Model], written: Mapping[str, Any]
) -> Iterator[Diagnostic]:
    """What no schema can say of the prices: a region has one currency, a model a price for every
    tier."""
    currencies = {
        region: prices.currency
        for name, model in models.items()
        for region, prices in model.prices.items()
        if "currency" not in written.get(name, {}).get("prices", {}).get(region, {})
    }
    for name in written.keys() & models.keys():
        for region, prices in models[name].prices.items():
            place: Place = ("models", name, "prices", region)
            usual = currencies.setdefault(region, prices.currency)
            if prices.currency != usual:
                told = f"the other prices of {region} are in {usual}"
                yield _at(document, (*place, "currency"), told, "currencies are never converted")
            for sound, tiers in prices.per_second.items():
                for tier in models[name].tiers:
                    if tier not in tiers:
                        told = f"{sound} has no price for {tier}"
                        yield _at(document, (*place, "per_second", sound), told, key=True)


def _upside_down(
    document: Document, models: Mapping[str, Model], written: Mapping[str, Any]
) -> Iterator[Diagnostic]:
    """Spans of seconds that hold nothing, or not what the service is said to take by itself."""
    for name in written.keys() & models.keys():
        span = models[name].parameters["duration"]
        least, usual, most = span["minimum"], span["default"], span["maximum"]
        place: Place = ("models", name, "parameters", "duration")
        if "duration" in written[name].get("parameters", {}) and not least <= usual <= most:
            told = (
                f"{name} would take {least} to {most} seconds, and {usual} where none are asked for"
            )
            yield _at(document, place, told, "write minimum, default and maximum", key=True)


def _lay(over: Mapping[str, Any], under: dict[str, Any]) -> None:
    """Lay `over` on `under`: mappings key by key, null takes a key away, all else replaces."""
    for key, value in over.items():
        if value is None:
            under.pop(key, None)
        elif isinstance(value, dict) and isinstance(under.get(key), dict):
            _lay(value, under[key])
        else:
            under[key] = value


def _at(
    document: Document, path: Place, message: str, hint: str = "", *, key: bool = False
) -> Diagnostic:
    """A diagnostic at the value of `path`, or at its key."""
    origin = document.key_origin(path) if key and path else document.origin(path)
    return Diagnostic(origin.at(), message, rule=_RULE, path=origin.path, hint=hint)


@cache
def _validator() -> Draft202012Validator:
    file = datafiles.folder("schemas") / "catalogue.schema.json"
    return Draft202012Validator(json.loads(file.read_text("utf-8")))
