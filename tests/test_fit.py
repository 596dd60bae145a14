"""References that a model would not take, or that a phone made in its own way: `fit` gives a copy
that conforms, says what was done, and leaves the original alone."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import av
import hypothesis
import hypothesis.strategies as st
import pytest
from awkward import phone
from media_files import video, voice
from PIL import Image, ImageCms
from storyboards import planned, storyboard
from studio import Studio

from r2vbatch import catalogue, media
from r2vbatch.media import FileFacts, Recipe
from r2vbatch.planning import Plan

MODELS = catalogue.load()


def fitted(folder: Path, entry: Mapping[str, Any], **keys: Any) -> Plan:
    """The plan of one shot with one member of the cast, measured."""
    board = storyboard({"id": "a", "prompt": "@one waves"}, cast={"one": entry}, **keys)
    return planned(board, folder)


def made(plan: Plan, folder: Path) -> tuple[Path, FileFacts]:
    """The copy that the plan's take is given, made, and what is measured of it."""
    (sent,) = plan.takes[0].sent
    assert sent.recipe is not None and sent.file is not None
    target = folder / f"copy{sent.recipe.suffix}"
    assert media.fit(sent.file, sent.recipe, target) == ""
    return target, media.facts(target)


COPY = """
import sys; from decimal import Decimal; from pathlib import Path
from r2vbatch import media; from r2vbatch.media import Recipe
sys.exit(media.fit(Path(sys.argv[1]), eval(sys.argv[2]), Path(sys.argv[3])) or None)
"""


def test_a_copys_bytes_follow_from_its_recipe(tmp_path: Path) -> None:
    """Near the bound, and whatever the memory held that the encoder was given."""
    original = tmp_path / "noise.mp4"
    with av.open(str(original), "w") as made:
        noise = made.add_stream("libx264", rate=30, options={"preset": "ultrafast"})
        noise.width, noise.height, noise.pix_fmt = 240, 320, "yuv420p"
        for _ in range(60):
            image = Image.effect_noise((240, 320), 15).convert("RGB")
            made.mux(noise.encode(av.VideoFrame.from_image(image)))
        made.mux(noise.encode(None))
    content = hashlib.sha256(original.read_bytes()).hexdigest()
    recipe = Recipe(content, "video", 240, 320, 300_000, seconds=Decimal(2))
    copies = []
    for fill in ("1", "200"):  # with which glibc fills what a process is given
        copy = tmp_path / f"{fill}.mp4"
        subprocess.run(
            [sys.executable, "-c", COPY, str(original), repr(recipe), str(copy)],
            env={**os.environ, "MALLOC_PERTURB_": fill},
            check=True,
        )
        copies.append(copy.read_bytes())
    assert len(copies[0]) > 100_000
    assert copies[0] == copies[1]


def test_a_film_of_a_phone(tmp_path: Path) -> None:
    """Turned upright, as H.264, with one sound at an even rate; the same bytes each time, and the
    original as it was."""
    original = phone(tmp_path / "phone.mov", seconds=2.5)
    before = original.read_bytes()
    assert media.facts(original).traits == ("turned", "HEVC", "uneven", "streams")
    plan = fitted(tmp_path, {"video": "phone.mov", "fit": True})
    (told,) = plan.fitted
    assert told == (
        "one (phone.mov): turned upright, HEVC to H.264, uneven frame rate to 30 a second,"
        " further streams left out"
    )
    copy, facts = made(plan, tmp_path)
    assert (facts.format, facts.traits) == ("MP4", ())
    assert (facts.width, facts.height) == (240, 320)
    assert abs((facts.seconds or 0) - Decimal("2.5")) < Decimal("0.1")
    with av.open(str(copy)) as read:
        assert [stream.codec_context.name for stream in read.streams] == ["h264", "aac"]
        picture = next(read.decode(video=0)).to_image()
    right, left = picture.getpixel((230, 160)), picture.getpixel((10, 160))
    assert right[0] > 150 > left[0], "the gold edge, on top as stored, is on the right"
    again = tmp_path / "again.mp4"
    (sent,) = plan.takes[0].sent
    assert sent.recipe is not None and media.fit(original, sent.recipe, again) == ""
    assert again.read_bytes() == copy.read_bytes()
    assert original.read_bytes() == before
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "again.mp4", "copy.mp4", "phone.mov",
    ]  # fmt: skip


