"""Reference files: what the service would take, at each documented limit and just beyond it."""

from __future__ import annotations

import pytest
from emulator_calls import body
from media_files import picture, video

from r2vbatch.emulator.checks import read
from r2vbatch.emulator.media import check, inspect
from r2vbatch.emulator.options import Options
from r2vbatch.emulator.refusals import Refusal
from r2vbatch.emulator.slate.films import looped
from r2vbatch.emulator.voices import inspect_voice

MB = 2**20


def opened(folder, content):
    """A file with this content, measured."""
    path = folder / "reference"
    path.write_bytes(content)
    return inspect(path)


def padded(content, size):
    """A file of this many bytes that shows what `content` does."""
    return content + bytes(size - len(content))


SIZE, SIDE = "InvalidFile.Size", "InvalidImageResolution"
FORM, LENGTH = "InvalidImage.FileFormat", "InvalidFile.Duration"
SHAPE, FRAME = "InvalidFile.AspectRatio", "InvalidFile.Resolution"
LARGE, SMALL = (320, 240), (96, 64)
FILES = {
    # what it is: the file, its code for 2.6 by the newer numbers, by the strict ones, for 2.7
    "an image": (lambda: picture(), None, None, None),
    "the smallest image": (lambda: picture(240, 240), None, None, None),
    "a smaller image": (lambda: picture(239, 240), SIDE, SIDE, SIDE),
    "the largest image once": (lambda: picture(5000, 640), None, None, None),
    "a larger image": (lambda: picture(5001, 640), None, SIDE, None),
    "the largest image now": (lambda: picture(8000, 1010), None, SIDE, None),
    "an image too large": (lambda: picture(8001, 1010), SIDE, SIDE, SIDE),
    "an image of 8:1": (lambda: picture(1920, 240), None, None, None),
    "a wider image": (lambda: picture(1921, 240), None, SHAPE, SHAPE),
    "a taller image": (lambda: picture(240, 1921), None, SHAPE, SHAPE),
    "10 MB": (lambda: padded(picture(form="BMP"), 10 * MB), None, None, None),
    "more than 10 MB": (lambda: padded(picture(form="BMP"), 10 * MB + 1), None, SIZE, None),
    "20 MB": (lambda: padded(picture(form="BMP"), 20 * MB), None, SIZE, None),
    "more than 20 MB": (lambda: padded(picture(form="BMP"), 20 * MB + 1), SIZE, SIZE, SIZE),
    "a JPEG": (lambda: picture(form="JPEG"), None, None, None),
    "a WEBP": (lambda: picture(form="WEBP"), None, None, None),
    "a PNG with an alpha channel": (lambda: picture(mode="RGBA"), FORM, FORM, FORM),
    "a WEBP with an alpha channel": (lambda: picture(form="WEBP", mode="RGBA"), None, None, None),
    "an MP4": (lambda: video(2, size=LARGE), None, None, None),
    "a MOV": (lambda: video(2, form="mov", size=LARGE), None, None, None),
    "a second": (lambda: video(1, size=LARGE), None, LENGTH, None),
    "less than a second": (lambda: video(0.8, size=LARGE), LENGTH, LENGTH, LENGTH),
    "half a minute": (lambda: video(30, rate=1, size=LARGE), None, None, None),
    "more than that": (lambda: video(31, rate=1, size=LARGE), LENGTH, LENGTH, LENGTH),
    "a small video": (lambda: video(2, size=SMALL), None, None, FRAME),
    "the largest video": (lambda: video(2, rate=1, size=(4096, 512)), None, None, None),
    "a larger video": (lambda: video(2, rate=1, size=(4098, 514)), None, None, FRAME),
    "a wider video": (lambda: video(2, rate=1, size=(1922, 240)), None, SHAPE, SHAPE),
    "100 MB": (lambda: padded(video(2, size=LARGE), 100 * MB), None, None, None),
    "more than 100 MB": (lambda: padded(video(2, size=LARGE), 100 * MB + 1), SIZE, SIZE, SIZE),
}


def asked(model, kind):
    """A request of `model` for one reference of this kind."""
    if model != "wan2.7-r2v":
        return body(model=model)
    media = [{"type": f"reference_{kind}", "url": "https://media.invalid/a"}]
    return body(model=model, media=media, reference_urls=None, size=None, audio=None)


