"""Whether a fetched file is a whole clip, and the one asked for.

A clip is decoded from end to end: one that is cut short or damaged must be fetched again while
its link lives, so a look at the first frames would not do.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from r2vbatch.media.files import broken_box, digest, opened
from r2vbatch.media.model import ClipFacts, Expected, Finished, Verdict
from r2vbatch.media.posters import poster
from r2vbatch.media.screening import Findings, Screening

if TYPE_CHECKING:
    import av.container

RATE = 30
"""Frames a second of every clip, as published."""
LENGTH_TOLERANCE = Fraction(1, 10)
"""Seconds, beside one frame, by which a clip may miss the length asked for."""


def finish(clip: Path, poster_target: Path, expected: Expected) -> Finished:
    """Verify and hash `clip`, and make its poster. A poster never costs a clip: where it
    cannot be written, that is all that is missing."""
    verdict = verify(clip, expected)
    if not verdict.ok:
        return Finished(verdict, False)
    try:
        return Finished(verdict, poster(clip, poster_target))
    except OSError:
        return Finished(verdict, False)


def verify(clip: Path, expected: Expected) -> Verdict:
    """Decode all of `clip` and compare it with what was asked.

    Damage in the pictures is found; in the sound not always, for AAC has no checksums.
    Costs about 0.03 s of one core for each second of 720p.
    """
    sha256, size = digest(clip)
    measured = broken_box(clip) or _decode(clip)
    if isinstance(measured, str):
        return Verdict(False, measured, (), None, sha256, size)
    facts, findings = measured
    return Verdict(True, "", tuple(_flags(facts, findings, expected)), facts, sha256, size)


def _decode(clip: Path) -> tuple[ClipFacts, Findings] | str:
    """The facts of a clip that decodes from end to end and what is seen in it, else a sentence."""
    import av

    try:
        with opened(clip) as container:
            return _measure(container)
    except (av.FFmpegError, ValueError) as error:
        return f"it does not decode: {(getattr(error, 'strerror', '') or str(error)).lower()}"


def _measure(container: av.container.InputContainer) -> tuple[ClipFacts, Findings] | str:
    import av

    if "mp4" not in container.format.name.split(","):
        return f"it is no MP4 but {container.format.long_name}"
    # a stream of a kind that FFmpeg does not know has no codec
    video = next((s for s in container.streams.video if s.codec_context), None)
    sound = next((s for s in container.streams.audio if s.codec_context), None)
    if video is None:
        return "it has no picture"
    video.codec_context.thread_count = 1
    # the loop filter makes pictures prettier, not more correct; without it a third is saved
    video.codec_context.options = {"skip_loop_filter": "all"}
    screening = Screening()
    frames = samples = 0
    first: int | None = None
    last = duration = 0
    for packet in container.demux([video, sound] if sound else [video]):
        if packet.is_corrupt:
            return "it does not decode: a packet is damaged"
        for frame in packet.decode():
            if getattr(frame, "is_corrupt", False):
                return "it does not decode: a frame is damaged"
            if isinstance(frame, av.AudioFrame):
                samples += frame.samples
                screening.hear(frame)
            if not isinstance(frame, av.VideoFrame):
                continue
            screening.see(frame)
            frames += 1
            at = frame.pts or 0
            first = at if first is None else min(first, at)
            last, duration = max(last, at), frame.duration or 0
    if first is None:
        return "it has no frame"
    if frames < video.frames:
        return f"it is cut short: {frames} frames of {video.frames}"
    fps = Fraction(video.average_rate or video.guessed_rate or RATE)
    base = video.time_base or Fraction(1)
    seconds = (last - first) * base + (duration * base or 1 / fps)
    facts = ClipFacts(
        width=video.width,
        height=video.height,
        seconds=round(float(seconds), 3),
        fps=round(float(fps), 3),
        frames=frames,
        has_audio=samples > 0,
    )
    return facts, screening.findings(float(fps))


def _flags(clip: ClipFacts, found: Findings, expected: Expected) -> Iterator[str]:
    asked = (expected.width or clip.width, expected.height or clip.height)
    if (clip.width, clip.height) != asked:
        yield "size"
    if expected.duration is not None:
        missed = abs(Fraction(str(clip.seconds)) - expected.duration)
        if missed > Fraction(1, RATE) + LENGTH_TOLERANCE:
            yield "length"
    if abs(clip.fps - RATE) > 0.05:
        yield "rate"
    if expected.audio is not None and clip.has_audio != expected.audio:
        yield "sound" if clip.has_audio else "no-sound"
    yield from found.flags(cuts=expected.cuts, sound=clip.has_audio and bool(expected.audio))
