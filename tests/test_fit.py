"""References that a model would not take, or that a phone made in its own way: `fit` gives a copy
that conforms, says what was done, and leaves the original alone."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import hypothesis
import hypothesis.strategies as st
import pytest
from media_files import video
from PIL import Image
from storyboards import planned, storyboard
from studio import Studio

from r2vbatch import catalogue, media
from r2vbatch.media import FileFacts, Recipe
from r2vbatch.planning import Plan

MODELS = catalogue.load()
_TURNED = struct.pack(">9i", 0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000)
"""The matrix of a film whose pictures are to be turned a quarter to the right."""
HLG = {"color_trc": 18, "color_primaries": 9, "colorspace": 9}


def phone(file: Path, *, seconds: float = 1.0, hdr: bool = False) -> Path:
    """A film as phones make it: HEVC, stored on its side, in uneven steps, with two sounds."""
    with av.open(str(file), "w", format="mov") as made:
        options = {"preset": "ultrafast", "x265-params": "log-level=error"}
        pictures = made.add_stream("libx265", rate=30, options=options)
        pictures.width, pictures.height, pictures.pix_fmt = 320, 240, "yuv420p"
        pictures.codec_context.time_base = Fraction(1, 600)
        for key, value in (HLG if hdr else {}).items():
            setattr(pictures.codec_context, key, value)
        sounds = [made.add_stream("aac", rate=48000, layout="mono") for _ in range(2)]
        image = Image.new("RGB", (320, 240), "navy")
        image.paste("gold", (0, 0, 320, 60))
        for n in range(round(seconds * 20)):
            frame = av.VideoFrame.from_image(image)
            frame.pts, frame.time_base = n * 30 + (n % 3) * 7, Fraction(1, 600)
            made.mux(pictures.encode(frame))
        made.mux(pictures.encode(None))
        for sound in sounds:
            quiet = av.AudioFrame(format="fltp", layout="mono", samples=round(seconds * 48000))
            quiet.planes[0].update(bytes(4 * quiet.samples))
            quiet.sample_rate, quiet.pts, quiet.time_base = 48000, 0, Fraction(1, 48000)
            made.mux(sound.encode(quiet))
            made.mux(sound.encode(None))
    content = bytearray(file.read_bytes())
    at = content.index(b"tkhd") + 44
    content[at : at + 36] = _TURNED
    file.write_bytes(content)
    return file


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
    """Whatever is measured of a file of a usual shape, nothing speaks against its copy but that the
    original is too short."""
    hypothesis.assume(max(width, height) <= 7.9 * min(width, height))
    hypothesis.assume(width * height <= 150_000_000)
    film = form in {"MP4", "MOV", "AVI"}
    facts = FileFacts("0" * 64, size, "video" if film else "image", seconds if film else None,
                      width, height, form)  # fmt: skip
    name = "a.mov" if film else "a.png"
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
