"""Reference files are looked into before anything is spent: what the service would refuse is told
at the reference's place, with the measured value, the limit and the remedy."""

from __future__ import annotations

import shutil
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import hypothesis
import hypothesis.strategies as st
import pytest
from conftest import ROOT
from media_files import IMAGE, VIDEO
from PIL import Image
from storyboards import given, planned, storyboard

from r2vbatch import catalogue
from r2vbatch.media import FileFacts, facts
from r2vbatch.planning import probe

MODELS = catalogue.load()
FLASH = MODELS.models["wan2.6-r2v-flash"]
NEWEST = MODELS.models["wan2.7-r2v"]
MEGABYTE = 1024 * 1024


@pytest.mark.parametrize(
    ("measured", "model", "says"),
    [
        (replace(IMAGE, kind=None, bytes=0), FLASH, "error: a.jpg is empty"),
        (replace(IMAGE, kind=None), FLASH, "error: a.jpg is neither an image nor a video"),
        (VIDEO, FLASH, "error: a.jpg is a video, but given as an image"),
        (replace(IMAGE, format="GIF"), FLASH, "is GIF; wan2.6-r2v-flash takes JPEG, PNG, BMP"),
        (replace(IMAGE, alpha=True), FLASH, "has transparent parts; wan2.6-r2v-flash takes none"),
        (replace(IMAGE, bytes=11 * MEGABYTE), FLASH, "warning: a.jpg has 11 MB; some pages of the"),
        (replace(IMAGE, bytes=20 * MEGABYTE + 1), FLASH, "has 20.1 MB; wan2.6-r2v-flash takes 20"),
        (replace(IMAGE, width=1921, height=240), NEWEST, "is 8.01 times as long as wide"),
        (replace(VIDEO, seconds=Decimal("1.500")), FLASH, "warning: b.mp4 is 1.5 s long; some"),
        (replace(VIDEO, format="WEBM"), FLASH, "is WEBM; wan2.6-r2v-flash takes MP4, MOV"),
    ],
)
def test_what_the_service_would_refuse(
    measured: FileFacts,
    model: catalogue.Model,
    says: str,
) -> None:
    """What no figure tells, and how figures are told: never as the limit that they are beyond.
    (Each limit: `test_limits.py`.)"""
    reference = given("image" if "a.jpg" in says or measured.seconds is None else "video")
    (found,) = probe.judge(reference, measured, model)
    assert says in f"{found.severity}: {found.message}"
    assert found.hint


@hypothesis.given(
    st.integers(0, 20 * MEGABYTE), st.integers(240, 5000), st.integers(240, 5000),
    st.sampled_from(["JPEG", "PNG", "BMP", "WEBP"]),
)  # fmt: skip
def test_what_it_takes_is_not_spoken_against(size: int, width: int, height: int, form: str) -> None:
    """Within every figure, newer and older, there is nothing to say."""
    fine = replace(IMAGE, bytes=min(size, 10 * MEGABYTE), width=width, height=height, format=form)
    assert not list(probe.judge(given("image"), fine, FLASH))


def test_content_counts_and_not_the_name(tmp_path: Path) -> None:
    """Formats, transparency and kinds are those of the bytes, whatever a file is called."""

    def picture(form: str, mode: str) -> FileFacts:
        file = tmp_path / "picture.png"
        Image.new(mode, (300, 260)).save(file, form)
        return facts(file)

    assert [picture(form, "RGB").format for form in ("JPEG", "PNG", "BMP", "WEBP", "GIF")] == [
        "JPEG", "PNG", "BMP", "WEBP", "GIF",
    ]  # fmt: skip
    assert picture("PNG", "RGBA").alpha and not picture("PNG", "RGB").alpha
    film = tmp_path / "film.png"
    shutil.copy(ROOT / "manifests" / "refs" / "bunny.mp4", film)
    assert (facts(film).kind, facts(film).format) == ("video", "MP4")
    secret = tmp_path / "words.png"
    secret.write_text("root:x:0:0\n" * 100)
    assert facts(secret).kind is None


def test_each_file_is_told_once_at_its_place(tmp_path: Path) -> None:
    """However many shots use it, and on the line of the cast where it is given."""
    shots = [{"id": f"s{n}", "prompt": "@one waves"} for n in range(5)]
    board = storyboard(*shots, cast={"one": {"image": "a.jpg"}})
    (tmp_path / "a.jpg").write_text("no picture")
    plan = planned(board, tmp_path)
    (found,) = [d for d in plan.diagnostics if d.rule == "reference-file"]
    assert found.message == "a.jpg is neither an image nor a video"
    assert not plan.takes
