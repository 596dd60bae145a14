"""One video to another: MP4 with H.264 and AAC, cut, scaled, upright, at an even frame rate; or one
recording to another: WAV.

One pass, whose bit rate is bounded so that the copy stays under its size. What is not picture or
sound (a phone writes streams of measurements) is left out, and so is a second picture or sound.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from r2vbatch.media.files import opened
from r2vbatch.media.recipes import Recipe
from r2vbatch.media.shooting import is_hdr, is_uneven
from r2vbatch.media.tracks import Filters, Track, linked

if TYPE_CHECKING:
    import av.container
    from av.audio.stream import AudioStream
    from av.video.stream import VideoStream

_FASTEST = Fraction(30)
"""Frames a second, those of every clip: what comes faster, or unevenly, is made this."""
_SOUND = 128_000
"""Bits a second."""
_HERTZ = 48_000
_TURNS = {90: ("transpose=cclock",), 180: ("hflip", "vflip"), 270: ("transpose=clock",)}
"""By the turn to the left, in degrees, that makes a frame upright."""
_SDR = ":out_transfer=bt709:out_primaries=bt709:intent=perceptual"
"""The brightness and colours of HDR as other screens show them."""
_FINE = {"preset": "veryfast", "crf": "19", "mbtree": "0"}
"""The macroblock tree of x264 reads memory that it has not written, in rows of other than 16 n
blocks: an equal copy would have other bytes."""


def transcode(original: Path, recipe: Recipe, part: Path) -> str:
    """Write the copy to `part`; a sentence where that cannot be done, else an empty text.

    Raises av.FFmpegError or ValueError for what does not decode.
    """
    import av

    heard = recipe.kind == "audio"
    form, options = ("wav", {}) if heard else ("mp4", {"movflags": "+faststart"})
    with (
        opened(original) as source,
        av.open(str(part), "w", format=form, options=options) as copy,
    ):
        frames = _copy(source, copy, recipe)
    if not frames:
        return "there is nothing in the seconds that are kept"
    if part.stat().st_size > recipe.bytes:
        return f"the copy has more than {recipe.bytes} bytes"
    return ""


def _copy(
    source: av.container.InputContainer, copy: av.container.OutputContainer, recipe: Recipe
) -> int:
    """Copy what is kept, and say how many frames that is."""
    assert recipe.seconds is not None, "the recipe of a video says how long it is"
    start = Fraction(recipe.start) + Fraction(source.start_time or 0, 1_000_000)
    end = start + Fraction(recipe.seconds)
    video = next((s for s in source.streams.video if s.codec_context), None)
    sound = next((s for s in source.streams.audio if s.codec_context), None)
    tracks = []
    if recipe.kind == "video" and video is not None:
        tracks.append(_pictures(video, copy, recipe, end - start))
    if sound is not None:
        tracks.append((_sounds if recipe.kind == "video" else _voice)(sound, copy, start, end))
    if not tracks:
        return 0
    by_index = {track.stream.index: track for track in tracks}
    if recipe.start:
        source.seek(int(start * 1_000_000))
    for packet in source.demux([track.stream for track in tracks]):
        track = by_index[packet.stream.index]
        frames: Sequence[Any] = () if track.ended else packet.decode()
        for frame in frames:
            if track.filters is None:
                track.filters = _upright(
                    track.stream, recipe, frame.rotation, 1 / track.out.time_base, start, end
                )
            track.ended = frame.time is not None and frame.time >= end
            track.take(frame)
        if all(track.ended for track in tracks):
            break
    for track in tracks:
        track.close()
    return tracks[0].written


def _pictures(
    video: VideoStream, copy: av.container.OutputContainer, recipe: Recipe, seconds: Fraction
) -> Track:
    mean = Fraction(video.average_rate or _FASTEST)
    rate = _FASTEST if is_uneven(video) else min(mean, _FASTEST)
    most = int(recipe.bytes * 8 * Fraction(9, 10) / seconds) - _SOUND
    options = {**_FINE, "maxrate": str(most), "bufsize": str(most)}
    out = copy.add_stream("libx264", rate=rate, options=options)
    out.width, out.height, out.pix_fmt = recipe.width, recipe.height, "yuv420p"
    out.time_base = 1 / rate
    context = out.codec_context
    context.thread_count = 1  # of several, who comes first decides on the bytes near the bound
    context.color_primaries = context.color_trc = context.colorspace = 1  # BT.709
    context.color_range = 1
    return Track(video, out, None, copy, int(seconds * rate))


def _upright(
    video: VideoStream, recipe: Recipe, turn: int, rate: Fraction, start: Fraction, end: Fraction
) -> Filters:
    """From decoded frames to those of the copy, the first at time 0."""
    import av

    size = recipe.width, recipe.height
    width, height = recipe.inside or size
    scale = f"scale={width}:{height}:flags=lanczos:out_color_matrix=bt709:out_range=tv"
    bars = ("pad={}:{}:(ow-iw)/2:(oh-ih)/2".format(*size),) if recipe.inside else ()
    graph = av.filter.Graph()
    return linked(
        graph,
        graph.add_buffer(template=video),
        *_cut("", start, end),
        *_TURNS.get(turn % 360, ()),
        scale + (_SDR if is_hdr(video) else ""),
        *bars,
        f"fps={rate}",
        "format=yuv420p",
        "setsar=1",
        "buffersink",
    )


def _sounds(
    sound: AudioStream, copy: av.container.OutputContainer, start: Fraction, end: Fraction
) -> Track:
    out = copy.add_stream("aac", rate=_HERTZ, layout="stereo")
    out.bit_rate = _SOUND
    filters = _heard(sound, start, end, "sample_fmts=fltp:channel_layouts=stereo")
    # the last frame would stand past the end: players count its whole length
    return Track(sound, out, filters, copy, int((end - start) * _HERTZ / 1024) - 1)


def _voice(
    sound: AudioStream, copy: av.container.OutputContainer, start: Fraction, end: Fraction
) -> Track:
    out = copy.add_stream("pcm_s16le", rate=_HERTZ, layout="mono")
    filters = _heard(sound, start, end, "sample_fmts=s16:channel_layouts=mono")
    return Track(sound, out, filters, copy, int((end - start) * _HERTZ / 1024) + 1)


def _heard(sound: AudioStream, start: Fraction, end: Fraction, form: str) -> Filters:
    """From decoded sound to that of the copy, in pieces of 1024 samples."""
    import av

    graph = av.filter.Graph()
    return linked(
        graph,
        graph.add_abuffer(template=sound),
        *_cut("a", start, end),
        f"aresample={_HERTZ}:async=1:first_pts=0",
        f"aformat={form}",
        "asetnsamples=n=1024:p=0",
        "abuffersink",
    )


def _cut(kind: str, start: Fraction, end: Fraction) -> Sequence[str]:
    return (
        f"{kind}trim=start={float(start):.6f}:end={float(end):.6f}",
        f"{kind}setpts=PTS-{float(start):.6f}/TB",
    )
