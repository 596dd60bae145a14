"""An MP4 as the service makes it: H.264 at 30 frames a second, AAC stereo, index in front.

One thread an encoder: the pool already uses every processor.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av

from r2vbatch.emulator.slate.model import FPS, SAMPLE_RATE

VIDEO_OPTIONS = {"preset": "ultrafast", "crf": "23", "g": "60"}


class Encoder:
    """Takes pictures and sound in order; the file is whole when the block ends."""

    def __init__(self, path: Path, width: int, height: int, *, audio: bool) -> None:
        self._container = av.open(str(path), "w", options={"movflags": "+faststart"})
        self._video = self._container.add_stream("libx264", rate=FPS, options=VIDEO_OPTIONS)
        self._video.width, self._video.height = width, height
        self._video.pix_fmt = "yuv420p"
        self._video.time_base = Fraction(1, FPS)
        context = self._video.codec_context
        context.thread_count = 1
        # BT.709, limited range: what players assume of HD, and what the planes hold
        context.color_primaries = context.color_trc = context.colorspace = 1
        context.color_range = 1
        self._audio = None
        if audio:
            self._audio = self._container.add_stream(
                "aac", rate=SAMPLE_RATE, layout="stereo", options={"aac_coder": "fast"}
            )
            self._audio.bit_rate = 96_000
        self._frames = 0
        self._samples = 0

    def __enter__(self) -> Encoder:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self._container.mux(self._video.encode(None))
            if self._audio is not None:
                self._container.mux(self._audio.encode(None))
        self._container.close()

    def picture(self, frame: av.VideoFrame) -> None:
        """The next frame (yuv420p)."""
        frame.pts, frame.time_base = self._frames, Fraction(1, FPS)
        frame.pict_type = 0
        self._frames += 1
        self._container.mux(self._video.encode(frame))

    def sound(self, samples: bytes) -> None:
        """More sound: interleaved stereo of 16 bits; nothing where the clip has none."""
        if self._audio is None or not samples:
            return
        frame = av.AudioFrame(format="s16", layout="stereo", samples=len(samples) // 4)
        frame.planes[0].update(samples)
        frame.sample_rate = SAMPLE_RATE
        frame.pts, frame.time_base = self._samples, Fraction(1, SAMPLE_RATE)
        self._samples += frame.samples
        self._container.mux(self._audio.encode(frame))
