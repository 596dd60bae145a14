"""Shots that continue another, made: which picture they are given, and when they are stale."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from PIL import Image
from studio import Studio, account, service

from r2vbatch.errors import Exit


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    """A chain of three shots, the first with two takes."""
    studio = Studio(tmp_path)
    studio.shots(
        {"id": "a", "prompt": "@ellen runs.", "takes": 2},
        {"id": "b", "prompt": "@previous, then @ellen stops.", "continues": "a"},
        {"id": "c", "prompt": "@previous, then @ellen sits.", "continues": "b"},
    )
    return studio


def sources(studio: Studio) -> dict[str, str]:
    """Of each wanted take that continues another: which it was made from."""
    return dict(
        studio.ledger(
            "SELECT t.take, s.take FROM continued c JOIN takes t ON t.key = c.key"
            " JOIN takes s ON s.key = c.source WHERE t.wanted = 1"
        )
    )


def test_a_chain_is_made_in_its_order(studio: Studio) -> None:
    """Each shot is given the last frame of the good take before it, as an upload of its own; the
    picture lies in the folder, as large as the clip."""
    with service() as at:
        assert studio.live(at).code == Exit.DONE
        assert account(at)["billed_tasks"] == 4
    assert sources(studio) == {"b_t01": "a_t02", "c_t01": "b_t01"}
    rows = studio.rows()
    (frame,) = (studio.output / "frames").glob("a_t02-*.png")
    assert rows["b_t01"]["references"] == [frame.name, "ellen.png"]
    assert rows["b_t01"]["submitted_at"] >= rows["a_t02"]["ended_at"]
    with Image.open(frame) as picture:
        assert (picture.size, picture.mode) == ((1280, 720), "RGB")
    ((sha256,),) = studio.ledger(
        "SELECT c.sha256 FROM continued c JOIN takes t ON t.key = c.key WHERE t.take = 'b_t01'"
    )
    assert sha256 == hashlib.sha256(frame.read_bytes()).hexdigest()


@pytest.mark.long
def test_stale_takes_are_made_again_only_when_asked(studio: Studio) -> None:
    """Another take is circled: what continues it, and what continues that, is told as stale and
    kept; with --stale both are bought again, in order, and the old clips are retired. Circled back,
    all of the old ones come back for nothing."""
    with service() as at:
        assert studio.live(at).code == Exit.DONE
        before = studio.inodes()
        assert studio.call("circle", "out", "a_t01").code == Exit.DONE
        again = studio.live(at)
        assert (again.code, account(at)["billed_tasks"]) == (Exit.DONE, 4)
        assert "b_t01 done, but stale: it continues a_t02, and a_t01 is the good take" in again.out
        assert "make 2 stale takes again" in again.out and "--stale\n" in again.out
        told = studio.call("status", "out").out
        assert "b_t01 is stale: it continues a_t02, and a_t01 is the good take now" in told
        assert "c_t01 is stale: b_t01, which it continues, is stale" in told
        assert studio.inodes() == before

        made = studio.live(at, "--stale")
        assert made.code == Exit.DONE
        assert "2 of 4 takes to make" in made.err
        assert account(at)["billed_tasks"] == 6
        assert sources(studio) == {"b_t01": "a_t01", "c_t01": "b_t01"}
        after, retired = studio.inodes(), studio.inodes("retired")
        assert sorted(retired.values()) == sorted(before[f"{take}_t01.mp4"] for take in "bc")
        assert "is stale" not in studio.call("status", "out").out
        assert studio.live(at, "--stale").code == Exit.DONE
        assert (account(at)["billed_tasks"], studio.inodes()) == (6, after)

        assert studio.call("circle", "out", "a_t02").code == Exit.DONE
        assert studio.live(at, "--stale").code == Exit.DONE
        assert (account(at)["billed_tasks"], studio.inodes()) == (6, before)
        assert sources(studio) == {"b_t01": "a_t02", "c_t01": "b_t01"}
        assert "is stale" not in studio.call("status", "out").out


def test_a_shot_that_ended_without_a_clip_is_not_continued(studio: Studio) -> None:
    """What continues it is skipped, link by link, without a POST; mended, all of it is made."""
    studio.board["shots"][0]["takes"] = 1
    studio.save()
    with service("submit:refuse=DataInspectionFailed:#1") as at:
        outcome = studio.live(at)
        assert outcome.code == Exit.NOT_ALL_DONE
        assert "b_t01 skipped: a, which it continues, has no clip: failed" in outcome.out
        assert "c_t01 skipped: b, which it continues, has no clip: skipped" in outcome.out
        assert account(at)["posts"] == 1
        assert studio.live(at).code == Exit.DONE
        assert account(at)["billed_tasks"] == 3


def test_a_shot_beyond_the_scope(studio: Studio) -> None:
    """It is not made for the one that continues it: that one waits as planned, and says so."""
    outcome = studio.preview("--only", "b")
    assert outcome.code == Exit.NOT_ALL_DONE
    assert "b_t01 planned: a, which it continues, is not made yet" in outcome.out
    assert studio.states() == {"b_t01": "planned"}


@pytest.mark.long
def test_an_edited_shot_makes_its_followers_stale(studio: Studio) -> None:
    """The edit alone is made, and what continues it when asked, in the same run if need be."""
    studio.board["shots"][0]["takes"] = 1
    studio.save()
    with service() as at:
        assert studio.live(at).code == Exit.DONE
        before = studio.inodes()
        studio.board["shots"][0]["prompt"] = "@ellen walks."
        studio.save()
        assert studio.live(at, "--only", "a").code == Exit.DONE
        plan = studio.call("plan", str(studio.file), "--endpoint", at.base_url).out
        assert "stale: a_t01, which it continues, was made anew" in plan
        studio.board["shots"][1]["prompt"] = "@previous, then @ellen waits."
        studio.save()
        assert studio.live(at, "--stale").code == Exit.DONE
        assert account(at)["billed_tasks"] == 6
        assert sources(studio) == {"b_t01": "a_t01", "c_t01": "b_t01"}
        assert not set(before.values()) & set(studio.inodes().values())
        assert json.loads(studio.call("status", "out", "--json").out)["stale"] == []


@pytest.mark.long
def test_a_preview_goes_on_from_slates(studio: Studio) -> None:
    """Free, and again only when asked; a clip that is there already is not what it begins with."""
    with service() as at:
        assert studio.live(at, "--only", "a").code == Exit.DONE
    assert studio.preview().code == Exit.DONE
    assert studio.ledger(
        "SELECT DISTINCT s.kind FROM continued c JOIN takes s ON s.key = c.source"
    ) == [("preview",)]
    slates = studio.inodes("preview")
    assert studio.call("circle", "out", "a_t01").code == Exit.DONE  # the clip, not the slate
    assert studio.preview("--stale").code == Exit.DONE
    assert studio.inodes("preview") == slates
