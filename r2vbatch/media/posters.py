"""One picture that stands for a clip."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from r2vbatch.media.files import opened

if TYPE_CHECKING:
    import av
    import av.container

SIDE = 960
"""The longest side of a poster, in pixels."""


def poster(clip: Path, target: Path) -> bool:
    """Write a JPEG of a frame about one third into `clip`; False where there is none to show.

    `target` appears whole or not at all, in place of an older one. Raises OSError where it
    cannot be written.
    """
    import av

    try:
        with opened(clip) as container:
            frame = _frame_at(container, Fraction(1, 3))
            if frame is None:
                return False
            scale = min(1.0, SIDE / max(frame.width, frame.height))
            image = frame.to_image(  # type: ignore[no-untyped-call]
                width=max(round(frame.width * scale), 1),
                height=max(round(frame.height * scale), 1),
                threads=1,
            )
    except (av.FFmpegError, ValueError):
        return False
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        image.save(part, format="JPEG", quality=85)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return True


def _frame_at(container: av.container.InputContainer, part: Fraction) -> av.VideoFrame | None:
    """The frame `part` of the way in, or the last one before the end."""
    stream = next((s for s in container.streams.video if s.codec_context), None)
    if stream is None:
        return None
    stream.codec_context.thread_count = 1
    wanted = int((container.duration or 0) * part)
    container.seek(wanted)
    frame = None
    for frame in container.decode(stream):
        if frame.time is not None and frame.time * 1_000_000 >= wanted:
            break
    return frame