def test_a_picture_too_large_that_can_be_seen_through(tmp_path: Path) -> None:
    """On white, within the sides that the model takes, and in its shape."""
    picture = Image.new("RGBA", (9000, 900), (0, 0, 0, 0))
    picture.paste((0, 0, 200, 255), (0, 0, 4500, 900))
    picture.save(tmp_path / "cut-out.png")
    plain = fitted(tmp_path, {"image": "cut-out.png"})
    assert not plain.takes
    assert all(each.hint.endswith("; or fit: true") for each in plain.diagnostics)
    plan = fitted(tmp_path, {"image": "cut-out.png", "fit": True})
    assert not plan.diagnostics
    copy, facts = made(plan, tmp_path)
    assert (facts.format, facts.width, facts.height, facts.alpha) == ("JPEG", 4096, 410, False)
    with Image.open(copy) as read:
        assert min(read.getpixel((4000, 200))) > 250
        assert read.getpixel((100, 200))[2] > 150


def test_a_film_too_long(tmp_path: Path) -> None:
    """The first seconds that the model takes, or those that `trim` names; it is priced by them."""
    (tmp_path / "long.mp4").write_bytes(video(45.0, rate=4, size=(320, 240)))
    assert not fitted(tmp_path, {"video": "long.mp4"}).takes
    plan = fitted(tmp_path, {"video": "long.mp4", "fit": True})
    assert plan.fitted == ("one (long.mp4): the first 30 s of 45 s",)
    seconds = made(plan, tmp_path)[1].seconds
    assert seconds is not None and Decimal(29) < seconds <= 30
    entry = {"video": "long.mp4", "fit": True, "trim": [40, 42.5]}
    trimmed = fitted(tmp_path, entry)
    assert trimmed.fitted == ("one (long.mp4): seconds 40 to 42.5 of 45 s",)
    assert plan.seconds - trimmed.seconds == Decimal("2.5")  # of a cap of 5
    beyond = fitted(tmp_path, {**entry, "trim": [40, 46]})
    assert [each.message for each in beyond.diagnostics] == [
        "trim ends at 46 s, but long.mp4 is 45 s long"
    ]


def test_a_picture_that_moves(tmp_path: Path) -> None:
    """Of a GIF its first picture is given."""
    frames = [Image.new("RGB", (300, 300), colour) for colour in ("red", "blue", "green")]
    frames[0].save(tmp_path / "dance.gif", save_all=True, append_images=frames[1:], duration=100)
    plan = fitted(tmp_path, {"image": "dance.gif", "fit": True})
    assert plan.fitted == ("one (dance.gif): the first picture of GIF to JPEG",)
    with Image.open(made(plan, tmp_path)[0]) as read:
        assert read.getpixel((150, 150))[0] > 200


def test_a_shape_that_is_too_long(tmp_path: Path) -> None:
    """Nothing of it is cut off: it stands between bars, white beside a picture, black beside a
    film; and where a model has no such limit it stays as it is."""
    Image.new("RGB", (3000, 250), "teal").save(tmp_path / "strip.png")
    (tmp_path / "strip.mp4").write_bytes(video(1.0, size=(240, 3000)))
    assert not fitted(tmp_path, {"image": "strip.png", "fit": True}).fitted
    cast = {"image": "strip.png", "fit": True}
    copy, facts = made(fitted(tmp_path, cast, model="wan2.7-r2v"), tmp_path)
    assert (facts.width, facts.height) == (3000, 375)
    with Image.open(copy) as read:
        assert [read.getpixel((9, y))[0] > 250 for y in (0, 60, 64, 187, 310, 314, 374)] == [
            True, True, False, False, False, True, True,
        ]  # fmt: skip
    cast = {"video": "strip.mp4", "fit": True}
    copy, facts = made(fitted(tmp_path, cast, model="wan2.7-r2v"), tmp_path)
    assert (facts.width, facts.height) == (240, 1920)
    with av.open(str(copy)) as read:
        picture = next(read.decode(video=0)).to_image()
    assert sum(picture.getpixel((20, 960))) < 60 < sum(picture.getpixel((120, 960)))


