"""The cheapest valid clip of a size, length and sound: two greys in turn, and a hum.

For load tests, where hundreds of tasks matter and no picture does. It neither stands still nor is
silent, for whoever looks at what is fetched would have to say so.
"""

from __future__ import annotations

import struct
from pathlib import Path

import av

from r2vbatch.emulator.slate.encode import Encoder
from r2vbatch.emulator.slate.model import FPS, SAMPLE_RATE, Slate

_EACH = FPS // 2
"""Frames of each grey in turn: the fewer changes, the smaller the file."""
_HERTZ = 100
_WAVE = SAMPLE_RATE // _HERTZ
_HUM = (struct.pack("<hh", 330, 330) * (_WAVE // 2) + bytes(4) * (_WAVE // 2)) * _HERTZ
"""One second, 40 dB under full scale."""


def render_plain(slate: Slate, path: Path) -> None:
    """Write the clip to `path`."""
    with Encoder(path, slate.width, slate.height, audio=slate.audio) as encoder:
        greys = [_grey(slate, level) for level in (0x7E, 0x82)]
        for number in range(slate.seconds * FPS):
            encoder.picture(greys[number // _EACH % 2])
        encoder.sound(_HUM * slate.seconds)


def _grey(slate: Slate, level: int) -> av.VideoFrame:
    frame = av.VideoFrame(slate.width, slate.height, "yuv420p")
    for plane, value in zip(frame.planes, (level, 0x80, 0x80), strict=True):
        plane.update(bytes([value]) * plane.buffer_size)
    return frame
