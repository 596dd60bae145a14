"""Reference files are looked into before anything is spent: what the service would refuse is told
at the reference's place, with the measured value, the limit and the remedy."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import hypothesis
import hypothesis.strategies as st
import pytest
from conftest import ROOT
from PIL import Image
from storyboards import planned, read, storyboard

from r2vbatch import catalogue
from r2vbatch.manifest.model import Reference
from r2vbatch.media import FileFacts, facts
from r2vbatch.planning import probe

MODELS = catalogue.load()
FLASH = MODELS.models["wan2.6-r2v-flash"]
NEWEST = MODELS.models["wan2.7-r2v"]
IMAGE = FileFacts("a" * 64, 1000, "image", None, 1280, 720, "JPEG")
VIDEO = FileFacts("b" * 64, 1000, "video", Decimal(5), 1280, 720, "MP4")
MEGABYTE = 1024 * 1024


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Reference]:
    """A reference of a real manifest, as an image or as a video."""
    folder = tmp_path_factory.mktemp("refs")
    found = {}
    for kind, name in (("image", "a.jpg"), ("video", "b.mp4")):
        (folder / name).touch()
        board = storyboard({"id": "a", "prompt": "@one waves"}, cast={"one": {kind: name}})
        (found[kind],) = read(board, folder).shots[0].references
    return found.__getitem__


@pytest.mark.parametrize(
    ("measured", "model", "says"),
    [
        (replace(IMAGE, kind=None, bytes=0), FLASH, "error: a.jpg is empty"),
        (replace(IMAGE, kind=None), FLASH, "error: a.jpg is neither an image nor a video"),
        (VIDEO, FLASH, "error: a.jpg is a video, but given as an image"),
        (replace(IMAGE, format="GIF"), FLASH, "is GIF; wan2.6-r2v-flash takes JPEG, PNG, BMP"),
        (replace(IMAGE, alpha=True), FLASH, "has transparent parts; wan2.6-r2v-flash takes none"),
        (replace(IMAGE, bytes=21 * MEGABYTE), FLASH, "has 21.0 MB; wan2.6-r2v-flash takes 20 MB"),
        (replace(IMAGE, bytes=11 * MEGABYTE), FLASH, "warning: a.jpg has 11.0 MB; some pages"),
        (replace(IMAGE, height=100), FLASH, "a side of 100 pixels; wan2.6-r2v-flash takes 240"),
        (replace(IMAGE, width=8001), FLASH, "a side of 8001 pixels; wan2.6-r2v-flash takes 8000"),
        (replace(IMAGE, width=6000), FLASH, "warning: a.jpg has a side of 6000 pixels; some pages"),
        (replace(IMAGE, width=2200, height=244), NEWEST, "is 9.02 times as long as wide"),
        (replace(VIDEO, seconds=Decimal("0.9")), FLASH, "is 0.9 s long; wan2.6-r2v-flash takes 1"),
        (replace(VIDEO, seconds=Decimal("1.5")), FLASH, "warning: b.mp4 is 1.5 s long; some pages"),
        (replace(VIDEO, seconds=Decimal("30.1")), FLASH, "is 30.1 s long; wan2.6-r2v-flash takes"),
        (replace(VIDEO, format="WEBM"), FLASH, "is WEBM; wan2.6-r2v-flash takes MP4, MOV"),
        (replace(VIDEO, bytes=101 * MEGABYTE), FLASH, "has 101.0 MB; wan2.6-r2v-flash takes 100"),
        (replace(VIDEO, width=4100), NEWEST, "a side of 4100 pixels; wan2.7-r2v takes 4096"),
    ],
)
def test_what_the_service_would_refuse(
    reference: Callable[[str], Reference],
    measured: FileFacts,
    model: catalogue.Model,
    says: str,
) -> None:
    """Each published limit, told once, with the measured value."""
    given = reference("image" if "a.jpg" in says or measured.seconds is None else "video")
    (found,) = probe.judge(given, measured, model)
    assert says in f"{found.severity}: {found.message}"
    assert found.hint


@hypothesis.given(
    st.integers(0, 20 * MEGABYTE), st.integers(240, 5000), st.integers(240, 5000),
    st.sampled_from(["JPEG", "PNG", "BMP", "WEBP"]),
)  # fmt: skip
def test_what_it_takes_is_not_spoken_against(
    reference: Callable[[str], Reference], size: int, width: int, height: int, form: str
) -> None:
    """Within every figure, newer and older, there is nothing to say."""
    fine = replace(IMAGE, bytes=min(size, 10 * MEGABYTE), width=width, height=height, format=form)
    assert not list(probe.judge(reference("image"), fine, FLASH))


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
