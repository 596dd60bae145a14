"""What a clip is to one who cuts: what must be equal for two of them to follow each other without
being encoded again, how long it is to the frame, and where its sound begins.

Packets are read, not decoded: clips were verified when they came, and a film is cut often.

This room of `film` refuses to know which clips are wanted, and why.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from r2vbatch.media.files import opened

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.video.stream import VideoStream

RATE = Fraction(30)
"""Frames a second of every clip, as published, and of the timeline."""


class Unreadable(Exception):
    """A file that is no clip, or not one any more; `why`, in words."""

    def __init__(self, file: Path, why: str) -> None:
        super().__init__(f"{file.name}: {why}")
        self.file = file
        self.why = why


@dataclass(frozen=True, slots=True)
class Picture:
    """What a stream of pictures says of itself, once for all of them."""

    codec: str
    parameters: bytes
    """The decoder's, exactly: profile, level and what else it is set up with."""
    width: int
    height: int
    form: str
    """Of the pixels, ``yuv420p`` as a rule."""
    aspect: Fraction
    """Of a pixel."""
    colours: tuple[int, ...]
    rate: Fraction
    """Frames a second."""
    time_base: Fraction
    """Seconds in one unit of its times."""


@dataclass(frozen=True, slots=True)
class Sound:
    """The same of a stream of sound."""

    codec: str
    parameters: bytes
    hertz: int
    layout: str
    samples: int
    """In a packet."""
    time_base: Fraction


@dataclass(frozen=True, slots=True)
class Survey:
    """One clip, measured."""

    file: Path
    picture: Picture
    sound: Sound | None
    seconds: Fraction
    """From the first frame's start to the last one's end."""
    start: int = 0
    """Time of the first frame, in units of its stream."""
    lead: int = 0
    """Time of the first packet of sound, in samples: below zero where an encoder warms up."""
    even: bool = True
    """Every packet is where a player expects it, so that the clip can be copied."""

    @property
    def ticks(self) -> int:
        """Its length, in units of the stream of pictures."""
        return round(self.seconds / self.picture.time_base)

    @property
    def frames(self) -> int:
        """Its length in frames of the timeline."""
        return round(self.seconds * RATE)


class _Packet(NamedTuple):
    """What is looked at of a packet; all of them with what is in them would be all of the file."""

    pts: int | None
    duration: int | None
    is_keyframe: bool
    is_discard: bool

    @classmethod
    def of(cls, packet: Any) -> _Packet:
        return cls(packet.pts, packet.duration, packet.is_keyframe, packet.is_discard)


def survey(file: Path) -> Survey:
    """Measure the clip. Raises `Unreadable`, also for a link, for which a folder that came from
    somebody else would show what lies elsewhere, and for a pipe, which would be waited at."""
    with in_words(file):
        if not stat.S_ISREG(file.lstat().st_mode):
            raise Unreadable(file, "it is no file of this folder")
    with in_words(file), opened(file) as container:
        video = next((s for s in container.streams.video if s.codec_context), None)
        sound = next((s for s in container.streams.audio if s.codec_context), None)
        if video is None:
            raise Unreadable(file, "it has no picture")
        streams = [video, sound] if sound else [video]
        packets: dict[int, list[_Packet]] = {s.index: [] for s in streams}
        for packet in container.demux(streams):
            if packet.size:  # the last of each stream is empty: there is nothing more
                packets[packet.stream.index].append(_Packet.of(packet))
        return _measured(file, video, sound, packets)


@contextmanager
def in_words(file: Path) -> Iterator[None]:
    """What goes wrong while `file` is read, as `Unreadable`."""
    import av

    try:
        yield
    except (OSError, av.FFmpegError, ValueError) as problem:
        why = (getattr(problem, "strerror", "") or str(problem)).lower()
        raise Unreadable(file, why) from None


def _measured(
    file: Path,
    video: VideoStream,
    sound: AudioStream | None,
    packets: dict[int, list[_Packet]],
) -> Survey:
    pictures = packets[video.index]
    times = sorted(packet.pts for packet in pictures if packet.pts is not None)
    if not times:
        raise Unreadable(file, "it has no frame")
    look = _picture(video)
    step = 1 / (look.rate * look.time_base)
    even = (
        step.denominator == 1
        and times == list(range(times[0], times[0] + len(pictures) * int(step), int(step)))
        and pictures[0].is_keyframe
        and pictures[0].pts == times[0]
        and not any(packet.is_discard for packet in pictures)
    )
    last = (pictures[-1].duration or 0) if not even else int(step)
    length = (times[-1] - times[0] + last) * look.time_base
    heard = packets[sound.index] if sound else []
    if sound is None or not heard:
        return Survey(file, look, None, length, times[0], 0, even)
    voice = _sound(sound, heard)
    lead, in_step = _leading(heard, voice)
    return Survey(file, look, voice, length, times[0], lead, even and in_step)


def _picture(video: VideoStream) -> Picture:
    context = video.codec_context
    return Picture(
        codec=context.name,
        parameters=bytes(context.extradata or b""),
        width=context.width,
        height=context.height,
        form=context.pix_fmt or "",
        aspect=Fraction(context.sample_aspect_ratio or 1),
        colours=(
            int(context.color_range),
            int(context.colorspace),
            int(context.color_primaries),
            int(context.color_trc),
        ),
        rate=Fraction(video.average_rate or video.guessed_rate or RATE),
        time_base=Fraction(video.time_base or 1 / RATE),
    )


def _sound(sound: AudioStream, packets: list[_Packet]) -> Sound:
    context = sound.codec_context
    return Sound(
        codec=context.name,
        parameters=bytes(context.extradata or b""),
        hertz=context.sample_rate,
        layout=context.layout.name,
        samples=packets[0].duration or 0,
        time_base=Fraction(sound.time_base or Fraction(1, context.sample_rate)),
    )


def _leading(packets: list[_Packet], sound: Sound) -> tuple[int, bool]:
    """The time of the first packet that is needed, and whether the others follow it in step.

    A packet is heard together with the one before it, so one before the clip's beginning is
    needed; of an encoder that takes longer to warm up the others are not.
    """
    first, step = packets[0].pts or 0, sound.samples
    if sound.time_base * sound.hertz != 1 or step <= 0:
        return 0, False
    skipped = max(0, -(first + 2 * step) // step + 1) if first + 2 * step <= 0 else 0
    lead = first + skipped * step
    expected = range(first, first + len(packets) * step, step)
    in_step = all(p.pts == at for p, at in zip(packets, expected, strict=True))
    return lead, in_step and -2 * step < lead <= step
