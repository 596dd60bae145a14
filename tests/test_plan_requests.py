"""Requests: what a take sends, on each model, in each form."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from storyboards import CATALOGUE, REFS, planned, storyboard

from r2vbatch.media import Expected
from r2vbatch.planning import expected, request

PROMPT = "@ellen greets @bunny, @chelsea between them."
SIZES = CATALOGUE.models["wan2.6-r2v"].sizes


def only(data: dict[str, Any], **keys: Any) -> dict[str, Any]:
    """The one request of a storyboard."""
    (take,) = planned(data, **keys).takes
    return request(take)


def test_cast_form_leaves_nothing_to_the_service() -> None:
    """Every parameter of the flash model is sent, in a fixed order of keys."""
    made = only(storyboard({"id": "a", "prompt": PROMPT, "negative_prompt": "rain", "seed": 7}))
    assert json.dumps(made) == json.dumps(
        {
            "model": "wan2.6-r2v-flash",
            "input": {
                "prompt": "character1 greets character2, character3 between them.",
                "negative_prompt": "rain",
                "reference_urls": [
                    "https://example.com/ellen.png",
                    "https://example.com/bunny.mp4",
                    "https://example.com/chelsea.png",
                ],
            },
            "parameters": {
                "size": "1280*720",
                "duration": 5,
                "audio": True,
                "shot_type": "single",
                "watermark": False,
                "seed": 7,
            },
        }
    )


def test_only_flash_is_asked_about_sound() -> None:
    """The other 2.6 model has no audio parameter: none is sent, and sound is expected."""
    (take,) = planned(storyboard({"id": "a", "prompt": PROMPT}, model="wan2.6-r2v")).takes
    assert list(request(take)["parameters"]) == ["size", "duration", "shot_type", "watermark"]
    assert expected(take).audio is True


def test_2_7_numbers_images_and_videos_apart() -> None:
    """The same storyboard in the words of 2.7: a media array, Image 1, Video 1, Image 2."""
    made = only(storyboard({"id": "a", "prompt": PROMPT}, model="wan2.7-r2v"))
    assert json.dumps(made) == json.dumps(
        {
            "model": "wan2.7-r2v",
            "input": {
                "prompt": "Image 1 greets Video 1, Image 2 between them.",
                "media": [
                    {"type": "reference_image", "url": "https://example.com/ellen.png"},
                    {"type": "reference_video", "url": "https://example.com/bunny.mp4"},
                    {"type": "reference_image", "url": "https://example.com/chelsea.png"},
                ],
            },
            "parameters": {
                "resolution": "720P",
                "ratio": "16:9",
                "duration": 5,
                "watermark": False,
            },
        }
    )


@pytest.mark.parametrize("form", ["cast", "reference"])
def test_prompt_extend_goes_where_it_is_written_and_known(form: str) -> None:
    """Either value to 2.7, in both forms, and another clip; to 2.6 neither, and the same clip."""
    shot = {"id": "a", "prompt": PROMPT}
    if form == "reference":
        shot = {"id": "a", "prompt": "Image 1", "references": ["https://example.com/a.png"]}
    sent, prints = {}, {}
    for model in CATALOGUE.models:
        for value in (None, True, False):
            asked = {} if value is None else {"prompt_extend": value}
            (take,) = planned(storyboard(shot | asked, model=model)).takes
            Draft202012Validator(CATALOGUE.models[model].request).validate(request(take))
            sent[model, value] = request(take)["parameters"].get("prompt_extend")
            prints.setdefault(model, set()).add(take.fingerprint)
    assert [sent["wan2.7-r2v", value] for value in (None, True, False)] == [None, True, False]
    assert {sent[model, value] for model, value in sent if model != "wan2.7-r2v"} == {None}
    assert [len(prints[model]) for model in sorted(prints)] == [1, 1, 3]


def test_explicit_cast_decides_the_order() -> None:
    """`cast` gives the order of the references; mentions follow it."""
    shot = {"id": "a", "prompt": PROMPT, "cast": ["chelsea", "bunny", "ellen"]}
    made = only(storyboard(shot))["input"]
    assert made["prompt"] == "character3 greets character2, character1 between them."
    assert [Path(url).stem for url in made["reference_urls"]] == ["chelsea", "bunny", "ellen"]


def test_reference_form_adds_no_key() -> None:
    """In reference form @ is plain text, and what was not written is not sent."""
    shot = {
        "id": "a",
        "prompt": "Character1 writes to a@b.example",
        "references": ["https://example.com/a.mp4"],
        "duration": 3,
    }
    made = only(storyboard(shot, defaults={"watermark": True}))
    assert made == {
        "model": "wan2.6-r2v-flash",
        "input": {
            "prompt": "Character1 writes to a@b.example",
            "reference_urls": ["https://example.com/a.mp4"],
        },
        "parameters": {"duration": 3, "watermark": True},
    }


@pytest.mark.parametrize("form", ["size", "words"])
@pytest.mark.parametrize("model", CATALOGUE.models)
@pytest.mark.parametrize(("tier", "ratio"), SIZES)
def test_ten_sizes_both_ways_on_every_model(tier: str, ratio: str, model: str, form: str) -> None:
    """Size as the service writes it, or resolution and ratio: each model gets its own words."""
    size = SIZES[tier, ratio]
    words = {"size": size} if form == "size" else {"resolution": tier, "ratio": ratio}
    (take,) = planned(storyboard({"id": "a", "prompt": PROMPT, **words}, model=model)).takes
    sent = request(take)["parameters"]
    if CATALOGUE.models[model].has("size"):
        width, height = map(int, size.split("*"))
        assert sent["size"] == size
        assert expected(take) == Expected(width, height, 5, True, cuts=0)
    else:
        assert (sent["resolution"], sent["ratio"]) == (tier, ratio)
        assert expected(take) == Expected(None, None, 5, True)
    Draft202012Validator(CATALOGUE.models[model].request).validate(request(take))


def test_each_take_has_its_seed() -> None:
    """Take N sends seed + N - 1; without a seed none is sent."""
    made = planned(
        storyboard(
            {"id": "a", "prompt": PROMPT, "takes": 3, "seed": 40},
            {"id": "b", "prompt": PROMPT, "takes": 2},
        )
    )
    seeds = [request(take)["parameters"].get("seed") for take in made.takes]
    assert seeds == [40, 41, 42, None, None]


def test_local_files_are_named_by_content(tmp_path: Path) -> None:
    """A file that will be uploaded shows its hash and its name, safe in a URL."""
    shutil.copy(REFS / "rocket.jpg", tmp_path / "my röcket #1.jpg")
    shot = {"id": "a", "prompt": "@r flies"}
    data = storyboard(shot, cast={"r": "my röcket #1.jpg"})
    sha256 = "c2dd0de7c538df8d111e479619b129464d0269d0ae5fd18ca91d33a7fdfea95c"
    name = "my%20r%C3%B6cket%20%231.jpg"
    assert only(data, folder=tmp_path)["input"]["reference_urls"] == [
        f"oss://PENDING/{sha256}/{name}"
    ]
    assert only(data, folder=tmp_path, facts={})["input"]["reference_urls"] == [
        f"oss://PENDING/unknown/{name}"
    ]


@pytest.mark.parametrize("model", CATALOGUE.models)
def test_uploaded_files_take_their_place(model: str) -> None:
    """What the references became is sent in their order; nothing else changes."""
    (take,) = planned(storyboard({"id": "a", "prompt": PROMPT}, model=model)).takes
    urls = [f"oss://bucket/{n}" for n in range(3)]
    made = request(take, urls)
    given = made["input"].get("reference_urls") or [m["url"] for m in made["input"]["media"]]
    assert given == urls
    assert made["input"]["prompt"] == request(take)["input"]["prompt"]
    assert made["parameters"] == request(take)["parameters"]


def test_a_whole_number_is_sent_as_one() -> None:
    """5.0 in YAML is a whole number to the schema; the service must not see a float."""
    made = only(storyboard({"id": "a", "prompt": PROMPT, "duration": 5.0}))
    assert json.dumps(made["parameters"]["duration"]) == "5"


def test_what_the_service_decides_is_not_expected() -> None:
    """In reference form nothing that was left out is held against the clip."""
    shot = {"id": "a", "prompt": "character1", "references": ["https://example.com/a.mp4"]}
    (take,) = planned(storyboard(shot)).takes
    assert expected(take) == Expected(None, None, None, None)
