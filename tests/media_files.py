"""Small pictures and videos as bytes, for uploads; and what is measured of usual ones."""

from __future__ import annotations

import io
import wave
from array import array
from decimal import Decimal
from functools import cache

import av
from PIL import Image

from r2vbatch.media import FileFacts

IMAGE = FileFacts("a" * 64, 1000, "image", None, 1280, 720, "JPEG")
VIDEO = FileFacts("b" * 64, 1000, "video", Decimal(5), 1280, 720, "MP4")


@cache
def picture(width=320, height=240, form="PNG", mode="RGB"):
    """An image of one colour."""
    file = io.BytesIO()
    Image.new(mode, (width, height), "teal").save(file, form)
    return file.getvalue()


@cache
def video(seconds=2.0, form="mp4", size=(96, 64), rate=10):
    """A silent film of one colour."""
    file = io.BytesIO()
    with av.open(file, "w", format=form) as container:
        stream = container.add_stream("libx264", rate=rate, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for _ in range(round(seconds * rate)):
            frame = av.VideoFrame.from_image(Image.new("RGB", size, "teal"))
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


@cache
def voice(seconds=2.0, level=20_000):
    """A recording (WAV) of one tone."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((1, 2, 16_000, 0, "NONE", ""))
        tone = (level * (1 if n // 20 % 2 else -1) for n in range(round(seconds * 16_000)))
        out.writeframes(array("h", tone).tobytes())
    return file.getvalue()
