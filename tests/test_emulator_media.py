"""Reference files: what the service would take, at each documented limit and just beyond it."""

from __future__ import annotations

import pytest
from emulator_calls import body
from media_files import picture, video

from r2vbatch.emulator.checks import read
from r2vbatch.emulator.media import check, inspect
from r2vbatch.emulator.options import Options

MB = 2**20


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
    path = tmp_path / "reference"
    path.write_bytes(content())
    medium = inspect(path)
    for limits, code in zip(("newer", "strict"), codes, strict=True):
        options = Options(reference_limits=limits)
        for model in ("wan2.6-r2v-flash", "wan2.6-r2v"):
            refused = check(read(body(model=model), options), [medium], options)
            assert (refused and refused.code) == code
