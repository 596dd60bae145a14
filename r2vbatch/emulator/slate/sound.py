"""A slate's sound: the voice of the first reference that has one, given with it or a video's own,
else a quiet bed.

Both stay well under full scale, so that nothing clips and a director can talk over them.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import av

from r2vbatch.emulator.slate.model import SAMPLE_RATE, Picture
from r2vbatch.media.files import opened

BED = ((110, 0.014), (165, 0.010), (220, 0.006))
"""Whole frequencies (Hz) and their amplitudes: together 30 dB under full scale."""
HEADROOM = "0.5"
"""What decoded sound is scaled by first: it may go over what 16 bits hold."""
LOUDEST = 0.3
"""Peak of a voice, of 1.0: 10 dB under full scale. A softer one stays as it is."""
FADE_SECONDS, SEAM_SECONDS = 0.25, 0.01
SAMPLE_BYTES = 4
"""Two channels of 16 bits."""


def sound(pictures: Sequence[Picture], seconds: int) -> bytes:
    """Interleaved stereo, 16 bits, 48 kHz, of exactly `seconds`."""
    size = seconds * SAMPLE_RATE * SAMPLE_BYTES
    for picture in pictures:
        source = picture.voice or (picture.file if picture.kind == "video" else None)
        if source:
            voice = _voice(source, size)
            if voice:
                return _faded(voice, FADE_SECONDS)
    return _faded(_bed() * seconds, FADE_SECONDS)


def _voice(file: Path, size: int) -> bytes:
    """The sound of a recording, or of a video with its picture, looped to `size` bytes; empty if
    it has none."""
    try:
        with opened(file) as container:
            if not container.streams.audio:
                return b""
            heard = _levelled(_decoded(container, size))
            shown = container.streams.video[0] if container.streams.video else None
            length = float((shown.duration or 0) * (shown.time_base or 0)) if shown else 0.0
    except (av.FFmpegError, ValueError):
        return b""
    if not heard:
        return b""
    if len(heard) >= size:
        return heard[:size]
    once = round(length * SAMPLE_RATE) * SAMPLE_BYTES or len(heard)
    turn = _faded(heard[:once], SEAM_SECONDS).ljust(once, b"\0")
    return (turn * (size // len(turn) + 1))[:size]


def _decoded(container: av.container.InputContainer, size: int) -> bytes:
    stream = container.streams.audio[0]
    graph = av.filter.Graph()
    form = f"sample_rates={SAMPLE_RATE}:channel_layouts=stereo:sample_fmts="
    chain = (
        graph.add_abuffer(template=stream),
        graph.add("aformat", form + "flt"),
        graph.add("volume", HEADROOM),
        graph.add("aformat", form + "s16"),
        graph.add("abuffersink"),
    )
    graph.link_nodes(*chain).configure()
    heard = bytearray()
    for frame in container.decode(stream):
        graph.push(frame)
        _drain(graph, heard)
        if len(heard) >= size:
            return bytes(heard)
    graph.push(None)
    _drain(graph, heard)
    return bytes(heard)


def _levelled(sound: bytes) -> bytes:
    """As loud as before the headroom, but no louder than `LOUDEST`."""
    samples = array("h", sound)
    peak = max(max(samples, default=0), -min(samples, default=0), 1)
    gain = int(32768 * min(1 / float(HEADROOM), LOUDEST * 32768 / peak))
    return array("h", [sample * gain >> 15 for sample in samples]).tobytes()


def _drain(graph: av.filter.Graph, heard: bytearray) -> None:
    while True:
        try:
            frame = graph.pull()
        except (av.BlockingIOError, av.EOFError):
            return
        if isinstance(frame, av.AudioFrame):
            heard += bytes(frame.planes[0])[: frame.samples * SAMPLE_BYTES]


@lru_cache(maxsize=1)
def _bed() -> bytes:
    """One second of a soft chord; whole frequencies let it follow itself without a seam."""
    samples = array("h")
    for i in range(SAMPLE_RATE):
        turn = 2 * math.pi * i / SAMPLE_RATE
        level = sum(a * math.sin(f * turn) for f, a in BED) * (0.8 + 0.2 * math.sin(turn))
        samples.extend((round(level * 32767),) * 2)
    return samples.tobytes()


def _faded(sound: bytes, seconds: float) -> bytes:
    """The same with soft ends, where it would click."""
    samples = array("h", sound)
    length = min(round(seconds * SAMPLE_RATE) * 2, len(samples) // 2)
    for i in range(length):
        samples[i] = samples[i] * i // length
        samples[-1 - i] = samples[-1 - i] * i // length
    return samples.tobytes()
