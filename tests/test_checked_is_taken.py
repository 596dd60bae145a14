"""What `check` lets through, the emulator takes; what it holds up, the emulator refuses.

Two readings of the same documentation, written apart, on the same random storyboards: the
catalogue with the lint rules on one side, the emulator's checks on the other. Nothing is served:
requests go from the one's functions to the other's.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from storyboards import CATALOGUE, read, storyboard
from test_limits import cases as limits_of_files
from test_limits import measured

from r2vbatch.emulator import checks, media
from r2vbatch.emulator.ask import Ask, usage
from r2vbatch.emulator.media import Medium
from r2vbatch.emulator.options import Options
from r2vbatch.emulator.readings import strictest
from r2vbatch.emulator.refusals import Refusal
from r2vbatch.manifest.model import Shot
from r2vbatch.planning import PlannedTake, plan, request
from r2vbatch.planning.model import Estimate
from r2vbatch.planning.wording import name_references

REGIONS = {
    "singapore": "ap-southeast-1",
    "beijing": "cn-beijing",
    "virginia": "us-east-1",
    "frankfurt": "eu-central-1",
}
HERE = "https://media.invalid"
PICTURES = {name: {"image": f"{HERE}/{name}.png"} for name in ("ann", "bob", "cat", "dog")}
FILMS = {name: {"video": f"{HERE}/{name}.mp4"} for name in ("eve", "fox", "gus", "hen")}
CAST = PICTURES | FILMS

NO_SIZES = ("1280*722", "640*360")
sizes = st.sampled_from([*CATALOGUE.widest.by_size, *NO_SIZES])
SETTINGS: dict[str, st.SearchStrategy[Any]] = {
    "duration": st.sampled_from([1, 2, 4, 5, 9, 10, 11, 14, 15, 16]),
    "audio": st.booleans(),
    "shot_type": st.sampled_from(["single", "multi"]),
    "prompt_extend": st.booleans(),
    "watermark": st.booleans(),
    "seed": st.sampled_from([0, 7, 2**31 - 2]),
    "takes": st.integers(1, 2),
    "negative_prompt": st.sampled_from(["", "rain", "no " * 300]),
    "first_frame": st.just(f"{HERE}/opening.png"),
}
frames = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"size": sizes}),
    st.fixed_dictionaries(
        {},
        optional={
            "resolution": st.sampled_from(CATALOGUE.widest.tiers),
            "ratio": st.sampled_from(CATALOGUE.widest.ratios),
        },
    ),
)
words = st.lists(
    st.sampled_from(["walks", "character1", "Character 3", "Image 1", "Video 2", "图1", "雨", "0"]),
    max_size=2,
)


@st.composite
def shots(draw: st.DrawFn) -> dict[str, Any]:
    """A shot in one of the two forms; nothing in it is malformed, some of it is too much."""
    asked = draw(st.sets(st.sampled_from(sorted(SETTINGS)), max_size=3))
    made = draw(frames) | {key: draw(SETTINGS[key]) for key in sorted(asked)}
    given = draw(st.lists(st.sampled_from(sorted(CAST)), min_size=1, max_size=6, unique=True))
    said = draw(words)
    if draw(st.booleans()):
        said = [*(f"@{name}" for name in given), *said]
    else:
        made["references"] = [url for name in given for url in CAST[name].values()]
        said = ["so", *said]
    return {"id": "a", "prompt": " ".join(said), **made}


def unsayable(shot: dict[str, Any], body: dict[str, Any]) -> bool:
    """Whether the shot wants a size that no words of its model say: its request has none."""
    return shot.get("size") in NO_SIZES and "size" not in body["parameters"]


places = st.sampled_from([(m.name, r) for m in CATALOGUE.models.values() for r in REGIONS])
at_home = st.sampled_from([(m.name, r) for m in CATALOGUE.models.values() for r in m.regions])


def voiced(cast: dict[str, Any]) -> dict[str, Any]:
    """With a voice for one picture and one film."""
    voice = {"voice": f"{HERE}/voice.wav"}
    return cast | {"ann": cast["ann"] | voice, "eve": cast["eve"] | voice}


def in_limits(ask: Ask) -> Iterator[Medium]:
    """A file behind each reference, with nothing wrong in it."""
    for reference in ask.references:
        film = reference.url.endswith(".mp4")
        form, seconds = ("mov,mp4,m4a,3gp,3g2,mj2", 4) if film else ("PNG", None)
        yield Medium(
            Path(reference.url), "", 1000, "video" if film else "image", form, 640, 480,
            None if seconds is None else Decimal(seconds),
        )  # fmt: skip


def taken(body: dict[str, Any], options: Options) -> bool:
    """Whether the emulator makes a clip of it, its files being as they should be."""
    try:
        ask = checks.read(body, options)
    except Refusal:
        return False
    return not ask.later and not media.check(ask, list(in_limits(ask)), options)


def billed(body: dict[str, Any]) -> Decimal:
    """The seconds on the emulator's bill, its films being longer than what counts."""
    ask = checks.read(body, Options())
    films = [r.role != "first_frame" and r.url.endswith(".mp4") for r in ask.references]
    return Decimal(str(usage(ask, [None] * sum(films))["duration"]))


