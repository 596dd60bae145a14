"""Timelines: what an editor reads back is the film that was cut."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Any
from xml.etree import ElementTree

import opentimelineio as otio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r2vbatch.film import FORMS, Footage, Remark, written
from r2vbatch.film.timeline import Place, Strip, reels

IDS = ["sh010_t01", "sh020-1_t02", "sh020-2_t01", "镜头一_t01", "镜头二_t01", "a.very-long_id_t11"]
LENGTHS = [121, 60, 1, 150, 450, 89]
FACTS = (("prompt", 'He says: "<No> & no"\nthen\x1b[2J leaves.'), ("seed", 7), ("cost", 0.25))


def strip(take: str, frames: int = 30, *remarks: Remark, sound: bool = True) -> Strip:
    footage = Footage(take, f"clips/{take}.mp4", False, "0" * 64, FACTS, remarks)
    return Strip(footage, frames, 1280, 720, sound)


def film() -> list[Place]:
    """Six shots; the second has two takes beside the chosen one, a shorter and a longer one, the
    third has no sound, the fourth was remarked on."""
    chosen = [strip(take, n) for take, n in zip(IDS, LENGTHS, strict=True)]
    chosen[2] = strip(IDS[2], LENGTHS[2], sound=False)
    chosen[3] = strip(
        IDS[3], LENGTHS[3], Remark("手 is\nwrong", 2.0), Remark("all of it", None), Remark("x", 99)
    )
    beside = {1: [strip("sh020-1_t01", 45), strip("sh020-1_t03", 75)]}
    return [Place(each, beside.get(number, ())) for number, each in enumerate(chosen)]


def read_back(form: str, places: list[Place]) -> otio.schema.Timeline:
    text = written(places, "day off", form)
    adapter = {"otio": "otio_json", "edl": "cmx_3600", "fcpxml": "fcpx_xml"}[form]
    options = {"rate": 30} if form == "edl" else {}
    found = otio.adapters.read_from_string(text, adapter, **options)
    return found if isinstance(found, otio.schema.Timeline) else found[0]


def cuts(timeline: otio.schema.Timeline) -> Iterator[tuple[str, int, int, int]]:
    """(name, start on the timeline, start in the take, frames) of the first track of pictures."""
    track = timeline.video_tracks()[0]
    for item in track:
        at, own = track.range_of_child(item), item.source_range
        times = (at.start_time, own.start_time, own.duration)
        yield (item.name, *(int(time.rescaled_to(30).value) for time in times))


@pytest.mark.parametrize("form", FORMS)
def test_the_cuts_come_back(form: str) -> None:
    """Read back at 30 frames a second, each shot begins and ends where it does in the reel."""
    at, expected = 0, []
    for take, length in zip(IDS, LENGTHS, strict=True):
        expected.append((take, at, 0, length))
        at += length
    assert list(cuts(read_back(form, film()))) == expected


ANY = st.lists(st.integers(1, 500), min_size=1, max_size=12)


@settings(max_examples=25)
@given(ANY)
@pytest.mark.parametrize("form", ["otio", "edl"])
def test_any_cuts_come_back(form: str, lengths: list[int]) -> None:
    """However long the takes are."""
    places = [Place(strip(f"s{n}_t01", length)) for n, length in enumerate(lengths)]
    found = list(cuts(read_back(form, places)))
    assert [(start, length) for _, _, start, length in found] == [(0, n) for n in lengths]
    assert [at for _, at, _, _ in found] == [sum(lengths[:n]) for n in range(len(lengths))]


@given(ANY)
def test_any_cuts_are_exact_in_fcpxml(lengths: list[int]) -> None:
    """Every time is a fraction of whole frames. (The adapter divides first: it reads 123/30 s as
    122 frames.)"""
    places = [Place(strip(f"s{n}_t01", length)) for n, length in enumerate(lengths)]
    clips = ElementTree.fromstring(written(places, "x", "fcpxml")).iterfind(".//spine/asset-clip")
    found = [
        [Fraction(clip.get(name, "").rstrip("s")) * 30 for name in ("offset", "start", "duration")]
        for clip in clips
    ]
    assert found == [[sum(lengths[:n]), 0, length] for n, length in enumerate(lengths)]


def test_media_are_found_beside_the_timeline() -> None:
    """Every take's file is named relative to the folder, as a URL, in each form that names it."""
    for form in FORMS:
        clips = read_back(form, film()).find_clips()
        urls = {clip.media_reference.target_url for clip in clips}
        assert "clips/sh010_t01.mp4" in urls
        assert "clips/%E9%95%9C%E5%A4%B4%E4%B8%80_t01.mp4" in urls
        assert not any(url.startswith(("/", "file:")) for url in urls)