@pytest.mark.parametrize("name", FILES)
def test_a_file_at_each_limit(name, tmp_path):
    """Taken or refused with its code: by the newer and the stricter numbers for both models of 2.6,
    and for 2.7, of which there is one edition."""
    content, newer, strict, newest = FILES[name]
    medium = opened(tmp_path, content())
    for limits, code in (("newer", newer), ("strict", strict)):
        options = Options(reference_limits=limits)
        of_models = {"wan2.6-r2v-flash": code, "wan2.6-r2v": code, "wan2.7-r2v": newest}
        for model, expected in of_models.items():
            refused = check(read(asked(model, medium.kind), options), [medium], options)
            assert (refused and refused.code) == expected, model


@pytest.mark.parametrize(
    ("role", "content"),
    [
        ("reference_image", video(2, size=LARGE)),
        ("first_frame", video(2, size=LARGE)),
        ("reference_video", picture()),
    ],
)
def test_a_medium_is_what_its_type_says(role, content, tmp_path):
    """2.7: an image given as a video, or a video as an image, fails with InvalidFile.Format; what
    a first frame is held to is what an image is."""
    request = asked("wan2.7-r2v", "image")
    request["input"]["media"].append({"type": role, "url": "https://media.invalid/b"})
    image, wrong = opened(tmp_path, picture()), opened(tmp_path, content)
    assert check(read(request, Options()), [image, wrong], Options()).code == "InvalidFile.Format"


def code_of(options, *files, field="reference_urls"):
    """The code with which a request fails that has these files, or None."""
    urls = [f"oss://folder/{name}" for name, _ in files]
    ask = read(body(**{"reference_urls": None, field: urls}), options)
    refused = check(ask, [medium for _, medium in files], options)
    return refused and refused.code


READINGS = {
    # name: the other reading, the files, the code by default, the code then
    "reference_limits": ("strict", [("a.mp4", video(1))], None, LENGTH),
    "alpha": ("accept", [("a.png", picture(mode="RGBA"))], FORM, None),
    "wrong_extension": ("fail", [("a.png", picture(form="JPEG"))], None, "InvalidFile.Format"),
    "videos_only": (True, [("a.png", picture())], None, "InvalidFile.Format"),
    "fourth_video": ("accept", [("a.mp4", video(1))] * 4, "InvalidParameter", None),
}


@pytest.mark.parametrize("name", READINGS)
def test_a_reading_and_the_likelier_one(name, tmp_path):
    """By default as the likelier reading has it, by switch as the other one."""
    other, given, by_default, then = READINGS[name]
    files = [(called, opened(tmp_path, content)) for called, content in given]
    assert code_of(Options(), *files) == by_default
    assert code_of(Options(**{name: other}), *files) == then


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.jpg", picture(form="JPEG")), ("a.JPEG", picture(form="JPEG")), ("a.mov", video(2))],
    ids=["jpg", "JPEG", "mov"],
)
def test_extensions_that_say_the_same(name, content, tmp_path):
    """Where names must be right, each name of a container is, in any case."""
    files = [(name, opened(tmp_path, content))]
    assert code_of(Options(wrong_extension="fail"), *files) is None


def test_the_deprecated_field_wants_two_seconds(tmp_path):
    """A video of a second is too short for reference_video_urls, and not for reference_urls."""
    files = [("a.mp4", opened(tmp_path, video(1)))]
    assert code_of(Options(), *files) is None
    assert code_of(Options(), *files, field="reference_video_urls") == LENGTH


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"ffconcat version 1.0\nfile other.mp4\n", "InvalidFile.Openerror"),
        (b"#EXTM3U\n#EXTINF:5,\nother.mp4\n", "InvalidFile.Openerror"),
        (picture(form="AVIF").replace(b"pitm", b"pitx"), FORM),
    ],
)
def test_a_crafted_file_leads_nowhere(content, code, tmp_path):
    """A list of files opens no other one, and what a reader stumbles over is refused as a task's
    own failure; neither breaks a slate."""
    (tmp_path / "other.mp4").write_bytes(video(5))
    with pytest.raises(Refusal) as refused:
        opened(tmp_path, content)
    assert refused.value.code == code
    with pytest.raises(Refusal):
        inspect_voice(tmp_path / "reference")
    assert next(looped(tmp_path / "reference"), None) is None or code == FORM
