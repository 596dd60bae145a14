"""What becomes of an output folder at its end: a film, made once, and what it leaves alone."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from math import inf
from pathlib import Path
from typing import Any

import pytest
from shelf import SECRET, Shelf

from r2vbatch.batch.delivering import Delivery, deliver
from r2vbatch.batch.lock import locked
from r2vbatch.errors import OutputUnavailable
from r2vbatch.film import SHOP, Stopped, Watch
from r2vbatch.film.report import NAME as PAGE


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    with Shelf(tmp_path / "out") as made:
        yield made


def test_the_circled_takes_in_order(shelf: Shelf) -> None:
    """The newest take of each shot, or the one a person circled; a film and a timeline of it."""
    shelf.put("b_t01", grey=60)
    first = shelf.put("a_t01", grey=80)
    shelf.put("a_t02", grey=100)
    delivery = shelf.deliver()
    assert delivery == Delivery(("reel.mp4", "timeline.otio", PAGE), 2, 0, 1.0)
    assert shelf.greys() == [60, 100]
    shelf.ledger.circle(first)
    shelf.deliver()
    assert shelf.greys() == [60, 80]
    timeline = json.loads(shelf.text("timeline.otio"))
    picture, above, _ = timeline["tracks"]["children"]
    assert [clip["name"] for clip in picture["children"]] == ["b_t01", "a_t01"]
    assert "a_t02" in [clip["name"] for clip in above["children"]]


def test_a_slate_stands_in_and_what_is_missing_is_told(shelf: Shelf) -> None:
    """A slate for a shot without a clip; a shot that has neither is left out, and named."""
    shelf.put("a_t01", grey=60)
    shelf.put("a_t01", "preview", grey=200)
    shelf.put("b_t01", "preview", grey=120)
    shelf.want("b_t01")
    shelf.want("c_t01")
    delivery = shelf.deliver()
    assert (delivery.shots, delivery.slates, delivery.missing) == (2, 1, ("c",))
    assert shelf.greys() == [60, 120]
    assert "preview/a_t01.mp4" not in shelf.text("timeline.otio")


def test_without_anything_there_is_no_film(shelf: Shelf) -> None:
    """Nor a file that would be empty."""
    shelf.want("a_t01")
    for _ in range(2):
        assert shelf.deliver() == Delivery((PAGE,), missing=("a",))
        assert shelf.times() == {}


def test_what_did_not_change_is_not_made_again(shelf: Shelf) -> None:
    """Nothing the second time; after a note the timeline alone; when asked, all of it."""
    key = shelf.put("a_t01")
    delivery, times = shelf.deliver(), shelf.times()
    assert shelf.deliver() == delivery
    assert shelf.times() == times
    shelf.ledger.add_note(key, "the hand is wrong")
    shelf.deliver()
    assert shelf.times()["reel.mp4"] == times["reel.mp4"]
    assert "the hand is wrong" in shelf.text("timeline.otio")
    shelf.deliver(anew=True)
    assert shelf.times()["reel.mp4"] > times["reel.mp4"]


def test_a_film_that_is_gone_is_made_again(shelf: Shelf) -> None:
    """Whichever of its files is not there."""
    shelf.put("a_t01")
    for name in shelf.deliver().files:
        shelf.folder.path(name).unlink()
        shelf.deliver()
        assert shelf.folder.exists(name)


def test_other_timelines_stay_current(shelf: Shelf) -> None:
    """Once asked for, a form is kept up to date, until somebody deletes it."""
    shelf.put("a_t01")
    assert shelf.deliver(timelines=("otio", "edl", "fcpxml")).files == (
        "reel.mp4", "timeline.edl", "timeline.fcpxml", "timeline.otio", PAGE,
    )  # fmt: skip
    shelf.put("b_t01")
    shelf.deliver()
    assert "b_t01" in shelf.text("timeline.edl")
    assert "b_t01" in shelf.text("timeline.fcpxml")
    shelf.folder.path("timeline.edl").unlink()
    assert shelf.deliver().files == ("reel.mp4", "timeline.fcpxml", "timeline.otio", PAGE)


@pytest.mark.parametrize("name", ["reel.mp4", "timeline.otio", PAGE])
def test_what_somebody_else_made_is_left_alone(shelf: Shelf, name: str) -> None:
    """A cut of an editor's own, there before or changed since, is not written over; that is said,
    and the rest of the film is made."""
    shelf.put("a_t01")
    for again in (False, True):
        shelf.folder.path(name).write_text("the editor's work", encoding="utf-8")
        delivery = shelf.deliver(anew=again)
        assert shelf.text(name) == "the editor's work"
        assert name not in delivery.files
        assert len(delivery.files) == 2
        assert [trouble.split()[0] for trouble in delivery.troubles] == [name]
        shelf.folder.path(name).unlink()
        assert name in shelf.deliver().files


def test_a_broken_clip_is_named_and_stood_in_for(shelf: Shelf) -> None:
    """By its slate, where there is one; where there is none its shot is left out. Nothing is
    raised, and the rest is cut."""
    shelf.put("a_t01", grey=60)
    for take in ("b_t01", "c_t01"):
        shelf.put(take)
        shelf.folder.path(f"clips/{take}.mp4").write_bytes(b"no clip at all")
    shelf.put("b_t01", "preview", grey=120)
    delivery = shelf.deliver()
    assert (delivery.shots, delivery.slates, delivery.missing) == (2, 1, ("c",))
    assert shelf.greys() == [60, 120]
    [trouble] = delivery.troubles
    assert trouble.startswith("b_t01.mp4, c_t01.mp4 cannot be read: ")


def test_a_clip_that_proves_broken_while_it_is_encoded(shelf: Shelf) -> None:
    """Its slate stands in then, too."""
    shelf.put("a_t01", size=(48, 64))
    shelf.put("b_t01", frames=60, size=(64, 64))
    shelf.put("b_t01", "preview", size=(48, 64))
    clip = shelf.folder.path("clips/b_t01.mp4")
    content = clip.read_bytes()
    middle = content.index(b"mdat") + 900
    clip.write_bytes(content[:middle] + bytes(400) + content[middle + 400 :])
    delivery = shelf.deliver()
    assert (delivery.shots, delivery.slates) == (2, 1)
    assert delivery.troubles[0].startswith("b_t01.mp4 cannot be read: ")


def test_no_link_and_no_key_goes_out(shelf: Shelf) -> None:
    """The signature of a result link is in no file of the film."""
    shelf.put("a_t01")
    for name in shelf.deliver(timelines=("otio", "edl", "fcpxml")).files:
        assert SECRET not in shelf.folder.path(name).read_bytes()


def test_one_film_at_a_time(shelf: Shelf) -> None:
    """While another process makes the film of this folder, that is said; a run that goes on in it
    is no hindrance."""
    shelf.put("a_t01")
    with locked(shelf.folder.root):
        shelf.deliver()
    with locked(shelf.folder.path(SHOP)), pytest.raises(OutputUnavailable) as refused:
        shelf.deliver(anew=True)
    assert "the film" in refused.value.message


def test_stopped_half_way_the_old_film_is_whole(shelf: Shelf) -> None:
    """And nothing lies about."""
    shelf.put("a_t01")
    shelf.deliver()
    before = shelf.folder.path("reel.mp4").read_bytes()
    shelf.put("b_t01", size=(48, 64))
    asked = iter(range(100))
    with pytest.raises(Stopped):
        deliver(shelf.ledger, shelf.folder, Watch(lambda: next(asked) > 8, Shelf.go_on.tell))
    assert shelf.folder.path("reel.mp4").read_bytes() == before
    assert not list(shelf.folder.root.glob("*.part"))
    assert shelf.deliver().shots == 2


def test_what_is_no_part_of_the_film_is_not_kept(shelf: Shelf) -> None:
    """What had to be encoded lies beside the film only while it is part of it."""
    shelf.put("a_t01")
    shelf.put("b_t01", size=(48, 64))
    shelf.put("b_t02", size=(48, 64))
    shelf.deliver()
    kept = set(shelf.folder.path(SHOP).glob("*.mp4"))
    assert len(kept) == 2
    shelf.put("b_t03")
    shelf.deliver()
    assert not list(shelf.folder.path(SHOP).glob("*.mp4"))


MADE: list[Any] = [
    None, [], 7, {"marks": 3}, {"marks": {"reel.mp4": 3}}, {"told": []}, {"told": {"shots": "x"}},
    {"told": {"files": ["../../x"], "shots": [], "slates": 0, "seconds": 0}}, {"revision": []},
    {"marks": {"../ledger.db": ["x"]}}, {"unknown": 1}, {"reel": {}}, {"version": "film-0"},
    {"told": {"files": [], "missing": [], "troubles": [], "shots": 1, "slates": 0, "seconds": inf}},
    {"told": {"files": [], "missing": [], "troubles": [], "shots": inf, "slates": 0, "seconds": 0}},
]  # fmt: skip


@pytest.mark.parametrize("change", MADE, ids=lambda change: json.dumps(change)[:30])
def test_a_borrowed_folder_may_hold_any_state(shelf: Shelf, change: Any) -> None:
    """Whatever it says of the film that was made, the film is made."""
    shelf.put("a_t01")
    shelf.deliver()
    file = shelf.folder.path(f"{SHOP}/made.json")
    state = json.loads(file.read_text(encoding="utf-8"))
    state = {**state, **change} if isinstance(change, dict) else change
    file.write_text(json.dumps(state), encoding="utf-8")
    shelf.folder.path("reel.mp4").unlink()
    shelf.folder.path("timeline.otio").unlink()
    assert shelf.deliver().shots == 1


def test_a_state_nested_without_end(shelf: Shelf) -> None:
    """Is as none."""
    shelf.put("a_t01")
    shelf.deliver()
    shelf.folder.path(f"{SHOP}/made.json").write_text("[" * 100_000, encoding="utf-8")
    assert shelf.deliver().shots == 1


def test_a_folder_that_cannot_be_written_to(shelf: Shelf) -> None:
    """Is said in a sentence."""
    shelf.put("a_t01")
    shelf.folder.path(SHOP).write_text("in the way", encoding="utf-8")
    with pytest.raises(OutputUnavailable):
        shelf.deliver()


@pytest.mark.parametrize("name", ["reel.mp4", "timeline.otio", "report.html"])
def test_nobody_waits_at_a_pipe(shelf: Shelf, name: str) -> None:
    """Under the name of a file of the film it is left alone, and named."""
    shelf.put("sh010_t01")
    os.mkfifo(shelf.folder.path(name))
    made = shelf.deliver()
    assert name not in made.files
    assert [each.partition(" ")[0] for each in made.troubles] == [name]


def test_a_clip_that_is_none_of_the_folder(shelf: Shelf) -> None:
    """A link to what lies elsewhere and a pipe are shown nowhere; a slate stands in."""
    for take, kind in (("sh010_t01", "live"), ("sh010_t01", "preview"), ("sh020_t01", "live")):
        shelf.put(take, kind, grey=100 if kind == "preview" else 60)
    clip = shelf.folder.path("clips/sh010_t01.mp4")
    clip.rename(clip.parent.parent.parent / "private.mp4")
    clip.symlink_to(clip.parent.parent.parent / "private.mp4")
    shelf.folder.path("clips/sh020_t01.mp4").unlink()
    os.mkfifo(shelf.folder.path("clips/sh020_t01.mp4"))
    made = shelf.deliver()
    assert (made.shots, made.missing) == (1, ("sh020",))
    assert shelf.greys() == [100]
    assert made.troubles == (
        "sh010_t01.mp4, sh020_t01.mp4 cannot be read: it is no file of this folder",
    )
