"""Identity: what a fingerprint depends on, and what it must not depend on."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from storyboards import CATALOGUE, REFS, planned, read, storyboard

from r2vbatch.planning import Plan, another, plan, request

NAMES = ("ellen", "chelsea", "bunny")
RENAMED = {"ellen": "小雨", "chelsea": "puss", "bunny": "b2"}
FILES = {"ellen": "astronaut.png", "chelsea": "chelsea.png", "bunny": "bunny.mp4"}

words = st.sampled_from(["waves", "走进来", "says: “hi”", "[0-3s]", "naïve", "  ", "a$$b", "1"])
prompts = st.lists(words | st.sampled_from([f"@{{{n}}}" for n in NAMES]), max_size=6).map(
    lambda parts: " ".join(["@{ellen}", *parts])
)
shots = st.fixed_dictionaries(
    {"prompt": prompts},
    optional={
        "negative_prompt": st.sampled_from(["rain", "雨"]),
        "duration": st.integers(2, 10),
        "takes": st.integers(1, 3),
        "seed": st.integers(0, 1000),
        "audio": st.booleans(),
        "shot_type": st.sampled_from(["single", "multi"]),
        "size": st.sampled_from(sorted(CATALOGUE.models["wan2.6-r2v"].sizes.values())),
        "watermark": st.booleans(),
        "model": st.sampled_from(sorted(CATALOGUE.models)),
    },
)
boards = st.lists(shots, min_size=1, max_size=5).map(
    lambda found: storyboard(*({"id": f"sh{n}", **shot} for n, shot in enumerate(found)))
)


def prints(made: Plan) -> list[str]:
    return [take.fingerprint for take in made.takes]


@given(boards)
@settings(max_examples=60)
def test_ids_are_unique_and_in_order(data: dict[str, Any]) -> None:
    """Each take once, in storyboard order, with ids and fingerprints of their form."""
    made = planned(data)
    ids = [take.id for take in made.takes]
    assert ids == [
        f"{shot['id']}_t{number:02d}"
        for shot in data["shots"]
        for number in range(1, shot.get("takes", 1) + 1)
    ]
    assert all(re.fullmatch("[0-9a-f]{64}", print) for print in prints(made))


@given(boards)
@settings(max_examples=60)
def test_a_plan_is_a_function_of_what_it_is_given(data: dict[str, Any]) -> None:
    """Pure: planned twice, it is the same plan, and the same takes have the same requests."""
    manifest = read(data)
    one, two = (plan(manifest, {}, CATALOGUE) for _ in range(2))
    assert one == two
    bodies: dict[str, Any] = {}
    for take in one.takes:
        assert bodies.setdefault(take.fingerprint, request(take)) == request(take)


@given(boards)
@settings(max_examples=60)
def test_renaming_shots_changes_no_fingerprint(data: dict[str, Any]) -> None:
    """A renamed shot keeps its clips."""
    renamed = {**data, "shots": [{**shot, "id": f"新_{shot['id']}"} for shot in data["shots"]]}
    assert prints(planned(renamed)) == prints(planned(data))


@given(boards)
@settings(max_examples=60)
def test_renaming_the_cast_changes_no_fingerprint(data: dict[str, Any]) -> None:
    """The model never hears the names of the cast."""
    shots = []
    for shot in data["shots"]:
        prompt = re.sub(r"@{(\w+)}", lambda found: f"@{{{RENAMED[found[1]]}}}", shot["prompt"])
        shots.append({**shot, "prompt": prompt})
    cast = {RENAMED[name]: entry for name, entry in data["cast"].items()}
    assert prints(planned({**data, "cast": cast, "shots": shots})) == prints(planned(data))


def test_renaming_files_changes_no_fingerprint(tmp_path: Path) -> None:
    """Local references count by content, not by name; other content is another take."""
    for name, file in FILES.items():
        shutil.copy(REFS / file, tmp_path / f"{name}{Path(file).suffix}")
    shot = {"id": "a", "prompt": "@ellen, @chelsea and @bunny"}
    here = {name: f"{name}{Path(file).suffix}" for name, file in FILES.items()}
    there = {name: str(REFS / file) for name, file in FILES.items()}
    first = planned(storyboard(shot, cast=here), tmp_path)
    assert prints(first) == prints(planned(storyboard(shot, cast=there), tmp_path))
    shutil.copy(REFS / "coffee.png", tmp_path / "chelsea.png")
    assert prints(first) != prints(planned(storyboard(shot, cast=here), tmp_path))


@given(boards, st.randoms())
@settings(max_examples=60)
def test_order_and_neighbours_change_no_fingerprint(data: dict[str, Any], chance: Any) -> None:
    """Shots moved about, and one inserted between them: every old take is found again."""
    moved = [*data["shots"], {"id": "new", "prompt": "@bunny digs", "duration": 9}]
    chance.shuffle(moved)
    before = {take.id: take.fingerprint for take in planned(data).takes}
    after = {take.id: take.fingerprint for take in planned({**data, "shots": moved}).takes}
    assert before.items() <= after.items()


CHANGES: list[dict[str, Any]] = [
    {"prompt": "@ellen waves to @chelsea!"},
    {"prompt": "@chelsea waves to @ellen"},
    {"negative_prompt": "rain"},
    {"duration": 6},
    {"audio": False},
    {"shot_type": "multi"},
    {"watermark": True},
    {"size": "720*1280"},
    {"resolution": "1080P"},
    {"ratio": "1:1"},
    {"seed": 1},
    {"seed": 0},
    {"model": "wan2.6-r2v"},
    {"model": "wan2.7-r2v"},
    {"cast": ["chelsea", "ellen"]},
    {"cast": ["ellen", "chelsea", "bunny"]},
]


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_what_can_be_seen_or_heard_changes_it(change: dict[str, Any]) -> None:
    """Prompt, parameters, model, references and their order each make it another take."""
    shot = {"id": "a", "prompt": "@ellen waves to @chelsea"}
    assert prints(planned(storyboard(shot))) != prints(planned(storyboard(shot | change)))


def test_every_change_is_told_from_every_other() -> None:
    """No two of these changes give the same take."""
    shot = {"id": "a", "prompt": "@ellen waves to @chelsea"}
    found = [prints(planned(storyboard(shot | change)))[0] for change in CHANGES]
    assert len(set(found)) == len(CHANGES)


@pytest.mark.parametrize(
    "change",
    [
        {"notes": "the heart of it"},
        {"x-lens": 35},
        {"size": "1280*720"},
        {"resolution": "720P", "ratio": "16:9", "duration": 5, "audio": True},
        {"prompt": "@{ellen} waves to @{chelsea}"},
        {"prompt": "@ellen ${deed} @chelsea"},
        {"cast": ["ellen", "chelsea"]},
    ],
    ids=str,
)
def test_what_changes_nothing_sent_does_not(change: dict[str, Any]) -> None:
    """Notes, defaults said aloud, and other ways to write the same words."""
    shot = {"id": "a", "prompt": "@ellen waves to @chelsea"}
    plain, changed = (
        prints(planned(storyboard(s, vars={"deed": "waves to"}))) for s in (shot, shot | change)
    )
    assert plain == changed


def test_takes_differ_by_their_number_alone() -> None:
    """One shot fingerprint, as many takes; more takes leave the first as they were."""
    shot = {"id": "a", "prompt": "@ellen", "seed": 7}
    two, three = (planned(storyboard({**shot, "takes": n})) for n in (2, 3))
    assert len(set(prints(three))) == 3
    assert prints(three)[:2] == prints(two)
    assert {take.shot_fingerprint for take in three.takes} == {two.takes[0].shot_fingerprint}


def test_a_retake_is_the_take_that_the_manifest_might_have_asked_for() -> None:
    """`another` makes take 3 of two, equal to the third of three."""
    shot = {"id": "a", "prompt": "@ellen", "seed": 7}
    two, three = (planned(storyboard({**shot, "takes": n})) for n in (2, 3))
    third = another(two.takes[0], 3)
    assert (third.id, third.fingerprint) == (three.takes[2].id, three.takes[2].fingerprint)
    assert request(third) == request(three.takes[2])


def test_an_inserted_variation_leaves_its_neighbours_alone() -> None:
    """Ids move on, fingerprints do not: clips follow their content."""
    shot = {"id": "a", "prompt": "@ellen ${deed}"}
    two, three = (
        planned(storyboard({**shot, "vary": {"deed": deeds}}))
        for deeds in (["runs", "sits"], ["runs", "flies", "sits"])
    )
    assert set(prints(two)) < set(prints(three))


def test_twins_are_twins() -> None:
    """Two shots that ask for the same are told apart by id only."""
    shot = {"prompt": "@ellen"}
    made = planned(storyboard({"id": "a", **shot}, {"id": "b", **shot}))
    assert len(set(prints(made))) == 1