def test_colours_of_a_phone(tmp_path: Path) -> None:
    """A picture that says what its colours mean is given in those that all screens show: here red
    is said to be blue."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, blue = profile.index(b"rXYZ"), profile.index(b"bXYZ")
    profile[red : red + 4], profile[blue : blue + 4] = b"bXYZ", b"rXYZ"
    picture = Image.new("RGB", (300, 300), "red")
    picture.save(tmp_path / "odd.tif", icc_profile=bytes(profile))
    copy, _ = made(fitted(tmp_path, {"image": "odd.tif", "fit": True}), tmp_path)
    with Image.open(copy) as read:
        assert read.getpixel((150, 150)) == pytest.approx((0, 0, 255), abs=3)


def test_a_voice_is_fitted(tmp_path: Path) -> None:
    """What is too long for the model is cut to its first seconds; the looks stay as they are, and
    so does the price. Only what `fit` is asked of is copied."""
    (tmp_path / "long.wav").write_bytes(voice(12.0))
    Image.new("RGB", (300, 300)).save(tmp_path / "face.png")
    entry = {"image": "face.png", "voice": "long.wav"}
    (told,) = fitted(tmp_path, entry, model="wan2.7-r2v").diagnostics
    assert told.hint.endswith("; or fit: true")
    plan = fitted(tmp_path, {**entry, "fit": True}, model="wan2.7-r2v")
    assert plan.fitted == ("one (long.wav): the first 10 s of 12 s",)
    (sent,) = plan.takes[0].sent
    assert sent.recipe is None and sent.voice is not None and sent.voice.recipe is not None
    copy = tmp_path / "copy.wav"
    assert media.fit(tmp_path / "long.wav", sent.voice.recipe, copy) == ""
    assert media.facts(copy).seconds == 10
    assert not fitted(tmp_path, {**entry, "fit": True}).fitted, "2.6 is sent no voice"


def test_what_conforms_is_given_as_it_is(tmp_path: Path) -> None:
    """`fit` changes no request and no fingerprint where there is nothing to do."""
    Image.new("RGB", (300, 300)).save(tmp_path / "fine.png")
    (plain,) = fitted(tmp_path, {"image": "fine.png"}).takes
    (fit,) = fitted(tmp_path, {"image": "fine.png", "fit": True}).takes
    assert (plain.fingerprint, plain.sent) == (fit.fingerprint, fit.sent)


def test_a_link_in_the_place_of_a_copy_is_not_given(tmp_path: Path) -> None:
    """In a folder that came from somebody else it might lead to a secret: a copy replaces it."""
    Image.new("RGBA", (300, 300)).save(tmp_path / "cut-out.png")
    (tmp_path / "secret").write_text("mine")
    (tmp_path / "copy.jpg").symlink_to(tmp_path / "secret")
    copy, facts = made(fitted(tmp_path, {"image": "cut-out.png", "fit": True}), tmp_path)
    assert facts.format == "JPEG" and not copy.is_symlink()
    assert (tmp_path / "secret").read_text() == "mine"


def test_what_cannot_be_copied_is_told(tmp_path: Path) -> None:
    """A file that changed, or does not decode, leaves a sentence and no file."""
    file = tmp_path / "a.gif"
    file.write_bytes(b"GIF89a\x10\x00\x10\x00\x00\x00\x00")
    content = hashlib.sha256(file.read_bytes()).hexdigest()
    target = tmp_path / "fitted" / "a.jpg"
    recipe = Recipe(content, "image", 300, 300, 1000)
    assert "does not decode" in media.fit(file, recipe, target)
    assert "changed" in media.fit(file, Recipe("0" * 64, "image", 300, 300, 1000), target)
    assert "does not decode" in media.fit(file, Recipe(content, "video", 16, 16, 1000,
                                                       seconds=Decimal(1)), target)  # fmt: skip
    assert not any(target.parent.iterdir())


@hypothesis.settings(max_examples=40)
@hypothesis.given(
    st.integers(1, 20_000), st.integers(1, 20_000), st.integers(0, 300 * 1024 * 1024),
    st.decimals(1, 1000, places=3), st.sampled_from(sorted(MODELS.models)),
    st.sampled_from(["JPEG", "PNG", "TIFF", "MP4", "MOV", "AVI"]),
)  # fmt: skip
def test_a_copy_conforms_by_its_measures(
    tmp_path_factory: pytest.TempPathFactory, width: int, height: int, size: int,
    seconds: Decimal, model: str, form: str,
) -> None:  # fmt: skip
    """Whatever is measured of a file, nothing speaks against its copy but that the original is too
    short."""
    hypothesis.assume(width * height <= 150_000_000)
    film = form in {"MP4", "MOV", "AVI"}
    facts = FileFacts("0" * 64, size, "video" if film else "image", seconds if film else None,
                      width, height, form)  # fmt: skip
    name = f"a.{form.lower()}"
    board = storyboard({"id": "a", "prompt": "@one waves"}, model=model,
                       cast={"one": {facts.kind: name, "fit": True}})  # fmt: skip
    folder = tmp_path_factory.getbasetemp()
    (folder / name).touch()
    found = planned(board, folder, {folder / name: facts}).diagnostics
    assert all("s at least" in d.message for d in found), found


@pytest.mark.long
def test_a_batch_with_copies(tmp_path: Path) -> None:
    """`--fit` is remembered by `resume`; a copy is made once, and its shot not made again."""
    studio = Studio(tmp_path / "film")
    Image.new("RGBA", (320, 320)).save(studio.folder / "refs" / "ellen.png")
    studio.shots("a", "b")
    assert "--fit" not in studio.preview().err and studio.preview().code == 3
    first = studio.preview("--fit", "--only", "a")
    assert first.code == 0, first.err
    (copy,) = (studio.output / "fitted").iterdir()
    written = copy.stat().st_mtime_ns
    cut_short = copy.with_name("cut-short.mp4.1.part")
    cut_short.touch()
    again = studio.call("resume", "out", "--only", "*")
    assert again.code == 0, again.err
    assert set(studio.states().values()) == {"done"} and len(studio.states()) == 2
    assert copy.stat().st_mtime_ns == written and not cut_short.exists()
    told = studio.call("plan", "film.yaml", "--fit")
    assert told.out.count("keep") == 2
    assert "fit: ellen (ellen.png): transparent parts on white" in told.out
    assert "fit: ellen" in studio.call("check", "film.yaml", "--fit").out


@pytest.mark.long
def test_hdr_becomes_what_every_screen_shows(tmp_path: Path) -> None:
    """Bright HLG in 10 bits is given as BT.709 in 8, neither black nor burnt out."""
    phone(tmp_path / "hdr.mov", hdr=True)
    plan = fitted(tmp_path, {"video": "hdr.mov", "fit": True})
    assert "HDR to plain brightness" in plan.fitted[0]
    copy, facts = made(plan, tmp_path)
    assert not facts.traits
    with av.open(str(copy)) as read:
        picture = next(read.decode(video=0)).to_image()
    assert picture.getpixel((230, 160))[0] > picture.getpixel((10, 160))[0] + 60
