"""The last frame of a clip as a picture: what another clip goes on from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from r2vbatch.media.files import opened

if TYPE_CHECKING:
    import av.container

_TAIL = 2_000_000
"""Microseconds before the end from which frames are decoded."""


def last_frame(clip: Path, part: Path) -> str:
    """Write the last frame of `clip` to `part`, as a PNG of its size; a sentence where it has none.

    Raises OSError where it cannot be written.
    """
    import av

    try:
        with opened(clip) as container:
            frame = _last(container)
            if frame is None:
                return "it has no picture"
            image = frame.to_image(threads=1)  # type: ignore[no-untyped-call]
    except (av.FFmpegError, ValueError) as error:
        return f"it does not decode: {(getattr(error, 'strerror', '') or str(error)).lower()}"
    image.save(part, format="PNG")
    return ""


def _last(container: av.container.InputContainer) -> av.VideoFrame | None:
    stream = next((s for s in container.streams.video if s.codec_context), None)
    if stream is None:
        return None
    stream.codec_context.thread_count = 1
    container.seek(max(0, (container.duration or 0) - _TAIL))  # to the key frame before that
    last = None
    for frame in container.decode(stream):
        if last is None or (frame.pts or 0) >= (last.pts or 0):
            last = frame
    return last