def as_sent(shot: Shot) -> Iterator[dict[str, Any]]:
    """The requests of a shot, whether or not the plan would send them."""
    model = CATALOGUE.models[shot.model]
    sent = name_references(shot, model, {})
    for number in range(1, shot.takes + 1):
        nothing = Estimate(Decimal(0), None, exact=True)
        yield request(PlannedTake("a", shot, number, "", "", (), nothing, model, sent))


@settings(max_examples=100)
@given(shots(), at_home | at_home | places, st.booleans())
def test_two_readings_of_one_documentation(
    shot: dict[str, Any], place: tuple[str, str], voices: bool
) -> None:
    """A shot without an error is taken, and billed as estimated; one without a warning is at the
    sternest emulator too. One with an error is not: the service would have refused it."""
    model, region = place
    board = storyboard(shot, model=model, endpoint=region, cast=voiced(CAST) if voices else CAST)
    manifest = read(board)
    made = plan(manifest, {}, CATALOGUE)
    there = Options(region=REGIONS[region])
    sternest = Options(region=REGIONS[region], **strictest(REGIONS[region]))
    bodies = list(as_sent(manifest.shots[0]))
    if made.takes:
        assert [request(take) for take in made.takes] == bodies
        assert all(taken(body, there) for body in bodies)
        assert billed(bodies[0]) == made.takes[0].estimate.seconds
        if not made.diagnostics:
            assert all(taken(body, sternest) for body in bodies)
    else:
        assert any(d.severity == "error" for d in made.diagnostics)
        assert not any(taken(body, sternest) and not unsayable(shot, body) for body in bodies)


def at_each_limit() -> Iterator[dict[str, Any]]:
    """Shots around every limit of every model, one thing at a time."""
    pictures, films = (mentions(entries) for entries in (PICTURES, FILMS))
    for seconds, prompt in itertools.product(range(1, 18), ("@ann", "@eve", "@ann @eve")):
        yield {"duration": seconds, "prompt": prompt}
    for images, videos in itertools.product(range(5), repeat=2):
        if images + videos:
            yield {"prompt": " ".join([*pictures[:images], *films[:videos]])}
    for size in (*CATALOGUE.widest.by_size, *NO_SIZES):
        yield {"prompt": "@ann", "size": size}
    for tier, ratio in CATALOGUE.widest.sizes:
        yield {"prompt": "@ann", "resolution": tier, "ratio": ratio}
        yield {"prompt": "@ann", "first_frame": f"{HERE}/opening.png", "ratio": ratio}


def mentions(entries: Mapping[str, Any]) -> list[str]:
    """Each of them in a prompt."""
    return [f"@{name}" for name in entries]


@pytest.mark.parametrize("model", CATALOGUE.models)
def test_at_each_limit_both_say_the_same(model: str) -> None:
    """Lengths with images and with videos, counts of either, sizes in both ways of writing: a shot
    has a take where the emulator makes one, and none where it does not."""
    cases = [{"id": f"s{number}", **shot} for number, shot in enumerate(at_each_limit())]
    manifest = read(storyboard(*cases, model=model, cast=CAST))
    planned = {take.shot.id for take in plan(manifest, {}, CATALOGUE).takes}
    for case, shot in zip(cases, manifest.shots, strict=True):
        (body,) = as_sent(shot)
        made = taken(body, Options()) and not unsayable(case, body)
        assert (case["id"] in planned) == made, case
    assert 50 < len(planned) < len(cases)


@pytest.mark.parametrize("model", CATALOGUE.models)
def test_at_each_limit_of_a_file_both_say_the_same(model: str) -> None:
    """The figures of `limits.yaml`: what is fine is taken by the sternest emulator, what is warned
    of by the usual one alone, what is refused by neither."""
    for case in limits_of_files():
        row, verdict, value, of_model = case.values
        if of_model != model or row["kind"] == "audio":
            continue
        facts = measured(row, value)
        kind = "reference_image" if row["kind"] == "image" else "reference_video"
        given = {"media": [{"type": kind, "url": f"{HERE}/a"}]}
        if model != "wan2.7-r2v":
            given = {"reference_urls": [f"{HERE}/a"]}
        ask = checks.read({"model": model, "input": {"prompt": "so", **given}}, Options())
        medium = Medium(
            Path("a"), "", facts.bytes, row["kind"], "PNG", facts.width, facts.height, facts.seconds
        )
        taken_by = [
            media.check(ask, [medium], Options(reference_limits=limits)) is None
            for limits in ("strict", "newer")
        ]
        told = {"fine": [True, True], "warned": [False, True], "refused": [False, False]}
        assert taken_by == told[verdict], (row, value)
