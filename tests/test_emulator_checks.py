"""The form of a request: what the emulator refuses at once, what fails later, what it takes."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from emulator_calls import body
from hypothesis import given
from hypothesis import strategies as st

from r2vbatch.emulator.ask import Ask
from r2vbatch.emulator.checks import read
from r2vbatch.emulator.listing import listing
from r2vbatch.emulator.models import MODELS
from r2vbatch.emulator.options import Options
from r2vbatch.emulator.readings import strictest
from r2vbatch.emulator.refusals import CODES, Refusal
from r2vbatch.emulator.service import Service

CASES = yaml.safe_load((Path(__file__).parent / "emulator_checks.yaml").read_text())
BOTH = ("wan2.6-r2v-flash", "wan2.6-r2v")
NEWEST = ("wan2.7-r2v", "wan2.7-r2v-2026-06-12")
IN_MEDIA = {  # what makes a good request of 2.6 one of 2.7
    "prompt": "Image 1 waves",
    "reference_urls": None,
    "media": [{"type": "reference_image", "url": "https://media.invalid/a.png"}],
    "size": None,
    "resolution": "720P",
    "ratio": "16:9",
}


def outcome(request, options):
    """The request as understood, or the refusal."""
    try:
        return read(request, options)
    except Refusal as refused:
        return refused


def changed(model, changes):
    """A good request of `model` with changes: of whole parts, or of keys wherever they belong."""
    good = IN_MEDIA if model in NEWEST else {}
    request = body(**{"audio": None, "model": model} | good | changes)
    parts = {"extend_prompt": "input", "style": "input", "fps": "parameters"}
    for name in parts.keys() & request.keys():
        request[parts[name]][name] = request.pop(name)
    return request


@pytest.mark.parametrize(
    ("case", "model"),
    [
        pytest.param(case, model, id=f"{case['shows']}, {model}")
        for case in CASES
        for model in case.get("models", BOTH)
    ],
)
def test_each_rule_of_each_model(case, model):
    """The file's cases: status, code and words of a refusal, or what was understood."""
    request = changed(model, case["with"]) if "with" in case else case["body"]
    if isinstance(request, dict) and "with" not in case:
        request = {"model": model, **request}
    found = outcome(request, Options(**case.get("switches", {})))
    if "refused" in case:
        status, code, words = case["refused"]
        assert isinstance(found, Refusal)
        assert (found.status, found.code) == (status, code)
        assert found.message.endswith(words)
    elif "fails" in case:
        assert isinstance(found, Ask) and found.later.code == case["fails"]
    else:
        assert isinstance(found, Ask) and found.later is None and found.model == model
        assert {name: getattr(found, name) for name in case["asks"]} == case["asks"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
LOOSE = st.fixed_dictionaries(
    {"model": st.sampled_from(MODELS)},
    optional={
        "input": st.dictionaries(
            st.sampled_from(["prompt", "negative_prompt", "reference_urls", "media"]), JSON
        )
        | JSON,
        "parameters": st.dictionaries(
            st.sampled_from(
                ["size", "duration", "seed", "audio", "shot_type", "resolution", "ratio"]
            ),
            JSON,
        )
        | JSON,
    },
)


TIMES = st.from_regex(r"\A([0-9]{14}|00010101000000|99991231235959)\Z") | st.text(max_size=15)
QUERIES = st.dictionaries(
    st.sampled_from(["start_time", "end_time"]), TIMES, max_size=2
) | st.dictionaries(
    st.sampled_from(["page_no", "page_size", "status", "task_id", "region", "model_name"]),
    st.integers(-1, 200).map(str)
    | st.text(max_size=5)
    | st.sampled_from(["FAILED", "²", "9" * 5000]),
    max_size=4,
)


@given(QUERIES, st.sampled_from(["refuse", "cut"]))
def test_any_list_is_answered_or_refused(query, window):
    """Whatever is asked of the list, the answer is a page or InvalidParameter."""
    options = Options(list_window=window)
    service = Service(options, lambda: 1_800_000_000.0)
    try:
        page = listing(service.authorize("Bearer sk-one"), query, options, now=service.now())
    except Refusal as refused:
        assert (refused.status, refused.code) == (400, "InvalidParameter")
    else:
        assert page["total"] == 0 and 1 <= page["page_size"] <= 100


SWITCHED = [
    Options(),
    Options(values_refused="later", unknown_keys="refuse"),
    *(Options(region=region, **strictest(region)) for region in ("cn-beijing", "us-east-1")),
]


@given(LOOSE | JSON, st.sampled_from(SWITCHED))
def test_any_json_is_understood_or_refused(request_body, options):
    """Whatever is sent, the answer is an understood request or a documented code."""
    found = outcome(request_body, options)
    assert isinstance(found, Ask) or (found.status in (400, 404) and found.code in CODES)
