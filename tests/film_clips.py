"""Clips to cut a film from, whose frames and sounds can be told apart, and a look at what came out.

Each clip is of one grey from end to end, but for one white frame, at which it beeps: so every cut,
and every shift between picture and sound, can be measured.
"""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import compress, islice, pairwise
from pathlib import Path
from typing import Any

import av
from PIL import Image

from r2vbatch.emulator.slate.encode import Encoder

WHITE = 235
LOUD = 0.12
"""Of 1."""


def make_clip(
    path: Path,
    *,
    frames: int = 15,
    grey: int = 60,
    size: tuple[int, int] = (64, 48),
    rate: int = 30,
    hertz: int | None = 48_000,
    flash: int | None = 7,
    **options: str,
) -> Path:
    """Write one (MP4, H.264 with B-frames, AAC), and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        video: Any = container.add_stream(
            "libx264", rate=rate, options={"preset": "veryfast", "crf": "12", **options}
        )
        video.width, video.height = size
        video.pix_fmt, video.time_base = "yuv420p", Fraction(1, rate)
        video.codec_context.thread_count = 1
        sound: Any = container.add_stream("aac", rate=hertz, layout="stereo") if hertz else None
        for number in range(frames):
            container.mux(video.encode(_picture(size, WHITE if number == flash else grey, number)))
        if sound:
            container.mux(sound.encode(_sound(hertz or 0, frames, rate, flash)))
            container.mux(sound.encode(None))
        container.mux(video.encode(None))
    return path


def _picture(size: tuple[int, int], grey: int, number: int) -> av.VideoFrame:
    frame = av.VideoFrame(*size, "yuv420p")
    for plane, value in zip(frame.planes, (grey, 128, 128), strict=True):
        plane.update(bytes([value]) * plane.buffer_size)
    frame.pts = number
    return frame


def _sound(hertz: int, frames: int, rate: int, flash: int | None) -> av.AudioFrame:
    samples = frames * hertz // rate
    wave = array("h", bytes(4 * samples))
    if flash is not None:
        for at in range(flash * hertz // rate, (flash + 1) * hertz // rate):
            wave[2 * at] = wave[2 * at + 1] = round(16_000 * math.sin(at * 0.3))
    frame = av.AudioFrame(format="s16", layout="stereo", samples=samples)
    frame.planes[0].update(wave.tobytes())
    frame.sample_rate, frame.pts, frame.time_base = hertz, 0, Fraction(1, hertz)
    return frame


@dataclass
class Seen:
    """A file, decoded from end to end."""

    size: tuple[int, int] = (0, 0)
    greys: list[int] = field(default_factory=list)
    """Of the middle of each frame."""
    times: list[Fraction] = field(default_factory=list)
    """When each is shown, in seconds."""
    beeps: list[Fraction] = field(default_factory=list)
    """When each sound begins."""
    heard: Fraction = Fraction(0)
    """How long the sound is, in seconds."""
    chapters: list[tuple[str, Fraction, Fraction]] = field(default_factory=list)

    @property
    def flashes(self) -> list[Fraction]:
        """When the picture turns white."""
        bright = [grey > 200 for grey in self.greys]
        turns = (now and not before for before, now in pairwise([False, *bright]))
        return list(compress(self.times, turns))


def look(path: Path) -> Seen:
    """Decode `path`."""
    seen = Seen()
    loud: list[Fraction] = []
    with av.open(str(path)) as container:
        streams = [*container.streams.video[:1], *container.streams.audio[:1]]
        for chapter in container.chapters():
            base = Fraction(chapter["time_base"] or 1)
            name = chapter["metadata"].get("title", "")
            seen.chapters.append((name, chapter["start"] * base, chapter["end"] * base))
        for packet in container.demux(streams):
            for frame in packet.decode():
                base = Fraction(frame.time_base)
                if isinstance(frame, av.VideoFrame):
                    plane = frame.planes[0]
                    middle = plane.line_size * (frame.height // 2) + frame.width // 2
                    seen.size = (frame.width, frame.height)
                    seen.greys.append(bytes(plane)[middle])
                    seen.times.append(frame.pts * base)
                elif isinstance(frame, av.AudioFrame):
                    start = frame.pts * base
                    wave = array("f", bytes(frame.planes[0])[: 4 * frame.samples])
                    if max(wave) > LOUD:  # else there is nothing to look for
                        heard = (i for i, value in enumerate(wave) if abs(value) > LOUD)
                        loud += [start + Fraction(i, frame.sample_rate) for i in heard]
                    seen.heard = start + Fraction(frame.samples, frame.sample_rate)
    pauses = (at - before > Fraction(1, 10) for before, at in pairwise([Fraction(-1), *loud]))
    seen.beeps = list(compress(loud, pauses))
    return seen


@dataclass
class Picture:
    """One frame of a film."""

    image: Image.Image

    def row(self, y: int) -> list[int]:
        """How bright the pixels of a row are."""
        return list(self.image.convert("L").crop((0, y, self.image.width, y + 1)).tobytes())

    def red(self) -> int:
        """How many pixels are as red as the mark of a preview."""
        data = self.image.tobytes()
        return sum(
            r > 150 and g < 110 and b < 90 for r, g, b in zip(*3 * [iter(data)], strict=True)
        )


def frame_at(path: Path, number: int) -> Picture:
    """The frame of that number, from 0."""
    with av.open(str(path)) as container:
        frame = next(islice(container.decode(video=0), number, None))
        return Picture(frame.to_image().convert("RGB"))


def slate(path: Path, size: tuple[int, int], frames: int = 10) -> Path:
    """A grey slate, encoded as the emulator does."""
    with Encoder(path, *size, audio=True) as encoder:
        for number in range(frames):
            encoder.picture(_picture(size, 80, number))
        encoder.sound(bytes(frames * 1600 * 4))
    return path
