"""A packet of silence, to stand where a clip has no sound."""

from __future__ import annotations

from fractions import Fraction
from functools import cache

from r2vbatch.film.survey import Sound


@cache
def silence(sound: Sound) -> bytes | None:
    """One packet that a decoder set up for `sound` makes nothing of; None where we know of none."""
    import av

    if sound.codec != "aac" or sound.samples != 1024:
        return None
    encoder = av.CodecContext.create("aac", "w")
    encoder.sample_rate, encoder.layout, encoder.format = sound.hertz, sound.layout, "fltp"
    encoder.time_base = Fraction(1, sound.hertz)
    try:
        encoder.open()
        frame = av.AudioFrame("fltp", sound.layout, sound.samples)
    except (av.FFmpegError, ValueError):  # a rate or a layout that AAC does not have
        return None
    if bytes(encoder.extradata or b"")[:2] != sound.parameters[:2]:
        return None  # another kind of AAC
    frame.sample_rate, frame.time_base = sound.hertz, encoder.time_base
    for plane in frame.planes:
        plane.update(bytes(plane.buffer_size))
    packets: list[bytes] = []
    for number in range(4):  # the first says who encoded it
        frame.pts = number * sound.samples
        packets += [bytes(packet) for packet in encoder.encode(frame)]
    return packets[-1]
