"""The manifest's schema, checked by ours and by jsonschema as it comes."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from jsonschema.validators import extend

from r2vbatch import datafiles
from r2vbatch.manifest import schema

SCHEMA = json.loads((datafiles.folder("schemas") / "manifest.schema.json").read_text("utf-8"))
SHOT = SCHEMA["properties"]["shots"]["items"]["properties"]
AS_IT_COMES = extend(Draft202012Validator, {"pattern": schema._pattern})(SCHEMA)
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 12),
    st.sampled_from([-(2**31), 2**31 - 1, 2**31, 5.0, 5.5, float("nan")]),
    st.sampled_from(["", "a", "720P", "16:9", "1280*720", "single", "preview"]),
    st.lists(st.sampled_from(["", "ellen", 1]), max_size=2),
    st.dictionaries(st.sampled_from(["in_flight", "max_cost", "x-y", "z"]), st.integers(0, 2)),
)
KEYS = st.sampled_from([*SHOT, "x-note", "promt"])
NEARLY_RIGHT = st.dictionaries(KEYS, VALUES, max_size=2).map(
    lambda more: {"id": "a", "prompt": "b", **more}
)
SHOTS = st.lists(st.dictionaries(KEYS, VALUES) | NEARLY_RIGHT, max_size=3)
MANIFESTS = st.builds(
    lambda top, shots, defaults: {**top, "shots": shots, "defaults": defaults},
    st.dictionaries(st.sampled_from([*SCHEMA["properties"]]), VALUES),
    st.one_of(SHOTS, VALUES),
    st.dictionaries(st.sampled_from([*SHOT]), VALUES),
)


def told(validator: Any, manifest: Any) -> list[tuple[list[Any], list[Any], str]]:
    """Every error: where, by which rule, in what words."""
    return [
        (list(error.absolute_path), list(error.absolute_schema_path), error.message)
        for error in validator.iter_errors(manifest)
    ]


@given(MANIFESTS)
@example({"shots": [{"id": "a"}]})
@example({"shots": [{"id": "a", "prompt": "b", "vary": {}}]})
def test_a_glance_overlooks_nothing(manifest: Any) -> None:
    """Values taken as right at a glance are right: the errors are jsonschema's own, in order."""
    assert told(schema._validator(), manifest) == told(AS_IT_COMES, manifest)
