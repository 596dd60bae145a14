"""The catalogue: its data files agree with each other and with what was published."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from jsonschema import Draft202012Validator

from r2vbatch import catalogue, datafiles

CATALOGUE = catalogue.load()
MODELS = list(CATALOGUE.models.values())
each_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)

TEN_SIZES = {
    "16:9": ("1280*720", "1920*1080"),
    "9:16": ("720*1280", "1080*1920"),
    "1:1": ("960*960", "1440*1440"),
    "4:3": ("1088*832", "1632*1248"),
    "3:4": ("832*1088", "1248*1632"),
}


def test_the_three_models_are_there() -> None:
    """The family that the program knows."""
    assert set(CATALOGUE.models) == {"wan2.6-r2v-flash", "wan2.6-r2v", "wan2.7-r2v"}


@each_model
def test_request_schemas_are_schemas(model: catalogue.Model) -> None:
    """Each request schema is valid draft 2020-12, and is about its own model."""
    Draft202012Validator.check_schema(model.request)
    assert model.request["properties"]["model"]["const"] == model.name


@each_model
def test_every_parameter_is_described(model: catalogue.Model) -> None:
    """A title, a description and a type on each; the service's default obeys its own range."""
    for name, schema in model.parameters.items():
        assert schema["title"] and schema["description"] and schema["type"], name
        if "default" in schema:
            Draft202012Validator(schema).validate(schema["default"])


@each_model
@pytest.mark.parametrize("ratio", TEN_SIZES)
def test_the_ten_sizes(model: catalogue.Model, ratio: str) -> None:
    """Tier and ratio to W*H, and back, as in the service's table."""
    for tier, size in zip(("720P", "1080P"), TEN_SIZES[ratio], strict=True):
        assert model.sizes[tier, ratio] == size
        assert model.by_size[size] == (tier, ratio)


@each_model
def test_sizes_agree_with_the_schema(model: catalogue.Model) -> None:
    """What the table of sizes names is what the schema accepts, and no more."""
    if model.has("size"):
        assert set(model.parameters["size"]["enum"]) == set(model.sizes.values())
    else:
        assert {tier for tier, _ in model.sizes} == set(model.parameters["resolution"]["enum"])
        assert {ratio for _, ratio in model.sizes} == set(model.parameters["ratio"]["enum"])


@each_model
def test_every_region_has_a_price(model: catalogue.Model) -> None:
    """A model has a price wherever it is offered, and for each tier."""
    assert set(model.prices) == set(model.regions)
    for prices in model.prices.values():
        for tier, _ in model.sizes:
            assert prices.of(tier, audio=True) > 0


@pytest.mark.parametrize(
    ("name", "region", "tier", "audio", "price"),
    [
        ("wan2.6-r2v-flash", "singapore", "720P", True, "0.05"),
        ("wan2.6-r2v-flash", "singapore", "1080P", True, "0.075"),
        ("wan2.6-r2v-flash", "singapore", "720P", False, "0.025"),
        ("wan2.6-r2v-flash", "singapore", "1080P", False, "0.0375"),
        ("wan2.6-r2v-flash", "beijing", "720P", True, "0.3"),
        ("wan2.6-r2v-flash", "beijing", "1080P", False, "0.25"),
        ("wan2.6-r2v", "singapore", "1080P", True, "0.15"),
        ("wan2.6-r2v", "virginia", "720P", True, "0.6"),
        ("wan2.7-r2v", "beijing", "1080P", True, "1.0"),
    ],
)
def test_published_prices(name: str, region: str, tier: str, audio: bool, price: str) -> None:
    """Prices per second as published, exact."""
    model = CATALOGUE.models[name]
    assert model.prices[region].of(tier, audio=audio) == Decimal(price)


@pytest.mark.parametrize("region", CATALOGUE.regions)
def test_one_currency_in_a_region(region: str) -> None:
    """A region's models are all priced in one currency, so a batch has one total."""
    currencies = {m.prices[region].currency for m in MODELS if region in m.prices}
    assert currencies == {CATALOGUE.currency(region)}
    assert CATALOGUE.read(region) >= "2026"


@pytest.mark.parametrize(
    ("references", "cap"), [(1, "5"), (2, "2.5"), (3, "1.65"), (4, "1.25"), (5, "1")]
)
def test_published_input_caps(references: int, cap: str) -> None:
    """2.6 counts all references; note 1.65, not 1.667."""
    rule = CATALOGUE.models["wan2.6-r2v"].input_cap
    assert rule.per_video(references, videos=1) == Decimal(cap)


def test_only_videos_share_the_cap_of_2_7() -> None:
    """2.7 divides five seconds by the number of videos, whatever images there are."""
    rule = CATALOGUE.models["wan2.7-r2v"].input_cap
    assert rule.per_video(5, videos=1) == 5
    assert rule.per_video(5, videos=2) == Decimal("2.5")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("wan2.6-r2v-flsh", "wan2.6-r2v-flash"),
        ("WAN2.7-R2V", "wan2.7-r2v"),
        ("wan26-r2v", "wan2.6-r2v"),
        ("sora", None),
    ],
)
def test_suggestions(typed: str, meant: str | None) -> None:
    """A misspelt model name is recognised, a foreign one is not."""
    assert CATALOGUE.model(typed) is None
    assert CATALOGUE.suggest(typed) == meant


@each_model
def test_the_widest_model_accepts_what_any_accepts(model: catalogue.Model) -> None:
    """Nothing that some model makes is refused for a model that nobody knows."""
    for name, schema in model.parameters.items():
        widest = CATALOGUE.widest.parameters[name]
        for value in [*schema.get("enum", ()), *(schema[k] for k in schema if k[-4:] == "imum")]:
            Draft202012Validator(widest).validate(value)


def test_model_files_name_themselves() -> None:
    """A file is called after its model, so that a person finds it."""
    for file in (datafiles.folder("schemas") / "models").iterdir():
        assert json.loads(file.read_text("utf-8"))["model"] == file.stem
