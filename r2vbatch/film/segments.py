"""One clip made over so that it can stand among others: their size, their rate, their sound.

A picture of another shape is shown whole between bars, never stretched. A slate that stands in for
a clip is marked as one: who watches the film must not take it for what was bought.

This room of `film` refuses to know which clips are made over, and why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from r2vbatch.film.survey import Survey, in_words
from r2vbatch.media.files import opened
from r2vbatch.media.tracks import Filters, Track, added, linked

if TYPE_CHECKING:
    import av
    import av.container
    from av.video.frame import VideoFrame
    from PIL.Image import Image

FINE: Mapping[str, str] = {"preset": "veryfast", "crf": "18", "g": "60"}
"""How clips are encoded: that it was done is not to be seen."""
MARK = "PREVIEW"
_SOUND = 192_000
"""Bits a second."""
_SIDE = 64
"""The letters of the mark are one of this many parts of a picture's sides together, high."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a clip is made over to."""

    width: int
    height: int
    rate: Fraction
    """Frames a second."""
    hertz: int
    layout: str
    options: tuple[tuple[str, str], ...]
    """Of the encoder of pictures."""


def make_over(
    clip: Survey, target: Target, part: Path, onward: Callable[[], None], *, marked: bool
) -> None:
    """Write `clip` as MP4 to `part`, `marked` as a preview or not.

    `onward` is called after each frame; what it raises ends the work. Raises `Unreadable` for a
    clip that does not decode, and OSError or av.FFmpegError where `part` cannot be written.
    """
    import av

    options = {"movflags": "+faststart"}
    with in_words(clip.file):
        readable = opened(clip.file)
    with (
        readable as source,
        av.open(str(part), "w", format="mp4", options=options) as copy,
    ):
        tracks = list(_tracks(clip, target, source, copy, marked=marked))
        by_index = {track.stream.index: track for track in tracks}
        packets = source.demux([track.stream for track in tracks])
        while True:
            with in_words(clip.file):
                packet = next(packets, None)
                frames: Any = packet.decode() if packet else []
            if packet is None:
                break
            for frame in frames:
                by_index[packet.stream.index].take(frame)
                onward()
        for track in tracks:
            track.close()


def _tracks(
    clip: Survey,
    target: Target,
    source: av.container.InputContainer,
    copy: av.container.OutputContainer,
    *,
    marked: bool,
) -> list[Track]:
    video = next(s for s in source.streams.video if s.codec_context)
    sound = next((s for s in source.streams.audio if s.codec_context), None)
    video.codec_context.thread_count = 1  # clips are made over side by side
    out: Any = copy.add_stream("libx264", rate=target.rate, options=dict(target.options))
    out.width, out.height, out.pix_fmt = target.width, target.height, "yuv420p"
    out.time_base = 1 / target.rate
    context = out.codec_context
    context.thread_count = 1
    context.color_primaries = context.color_trc = context.colorspace = 1  # BT.709
    context.color_range = 1
    frames = max(1, round(clip.seconds * target.rate))
    tracks = [Track(video, out, _pictures(video, target, marked=marked), copy, frames)]
    if sound is not None and clip.sound is not None:
        voice: Any = copy.add_stream("aac", rate=target.hertz, layout=target.layout)
        voice.bit_rate = _SOUND
        offset = Fraction(clip.start) * clip.picture.time_base
        filters = _sounds(sound, target, offset, clip.seconds)
        most = int(clip.seconds * target.hertz) // 1024 + 1
        tracks.append(Track(sound, voice, filters, copy, most))
    return tracks


def _pictures(video: Any, target: Target, *, marked: bool) -> Filters:
    import av

    size = f"{target.width}:{target.height}"
    graph = av.filter.Graph()
    fit = (
        "setpts=PTS-STARTPTS",
        "scale=iw*sar:ih",
        "setsar=1",
        f"scale={size}:flags=lanczos:force_original_aspect_ratio=decrease:force_divisible_by=2"
        ":out_color_matrix=bt709:out_range=tv",
        f"pad={size}:(ow-iw)/2:(oh-ih)/2",
        f"fps={target.rate}",
        "format=yuv420p",
    )
    end = ("format=yuv420p", "setsar=1", "buffersink")
    if not marked:
        return linked(graph, graph.add_buffer(template=video), *fit, *end)
    plate = _plate(target.width, target.height)
    still = graph.add_buffer(
        width=plate.width, height=plate.height, format=plate.format, time_base=1 / target.rate
    )
    overlay = added(graph, "overlay=(W-w)/2:H*0.03")
    still.link_to(overlay, 0, 1)
    filters = linked(graph, graph.add_buffer(template=video), *fit, overlay, *end)
    still.push(plate)
    still.push(None)  # it stands to the end
    return filters


def _sounds(sound: Any, target: Target, offset: Fraction, seconds: Fraction) -> Filters:
    import av

    graph = av.filter.Graph()
    return linked(
        graph,
        graph.add_abuffer(template=sound),
        f"asetpts=PTS-{float(offset):.6f}/TB",
        f"aresample={target.hertz}:async=1:first_pts=0",
        f"aformat=sample_fmts=fltp:channel_layouts={target.layout}",
        f"apad=whole_dur={float(seconds):.6f}",
        f"atrim=end={float(seconds):.6f}",
        "asetnsamples=n=1024:p=1",
        "abuffersink",
    )


@cache
def _plate(width: int, height: int) -> VideoFrame:
    """The mark, as one frame with transparent corners."""
    import av

    image = _drawn(max(12, (width + height) // _SIDE))
    frame = av.VideoFrame(*image.size, "rgba")
    plane = frame.planes[0]
    plane.update(image.tobytes("raw", "RGBA", plane.line_size, 1))
    return frame


def _drawn(size: int) -> Image:
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(size)
    left, top, right, bottom = font.getbbox(MARK)
    pad = size // 2
    image = Image.new("RGBA", (int(right - left) + 4 * pad, int(bottom - top) + 2 * pad))
    draw = ImageDraw.Draw(image)
    edge = (0, 0, image.width - 1, image.height - 1)
    draw.rounded_rectangle(edge, radius=pad, fill=(214, 69, 40, 235))
    draw.text((2 * pad - left, pad - top), MARK, font=font, fill="white")
    return image
