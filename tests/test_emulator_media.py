"""Reference files: what the service would take, at each documented limit and just beyond it."""

from __future__ import annotations

import pytest
from emulator_calls import body
from media_files import picture, video

from r2vbatch.emulator.checks import read
from r2vbatch.emulator.media import check, inspect
from r2vbatch.emulator.options import Options

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
FILES = {
    # what it is: the file, its code by the newer numbers, its code by the strict ones
    "an image": (lambda: picture(), None, None),
    "the smallest image": (lambda: picture(240, 240), None, None),
    "a smaller image": (lambda: picture(239, 240), SIDE, SIDE),
    "the largest image once": (lambda: picture(5000, 640), None, None),
    "a larger image": (lambda: picture(5001, 640), None, SIDE),
    "the largest image now": (lambda: picture(8000, 1010), None, SIDE),
    "an image too large": (lambda: picture(8001, 1010), SIDE, SIDE),
    "an image of 8:1": (lambda: picture(1920, 240), None, None),
    "a wider image": (lambda: picture(1921, 240), None, "InvalidFile.AspectRatio"),
    "10 MB": (lambda: padded(picture(form="BMP"), 10 * MB), None, None),
    "more than 10 MB": (lambda: padded(picture(form="BMP"), 10 * MB + 1), None, SIZE),
    "more than 20 MB": (lambda: padded(picture(form="BMP"), 20 * MB + 1), SIZE, SIZE),
    "a JPEG": (lambda: picture(form="JPEG"), None, None),
    "a WEBP": (lambda: picture(form="WEBP"), None, None),
    "a PNG with an alpha channel": (lambda: picture(mode="RGBA"), FORM, FORM),
    "a WEBP with an alpha channel": (lambda: picture(form="WEBP", mode="RGBA"), None, None),
    "an MP4": (lambda: video(2), None, None),
    "a MOV": (lambda: video(2, form="mov"), None, None),
    "a second": (lambda: video(1), None, LENGTH),
    "less than a second": (lambda: video(0.8), LENGTH, LENGTH),
    "half a minute": (lambda: video(30, rate=1), None, None),
    "more than that": (lambda: video(31, rate=1), LENGTH, LENGTH),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_at_each_limit(name, tmp_path):
    """Taken or refused with its code, by the newer and the stricter numbers, for both models."""
    content, *codes = FILES[name]
    medium = opened(tmp_path, content())
    for limits, code in zip(("newer", "strict"), codes, strict=True):
        options = Options(reference_limits=limits)
        for model in ("wan2.6-r2v-flash", "wan2.6-r2v"):
            refused = check(read(body(model=model), options), [medium], options)
            assert (refused and refused.code) == code


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