def test_sound_lies_under_its_picture() -> None:
    """A take without sound leaves a gap there, as long as it is."""
    track = read_back("otio", film()).audio_tracks()[0]
    assert [type(item).__name__ for item in track] == [
        "Clip",
        "Clip",
        "Gap",
        "Clip",
        "Clip",
        "Clip",
    ]
    assert [int(item.duration().value) for item in track] == LENGTHS


def test_alternates_lie_above_switched_off() -> None:
    """Each at its shot's place and no longer than it; what follows is not moved."""
    _, *above = read_back("otio", film()).video_tracks()
    assert [(track.name, track.enabled) for track in above] == [
        ("Alternates", False),
        ("Alternates 2", False),
    ]
    found = [
        (clip.name, int(track.range_of_child(clip).start_time.value), int(clip.duration().value))
        for track in above
        for clip in track.find_clips()
    ]
    assert found == [("sh020-1_t01", 121, 45), ("sh020-1_t03", 121, 60)]
    assert {int(track.duration().value) for track in above} == {sum(LENGTHS)}


@pytest.mark.parametrize("form", ["otio", "fcpxml"])
def test_remarks_are_marks(form: str) -> None:
    """Where they point to, on one line, never outside their take."""
    clip = next(c for c in read_back(form, film()).find_clips() if c.name == IDS[3])
    found = [(mark.name, int(mark.marked_range.start_time.value)) for mark in clip.markers]
    assert found == [("手 is wrong", 60), ("all of it", 0), ("x", 149)]


def test_facts_go_along() -> None:
    """Prompt, seed and price of each take, exactly, in the form that has room for them."""
    clip = next(iter(read_back("otio", film()).find_clips()))
    assert dict(clip.metadata["r2vbatch"]) == dict(FACTS)


def test_no_control_character_reaches_a_text_of_ours() -> None:
    """What a prompt or a note says moves no cursor, and breaks no line of an edit list."""
    places = [Place(strip("a_t01", 30, Remark("one\r\n001  X V C\x07\ud83e￾", 0)))]
    for form in FORMS:
        text = written(places, "t\nFCM: DROP FRAME\n", form)
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f]", text)
        assert "\nFCM: DROP" not in text
        assert not any(line.startswith("001  X") for line in text.splitlines())


@given(st.lists(st.text("ab1中_-. é", max_size=14), unique=True, max_size=40))
def test_reels(ids: list[str]) -> None:
    """Letters and digits, at most eight, no two alike, whatever the ids are."""
    names = reels(ids)
    assert len(set(names)) == len(ids) == len(names)
    assert all(re.fullmatch("[A-Z0-9]{2,8}", name) for name in names)


def test_a_reel_reads_like_its_take() -> None:
    """Where it can."""
    assert reels(IDS) == ["SH010T01", "SH020002", "SH020003", "R0004", "R0005", "AVER0006"]


def test_lengths_are_those_of_the_timeline() -> None:
    """An edit list begins and ends where the reel does."""
    last = written(film(), "x", "edl").strip().splitlines()
    line = next(line for line in reversed(last) if re.match(r"\d{3}  ", line))
    seconds, frames = divmod(sum(LENGTHS), 30)
    assert line.endswith(f"00:00:{seconds:02}:{frames:02}")


def test_the_timeline_is_json_that_others_read() -> None:
    """OpenTimelineIO's own form, of a schema that its releases of years ago know."""
    found: dict[str, Any] = json.loads(written(film(), "day off", "otio"))
    assert found["OTIO_SCHEMA"] == "Timeline.1"
    assert (
        Fraction(found["tracks"]["children"][0]["children"][0]["source_range"]["duration"]["rate"])
        == 30
    )
