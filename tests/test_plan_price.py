"""Prices: the published rule, to the cent."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from storyboards import CATALOGUE, REFS, planned, storyboard

from r2vbatch.catalogue.own import of_text
from r2vbatch.emulator.ask import usage
from r2vbatch.emulator.checks import read as understood
from r2vbatch.emulator.options import Options
from r2vbatch.errors import UsageProblem
from r2vbatch.manifest.model import MediaKind, Money
from r2vbatch.media import FileFacts
from r2vbatch.planning import request

VIDEO = str(REFS / "bunny.mp4")
IMAGE = str(REFS / "rocket.jpg")


def estimate(
    videos: list[str | None], images: int, *, region: str = "preview", **shot: Any
) -> tuple[Decimal, Money | None, bool]:
    """Price of one shot with reference videos of given lengths (None: remote) and images."""
    model = shot.pop("model", "wan2.6-r2v-flash")
    cast: dict[str, dict[str, str]] = {}
    for number, length in enumerate(videos):
        cast[f"v{number}x"] = {"video": "https://e.com/a.mp4" if length is None else VIDEO}
    cast |= {f"i{number}x": {"image": IMAGE} for number in range(images)}
    prompt = ", ".join(f"@{name}" for name in cast)
    lengths = {length for length in videos if length is not None}
    assert len(lengths) <= 1, "one file, one length"
    facts = {Path(IMAGE): FileFacts("1", 1, "image", None, 512, 512, "PNG")} | {
        Path(VIDEO): FileFacts("0", 1, "video", Decimal(length), 1280, 720, "MP4")
        for length in lengths
    }
    data = storyboard({"id": "a", "prompt": prompt, **shot}, model=model, cast=cast)
    (take,) = planned({**data, "endpoint": region}, facts=facts).takes
    return take.estimate.seconds, take.estimate.cost, take.estimate.exact


def usd(amount: str) -> Money:
    return Money(Decimal(amount), "USD")


def cny(amount: str) -> Money:
    return Money(Decimal(amount), "CNY")


def test_worked_example() -> None:
    """Two videos of 8 s and two images, 10 s of output: 2 x 1.25 + 10 = 12.5 billed seconds."""
    assert estimate(["8", "8"], 2, duration=10) == (Decimal("12.5"), usd("0.625"), True)


@pytest.mark.parametrize(
    ("videos", "images", "seconds"),
    [
        ([], 1, "5"),
        ([], 5, "5"),
        (["8"], 0, "10"),
        (["8"], 1, "7.5"),
        (["8"], 2, "6.65"),
        (["8"], 3, "6.25"),
        (["8"], 4, "6"),
        (["8", "8"], 0, "10"),
        (["8", "8", "8"], 0, "9.95"),
        (["8", "8", "8"], 2, "8"),
        (["1.5"], 0, "6.5"),
        (["1.5"], 1, "6.5"),
        (["1.5"], 2, "6.5"),
        (["1.5"], 3, "6.25"),
    ],
)
def test_input_seconds_of_2_6(videos: list[str | None], images: int, seconds: str) -> None:
    """Each video up to the cap that falls with the number of references; images are free."""
    assert estimate(videos, images)[0] == Decimal(seconds)


@pytest.mark.parametrize(
    ("videos", "images", "seconds"),
    [(["8"], 4, "10"), (["8", "8"], 3, "10"), (["8"] * 3, 0, "10"), (["1"] * 3, 0, "8")],
)
def test_input_seconds_of_2_7(videos: list[str | None], images: int, seconds: str) -> None:
    """Only videos share the five seconds, and never more than five are billed."""
    assert estimate(videos, images, model="wan2.7-r2v")[0] == Decimal(seconds)


def test_unknown_length_is_taken_at_its_cap() -> None:
    """A remote video is priced at the most it may cost, and said to be inexact."""
    assert estimate([None], 1) == (Decimal("7.5"), usd("0.375"), False)


def test_a_link_of_unknown_kind_is_priced_as_a_video() -> None:
    """It may be one."""
    shot = {"id": "a", "prompt": "@thing moves"}
    (take,) = planned(storyboard(shot, cast={"thing": "https://example.com/thing"})).takes
    assert take.estimate.seconds == 10
    assert not take.estimate.exact


@pytest.mark.parametrize(
    ("region", "shot", "cost"),
    [
        ("preview", {}, usd("0.25")),
        ("singapore", {"audio": False}, usd("0.125")),
        ("singapore", {"resolution": "1080P"}, usd("0.375")),
        ("singapore", {"resolution": "1080P", "audio": False}, usd("0.1875")),
        ("beijing", {}, cny("1.5")),
        ("beijing", {"size": "1440*1440", "audio": False}, cny("1.25")),
        ("virginia", {"model": "wan2.6-r2v"}, cny("3.0")),
        ("frankfurt", {"model": "wan2.6-r2v", "size": "1080*1920"}, cny("5.0")),
        ("beijing", {"model": "wan2.7-r2v", "resolution": "1080P"}, cny("5.0")),
        ("http://127.0.0.1:9/api/v1", {"model": "wan2.7-r2v"}, usd("0.5")),
    ],
)
def test_price_by_region_tier_and_sound(region: str, shot: dict[str, Any], cost: Money) -> None:
    """Five seconds from a still, in every table."""
    assert estimate([], 1, region=region, **shot)[1] == cost


def test_reference_form_is_priced_as_the_service_would() -> None:
    """Nothing said: 1080P, 5 s, with sound."""
    shot = {"id": "a", "prompt": "character1", "references": ["https://example.com/a.png"]}
    (take,) = planned(storyboard(shot)).takes
    assert take.estimate.cost == usd("0.375")


def test_price_table_of_choice() -> None:
    """--prices names the table where the endpoint is no region; it is named in the plan."""
    made = planned(storyboard({"id": "a", "prompt": "@ellen"}), prices="beijing")
    assert (made.prices, made.takes[0].estimate.cost) == ("beijing", cny("1.5"))
    assert made.prices_read.startswith("20")
    data = storyboard({"id": "a", "prompt": "@ellen"}, endpoint="singapore")
    assert planned(data, prices="beijing").prices == "singapore"


@pytest.mark.parametrize(
    ("endpoint", "region"),
    [
        ("https://dashscope.aliyuncs.com/api/v1", "beijing"),
        ("https://dashscope-intl.aliyuncs.com/api/v1", "singapore"),
        ("https://ws-1.cn-beijing.maas.aliyuncs.com/api/v1", "beijing"),
        ("https://dashscope.aliyuncs.com.example.com/api/v1", "virginia"),
    ],
)
def test_a_host_of_the_service_has_the_prices_of_its_region(endpoint: str, region: str) -> None:
    """A region written as a URL is that region, whatever table is asked for; another host is
    none."""
    data = storyboard({"id": "a", "prompt": "@ellen"}, endpoint=endpoint, model="wan2.6-r2v")
    assert planned(data, prices="virginia").prices == region


def test_the_date_is_that_of_the_prices_in_use() -> None:
    """Where tables were read on different days: the oldest among the models of the plan."""
    text = "models: {wan2.6-r2v: {prices: {singapore: {read: 2026-12-24}}}}"
    shots = [{"id": n, "prompt": "@ellen", "model": n} for n in ("wan2.6-r2v", "wan2.7-r2v")]
    models = of_text(text, "ours.yaml")
    assert planned(storyboard(*shots), models=models).prices_read == "2026-11"
    assert planned(storyboard(shots[0]), models=models).prices_read == "2026-12-24"


def test_a_shot_is_priced_with_all_its_takes() -> None:
    """Takes and variations of a shot together, by its id as written; a plan is their sum."""
    made = planned(storyboard(
        {"id": "a", "prompt": "@ellen, ${lens}", "vary": {"lens": ["wide", "close"]}, "takes": 3},
        {"id": "b", "prompt": "@bunny"},
    ))  # fmt: skip
    found = {shot: (e.seconds, e.cost, e.exact) for shot, e in made.shots.items()}
    assert found == {"a": (30, usd("1.50"), True), "b": (10, usd("0.50"), False)}
    assert (made.seconds, made.price) == (40, usd("2.00"))
    assert {take.shot.base_id: take.unmeasured for take in made.takes} == {"a": (), "b": ("bunny",)}


def test_no_price_where_a_model_has_none() -> None:
    """Planned at a URL with a table that lacks the model: made, but of unknown price."""
    made = planned(storyboard({"id": "a", "prompt": "@ellen"}), prices="frankfurt")
    assert made.takes[0].estimate.cost is None
    assert made.takes[0].estimate.seconds == 5


def test_no_such_price_table() -> None:
    """A wrong region is a wrong command line, and the right ones are named."""
    with pytest.raises(UsageProblem, match="atlantis") as problem:
        planned(storyboard({"id": "a", "prompt": "@ellen"}), prices="atlantis")
    assert "singapore" in problem.value.hint


LENGTHS = st.lists(st.decimals("1", "30", places=1), max_size=3)


@settings(max_examples=40)
@given(st.sampled_from(sorted(CATALOGUE.models)), LENGTHS, st.integers(0, 2),
       st.sampled_from([2, 5, 10]))  # fmt: skip
def test_the_emulator_bills_what_was_estimated(
    tmp_path_factory: pytest.TempPathFactory, model: str, lengths: list[Decimal], images: int,
    duration: int,
) -> None:  # fmt: skip
    """Two readings of the published rule, neither of which knows the other, agree on any mix of
    references to the hundredth of a second that the emulator tells, and on the tier."""
    refs = tmp_path_factory.getbasetemp() / "refs"
    refs.mkdir(exist_ok=True)
    cast, facts = {}, {}
    for number, seconds in enumerate([*lengths, *[None] * max(images, not lengths)]):
        kind: MediaKind = "image" if seconds is None else "video"
        form = "PNG" if seconds is None else "MP4"
        file = refs / f"{number}.{form.lower()}"
        file.touch()
        cast[f"r{number}x"] = {kind: str(file)}
        facts[file] = FileFacts(str(number), 1, kind, seconds, 720, 720, form)
    shot = {"id": "a", "prompt": " ".join(f"@{name}" for name in cast), "duration": duration}
    (take,) = planned(storyboard(shot, model=model, cast=cast), facts=facts).takes
    billed = usage(understood(request(take), Options()), lengths)
    assert float(take.estimate.seconds) == pytest.approx(billed["duration"], abs=0.0051)
    assert billed["SR"] == 720
