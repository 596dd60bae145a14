"""Frames of slates, and sheets to lay them on."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence

import av
from PIL import Image

from r2vbatch.emulator.slate.model import Slate
from r2vbatch.emulator.slate.planes import Planes
from r2vbatch.emulator.slate.render import drawn

PAPER = (70, 74, 82)
GAP = 8


def frames(slate: Slate, wanted: Container[int]) -> Iterator[Image.Image]:
    """Frames of a slate by number, without encoding it."""
    yield from (_picture(canvas) for canvas in drawn(slate, wanted))


def _picture(canvas: Planes) -> Image.Image:
    frame: av.VideoFrame = canvas.frame()
    frame.colorspace, frame.color_range = 1, 1  # BT.709, limited range
    return frame.to_image()


def sheet(rows: Sequence[Sequence[Image.Image]], height: int) -> Image.Image:
    """Pictures in rows, all `height` pixels high."""
    fitted = [
        [
            one.resize((round(one.width * height / one.height), height), reducing_gap=2)
            for one in row
        ]
        for row in rows
    ]
    wide = max(sum(one.width + GAP for one in row) for row in fitted) + GAP
    paper = Image.new("RGB", (wide, len(rows) * (height + GAP) + GAP), PAPER)
    for number, row in enumerate(fitted):
        x = GAP
        for one in row:
            paper.paste(one, (x, GAP + number * (height + GAP)))
            x += one.width + GAP
    return paper
