"""What is measured of a video or a recording."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from r2vbatch.media.files import broken_box, opened
from r2vbatch.media.model import FileFacts
from r2vbatch.media.shooting import stretch, traits

if TYPE_CHECKING:
    import av.container
    from av.video.stream import VideoStream

_BRANDS = {"qt": "MOV", "heic": "HEIC", "heix": "HEIC", "mif1": "HEIC", "avif": "AVIF"}
_STILLS = frozenset({"HEIC", "AVIF"})
"""Pictures in the container of films. Where no picture could be read, its streams are pieces of
one, and tell no size."""
_FAMILY = frozenset({"MP4", "MOV", "3GP"})
_NAMES = {"matroska": "MKV", "mpegts": "MPEG-TS", "mpeg": "MPEG-PS"}
_SOUNDS = frozenset({"WAV", "MP3"})
_PACKETS = 32
"""Of a film's head, that are looked into for its first frame."""
_MOST_DECODED = 8192 * 8192
"""Pixels of a frame; a larger one would fill the memory only to be measured."""


def film(source: Path | BinaryIO, sha256: str, size: int) -> FileFacts | None:
    """The facts of a video or a recording; None if it is neither. Of what is no path only as much
    is read as tells its kind, sides and length."""
    import av

    try:
        with opened(source) as container:
            form = _form(container)
            length = Fraction(container.duration, 1_000_000) if container.duration else None
            stream = next((s for s in container.streams.video if s.codec_context), None)
            if form in _SOUNDS or stream is None:  # an MP3 may hold a picture of its cover
                return _recording(container, form, length, sha256, size)
            if not stream.width:  # a name alone may look like a film's
                return None
            if length is None and stream.duration and stream.time_base:
                length = stream.duration * stream.time_base
            shape = max(1, round(stream.width * stretch(stream))), stream.height
            if form in _STILLS:
                return FileFacts(sha256, size, "image", None, None, None, form)
            turn, words = 0, tuple[str, ...]()
            if isinstance(source, Path):
                turn = _turn(container, stream)
                broken = ("broken",) if broken_box(source) else ()
                words = (*traits(container, stream, turn), *broken)
            shape = shape[::-1] if turn % 180 else shape
            return FileFacts(sha256, size, "video", _decimal(length), *shape, form, traits=words)
    except (av.FFmpegError, ValueError):
        return None


def _recording(
    container: av.container.InputContainer,
    form: str,
    length: Fraction | None,
    sha256: str,
    size: int,
) -> FileFacts | None:
    """The facts of a file with sound alone; None where it has none."""
    known = (stream for stream in container.streams.audio if stream.codec_context)
    if not any(stream.rate for stream in known):
        return None
    form = "M4A" if form in _FAMILY else form
    return FileFacts(sha256, size, "audio", _decimal(length), None, None, form)


def _turn(container: av.container.InputContainer, stream: VideoStream) -> int:
    """Degrees by which the picture is to be turned to the left; 0 where none can be decoded."""
    import av

    if stream.width * stream.height > _MOST_DECODED:
        return 0
    stream.codec_context.thread_count = 1  # several would want more packets before the first frame
    try:
        packets = islice(container.demux(stream), _PACKETS)
        frames = (frame for packet in packets for frame in packet.decode())
        return next((frame.rotation % 360 for frame in frames), 0)
    except (av.FFmpegError, ValueError):
        return 0


def _form(container: av.container.InputContainer) -> str:
    """What a film's file is, in the words of its users."""
    names = container.format.name.split(",")
    if "mp4" not in names:
        return _NAMES.get(names[0], names[0].upper())
    brand = container.metadata.get("major_brand", "").strip().lower()
    return _BRANDS.get(brand, "3GP" if brand.startswith("3g") else "MP4")


def _decimal(seconds: Fraction | None) -> Decimal | None:
    if seconds is None:
        return None
    return (Decimal(seconds.numerator) / seconds.denominator).quantize(Decimal("0.001"))
