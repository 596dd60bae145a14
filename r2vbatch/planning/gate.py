"""The second gate: a request as sent, held to its model's JSON Schema.

What differs from shot to shot, words and links, is no matter of a schema; what does matter,
the parameters and the kinds of the references, comes in few combinations. So each combination
is checked once, in a request whose words and links are stand-ins. Problems are told by
parameter; ``lint`` finds the line of the manifest.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator, ValidationError

from r2vbatch.catalogue import Model
from r2vbatch.manifest.model import MediaKind
from r2vbatch.manifest.phrases import short

_SIZE = re.compile(r"\s*0*([1-9][0-9]{0,5})\s*\*\s*0*([1-9][0-9]{0,5})\s*")
"""``W*H``, of sides that a picture can have."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A parameter that the model would refuse."""

    parameter: str
    message: str
    hint: str


class Gate:
    """Remembers what it has checked; one for each plan."""

    def __init__(self) -> None:
        self._validators: dict[str, Draft202012Validator] = {}
        self._found: dict[object, tuple[Fault, ...]] = {}

    def faults(
        self, model: Model, parameters: Mapping[str, Any], kinds: Iterable[MediaKind | None]
    ) -> tuple[Fault, ...]:
        """What the schema of `model` has against such a request."""
        given = tuple(sorted({kind or "image" for kind in kinds}))
        # True equals 1 to a dictionary, but not to a schema
        key = (model.name, tuple((k, type(v), v) for k, v in parameters.items()), given)
        if key not in self._found:
            self._found[key] = tuple(self._check(model, parameters, given))
        return self._found[key]

    def _check(
        self, model: Model, parameters: Mapping[str, Any], kinds: Sequence[str]
    ) -> Iterator[Fault]:
        validator = self._validators.get(model.name)
        if validator is None:
            validator = self._validators[model.name] = Draft202012Validator(model.request)
        request = {
            "model": model.name,
            "input": {"prompt": "words", model.naming.field: _stand_ins(model, kinds)},
            "parameters": dict(parameters),
        }
        seen = set()
        for error in validator.iter_errors(request):
            parameter = str(error.absolute_path[-1]) if error.absolute_path else ""
            if parameter not in seen:
                seen.add(parameter)
                yield _fault(model, parameter, error)


def _stand_ins(model: Model, kinds: Sequence[str]) -> list[Any]:
    link = "https://example.com/reference"
    if model.naming.field == "reference_urls":
        return [link]
    return [{"type": f"reference_{kind}", "url": link} for kind in kinds or ["image"]]


def _fault(model: Model, parameter: str, error: ValidationError) -> Fault:
    name = model.name or "any model"
    schema = model.parameters.get(parameter, {})
    value = error.instance
    if error.validator in ("minimum", "maximum"):
        least, most = schema["minimum"], schema["maximum"]
        if error.validator == "maximum":
            most = error.validator_value
        conditional = " with a reference video" if "then" in error.absolute_schema_path else ""
        unit = " seconds" if parameter == "duration" else ""
        message = (
            f"{parameter} must be {least} to {most}{unit} for {name}{conditional},"
            f" not {short(str(value))}"
        )
        return Fault(parameter, message, f"the nearest is {min(max(value, least), most)}")
    if error.validator == "enum":
        message = f"{parameter} {short(str(value))} is not one that {name} makes"
        return Fault(parameter, message, nearest(value, schema["enum"]))
    return Fault(parameter, f"{parameter}: {error.message}", "")


def nearest(value: object, choices: Sequence[str]) -> str:
    """A hint that names the choice closest to `value`, and all of them."""
    listed = "known: " + ", ".join(choices)
    wanted = _pixels(str(value).lower().replace("x", "*").replace("×", "*"))
    if wanted:
        sizes = [size for size in choices if _pixels(size)]
        if sizes:
            return f"did you mean {min(sizes, key=lambda s: _apart(_pixels(s), wanted))}? {listed}"
    close = difflib.get_close_matches(str(value).upper(), choices, n=1)
    return f"did you mean {close[0]}? {listed}" if close else listed


def _pixels(size: str) -> tuple[int, int] | None:
    sides = _SIZE.fullmatch(size)
    return (int(sides[1]), int(sides[2])) if sides else None


def _apart(one: tuple[int, int] | None, other: tuple[int, int]) -> float:
    """How different two sizes look: shape counts double, then area."""
    if one is None:
        return math.inf
    shape = math.log(one[0] / one[1] / (other[0] / other[1]))
    area = math.log(one[0] * one[1] / (other[0] * other[1]))
    return 2 * abs(shape) + abs(area)
