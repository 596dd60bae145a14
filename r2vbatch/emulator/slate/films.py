"""Videos that play from the clip's beginning, and begin again when they end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from PIL import Image

from r2vbatch.emulator.slate.composition import Place, even
from r2vbatch.emulator.slate.model import FPS
from r2vbatch.emulator.slate.planes import Planes, from_frame
from r2vbatch.emulator.slate.stills import FOCUS
from r2vbatch.media.files import opened

FASTEST = 60
"""Frames a second: a file of one frame may say 90,000, and would be opened as often."""
UNSPECIFIED = 2
"""A frame's colour space, when its file does not say."""


class Film:
    """A video that plays from the clip's beginning, looped."""

    def __init__(self, file: Path, place: Place, start: int) -> None:
        self._place = place
        self._scaler = VideoReformatter()
        self._frames = looped(file)
        self._shown: Planes | None = None
        self._pending = next(self._frames)
        self._advance(start)

    def onto(self, canvas: Planes, frame: int) -> None:
        """Paint the given frame."""
        self._advance(frame)
        if self._shown is not None:
            canvas.paste(self._shown, (self._place.x, self._place.y))

    def _advance(self, frame: int) -> None:
        """Go on to the picture that shows at a frame of the slate; only that one is scaled."""
        time = frame / FPS + 1e-6
        newest = None
        while self._pending[0] <= time:
            newest = self._pending[1]
            try:
                self._pending = next(self._frames)
            except StopIteration:  # broken half-way: its last picture stays
                self._pending = (float("inf"), newest)
        if newest is not None:
            self._shown = self._fitted(newest)

    def _fitted(self, frame: av.VideoFrame) -> Planes:
        """The frame scaled to cover its place, and cut to it."""
        place = self._place
        turned = frame.rotation % 180 != 0
        wide, high = (frame.height, frame.width) if turned else (frame.width, frame.height)
        scale = max(place.width / wide, place.height / high)
        size = (max(place.width, even(wide * scale)), max(place.height, even(high * scale)))
        scaled = self._scaler.reformat(
            frame,
            width=size[turned],
            height=size[not turned],
            format="yuv420p",
            src_colorspace=_matrix(frame),
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
            interpolation=Interpolation.BILINEAR,
            threads=1,
        )
        planes = from_frame(scaled)
        if frame.rotation % 360:
            turn = {90: Image.Transpose.ROTATE_90, 180: Image.Transpose.ROTATE_180}
            how = turn.get(frame.rotation % 360, Image.Transpose.ROTATE_270)
            planes = planes.each(lambda plane, _: plane.transpose(how))
        left, top = (even((size[i] - place[i + 2]) * FOCUS[i]) for i in (0, 1))
        return planes.each(
            lambda plane, d: plane.crop(
                (left // d, top // d, (left + place.width) // d, (top + place.height) // d)
            )
        )


def _matrix(frame: av.VideoFrame) -> Colorspace | None:
    """How its colours are coded; where it does not say, players go by its size, and so do we."""
    if frame.colorspace == UNSPECIFIED:
        return Colorspace.ITU709 if min(frame.width, frame.height) > 576 else Colorspace.ITU601
    return {1: Colorspace.ITU709, 5: Colorspace.ITU601, 6: Colorspace.ITU601}.get(frame.colorspace)


def looped(file: Path) -> Iterator[tuple[float, av.VideoFrame]]:
    """(seconds, frame) for ever, as long as the file can be decoded."""
    begun = 0.0
    while True:
        last = step = 0.0
        seen = 0
        try:
            with opened(file) as container:
                if not container.streams.video:
                    return
                stream = container.streams.video[0]
                stream.codec_context.thread_count = 1
                step = float(1 / min(stream.average_rate or FPS, FASTEST))
                first: float | None = None
                for frame in container.decode(stream):
                    time = frame.time or 0.0
                    first = time if first is None else first
                    last = time - first
                    seen += 1
                    yield begun + last, frame
        except (av.FFmpegError, ValueError):
            pass
        if not seen:
            return
        begun += last + step
