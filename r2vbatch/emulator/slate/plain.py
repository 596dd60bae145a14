"""The cheapest valid clip of a size, length and sound: one grey frame, and silence.

For load tests, where hundreds of tasks matter and no picture does.
"""

from __future__ import annotations

from pathlib import Path

import av

from r2vbatch.emulator.slate.encode import Encoder
from r2vbatch.emulator.slate.model import FPS, Slate


def render_plain(slate: Slate, path: Path) -> None:
    """Write the clip to `path`."""
    with Encoder(path, slate.width, slate.height, audio=slate.audio) as encoder:
        frame = av.VideoFrame(slate.width, slate.height, "yuv420p")
        for plane in frame.planes:
            plane.update(b"\x80" * plane.buffer_size)
        for _ in range(slate.seconds * FPS):
            encoder.picture(frame)
        encoder.silence(slate.seconds)
