"""What a phone does to a film that not every program understands, told from its head."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import av.container
    from av.video.stream import VideoStream

_HDR = frozenset({16, 18})
"""Transfer curves of ITU-T H.273: PQ and HLG."""
_PLAIN = frozenset({"yuv420p", "yuvj420p", None})
"""Pixels of H.264 that every player knows; what records a screen writes others."""
_FAST = 61
"""Frames a second, of slow motion."""


def traits(
    container: av.container.InputContainer, stream: VideoStream, turn: int
) -> tuple[str, ...]:
    """``turned``, ``HDR``, ``uneven`` and the like: what fitting would undo, in fixed words."""
    codec = stream.codec_context.name
    found = {
        "turned": turn != 0,
        "stretched": stretch(stream) != 1,
        codec.upper(): codec != "h264",
        "HDR": is_hdr(stream),
        "deep": codec == "h264" and stream.codec_context.pix_fmt not in _PLAIN,
        "fast": (stream.average_rate or 0) > _FAST,
        "uneven": is_uneven(stream),
        "streams": len(container.streams) > 1 + bool(container.streams.audio),
    }
    return tuple(word for word, is_so in found.items() if is_so)


def stretch(stream: VideoStream) -> Fraction:
    """How many times as wide as high each pixel is shown: 1 but for discs, tape and broadcast."""
    return Fraction(stream.sample_aspect_ratio or 1)


def is_hdr(stream: VideoStream) -> bool:
    """Whether it is as bright as only some screens can show."""
    return stream.codec_context.color_trc in _HDR


def is_uneven(stream: VideoStream) -> bool:
    """Whether its frames follow each other in different steps."""
    mean, finest = stream.average_rate, stream.base_rate
    return bool(mean and finest and abs(finest / mean - 1) > Fraction(1, 50))
