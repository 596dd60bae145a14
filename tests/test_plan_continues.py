"""Shots that continue another: what they send, what they wait for, what makes them another take."""

from __future__ import annotations

from typing import Any

import pytest
from storyboards import planned, storyboard

from r2vbatch.planning import Asked, Plan, PlannedTake, request, with_retakes

FRAME = "oss://PENDING/last-frame/last%20frame%20of%20a"
ELLEN = "https://example.com/ellen.png"


def board(prompt: str, **keys: Any) -> Plan:
    """Shot a with two takes, and b that continues it."""
    model = keys.pop("model", "wan2.6-r2v-flash")
    return planned(
        storyboard(
            {"id": "a", "prompt": "@chelsea sleeps", "takes": 2},
            {"id": "b", "prompt": prompt, "continues": "a", **keys},
            model=model,
        )
    )


def last(plan: Plan) -> PlannedTake:
    """The take of b."""
    return next(take for take in plan.takes if take.shot.id == "b")


ORDERS = [
    ("@previous, then @ellen stands", {}, "character1, then character2 stands", [FRAME, ELLEN]),
    ("@ellen leaves @previous", {}, "character1 leaves character2", [ELLEN, FRAME]),
    ("@ellen stands", {}, "character1 stands", [ELLEN, FRAME]),
    ("It rains on.", {}, "It rains on.", [FRAME]),
    ("@previous and @ellen", {"cast": ["ellen"]}, "character2 and character1", [ELLEN, FRAME]),
    ("@ellen on", {"cast": ["previous", "ellen"]}, "character2 on", [FRAME, ELLEN]),
    ("character2", {"references": [ELLEN]}, "character2", [ELLEN, FRAME]),
]


@pytest.mark.parametrize(("prompt", "keys", "spoken", "urls"), ORDERS)
def test_the_frame_is_a_reference_in_its_place(
    prompt: str, keys: dict[str, Any], spoken: str, urls: list[str]
) -> None:
    """In the order of first mention, or of the cast list; last where neither names it."""
    asked = request(last(board(prompt, **keys)))["input"]
    assert (asked["prompt"], asked["reference_urls"]) == (spoken, urls)


IMAGE = {"type": "reference_image", "url": ELLEN}
OPENS = {"type": "first_frame", "url": FRAME}
AS_IMAGE = {"type": "reference_image", "url": FRAME}
OWN = {"type": "first_frame", "url": "https://example.com/own.png"}
FRAMES = [
    ("@previous, then @ellen stands", {}, "the first frame, then Image 1 stands", [IMAGE, OPENS]),
    ("@ellen从@previous站起", {}, "Image 1从首帧站起", [IMAGE, OPENS]),
    ("@previous moves", {}, "Image 1 moves", [AS_IMAGE]),
    (
        "@previous, @ellen", {"first_frame": OWN["url"]}, "Image 1, Image 2",
        [AS_IMAGE, IMAGE, OWN],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("prompt", "keys", "spoken", "media"), FRAMES)
def test_a_model_that_opens_on_a_picture_opens_on_it(
    prompt: str, keys: dict[str, Any], spoken: str, media: list[dict[str, str]]
) -> None:
    """Unless the shot has a first frame of its own, or nothing else to give."""
    asked = request(last(board(prompt, model="wan2.7-r2v", **keys)))
    assert (asked["input"]["prompt"], asked["input"]["media"]) == (spoken, media)
    assert ("ratio" in asked["parameters"]) == (media == [AS_IMAGE])


def test_it_waits_for_all_takes_of_the_other_shot() -> None:
    """Those of the manifest and those asked for since: any of them may be the good one."""
    plan = board("@ellen on from @previous")
    assert last(plan).after == ("a_t01", "a_t02")
    asked = Asked("a", plan.takes[0].shot_fingerprint, 3)
    assert last(with_retakes(plan, [asked])).after == ("a_t01", "a_t02", "a_t03")


def test_the_frame_costs_nothing() -> None:
    """The same price with and without it: an image is free."""
    plain = planned(storyboard({"id": "b", "prompt": "@ellen on"})).takes[0]
    assert last(board("@ellen on from @previous")).estimate == plain.estimate


def test_a_change_of_the_other_shot_buys_nothing_again() -> None:
    """The fingerprint says whose last frame it is, not which picture; another shot's is another."""
    one = last(board("@ellen on from @previous"))
    shots = [
        {"id": "a", "prompt": "@chelsea wakes up", "seed": 3},
        {"id": "c", "prompt": "@chelsea wakes up"},
    ]
    prompt = "@ellen on from @previous"
    edited, moved = (
        planned(storyboard(*shots, {"id": "b", "prompt": prompt, "continues": of})).takes[-1]
        for of in ("a", "c")
    )
    assert edited.fingerprint == one.fingerprint != moved.fingerprint


def test_retakes_follow_their_shots() -> None:
    """Behind the others of their shot, each once; not of an edited one, and with a renamed one."""
    plan = board("@ellen on from @previous")
    of = plan.takes[0].shot_fingerprint
    asked = [Asked("a", of, 5), Asked("a", of, 2), Asked("gone", of, 3), Asked("a", "edited", 4)]
    more = with_retakes(plan, [*asked, *asked])
    assert [take.id for take in more.takes] == ["a_t01", "a_t02", "a_t03", "a_t05", "b_t01"]
    assert [take.retake for take in more.takes] == [False, False, True, True, False]
    assert with_retakes(more, asked) == more
