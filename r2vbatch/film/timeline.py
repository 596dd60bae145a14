"""The film as an editor takes it up: OpenTimelineIO, or a CMX 3600 edit list made from that.

Ranges are exact at 30 frames a second, and lengths measured: what was asked for is a hope. Media
are named relative to the output folder, which may be moved. Takes that were not chosen lie above
the chosen ones, switched off, at their places.

This room of `film` refuses to know the ledger: what is told of a take is handed in with it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, count
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from r2vbatch.film.model import Footage, Remark
from r2vbatch.film.survey import RATE
from r2vbatch.visible import visible

if TYPE_CHECKING:
    import opentimelineio as otio

FPS = int(RATE)
_REEL = 8
"""Characters that an edit list has for the name of a reel."""


@dataclass(frozen=True, slots=True)
class Strip:
    """A take as it lies on a timeline."""

    footage: Footage
    frames: int
    """Its whole length, at 30 a second."""
    width: int
    height: int
    sound: bool


@dataclass(frozen=True, slots=True)
class Place:
    """One shot's place on it."""

    chosen: Strip
    alternates: Sequence[Strip] = ()


def as_otio(places: Sequence[Place], title: str) -> str:
    """The whole timeline as OpenTimelineIO's own JSON."""
    import opentimelineio as otio

    timeline = otio.schema.Timeline(one_line(title))
    timeline.tracks.append(_track("Picture", "Video", (_clip(p.chosen) for p in places)))
    for layer in range(max((len(place.alternates) for place in places), default=0)):
        name = "Alternates" if layer == 0 else f"Alternates {layer + 1}"
        timeline.tracks.append(_track(name, "Video", _layer(places, layer), enabled=False))
    sounds = (_clip(p.chosen) if p.chosen.sound else _gap(p.chosen.frames) for p in places)
    timeline.tracks.append(_track("Sound", "Audio", sounds))
    return str(otio.adapters.write_to_string(timeline, "otio_json"))


def as_edl(places: Sequence[Place], title: str) -> str:
    """The chosen takes' pictures as CMX 3600, without a dropped frame. It holds neither sound nor
    alternates, and no rate: whoever reads it says that it is 30."""
    import opentimelineio as otio

    clips = [_clip(place.chosen) for place in places]
    for clip, reel in zip(clips, reels(p.chosen.footage.take for p in places), strict=True):
        clip.metadata["cmx_3600"] = {"reel": reel}
    timeline = otio.schema.Timeline(one_line(title))
    timeline.tracks.append(_track("Picture", "Video", clips))
    text = str(otio.adapters.write_to_string(timeline, "cmx_3600", rate=FPS))
    return text.replace("\n", "\nFCM: NON-DROP FRAME\n", 1)


def reels(takes: Iterable[str]) -> list[str]:
    """A name of at most eight letters and digits for each take, no two alike.

    It reads like the take where that is possible: ``SH010T01``. Of an id that is too long its
    beginning is kept, of one in another script nothing, before a number.
    """
    names: list[str] = []
    given: set[str] = set()
    for number, take in enumerate(takes, 1):
        plain = re.sub("[^A-Z0-9]", "", take.upper()) if take.isascii() else "R"
        numbered = (
            (plain or "R")[: _REEL - len(n)] + n for n in map("{:04}".format, count(number))
        )
        names.append(next(n for n in chain([plain], numbered) if _is_free(n, given)))
        given.add(names[-1])
    return names


def _is_free(name: str, given: Collection[str]) -> bool:
    return 1 < len(name) <= _REEL and name not in given


def one_line(text: str) -> str:
    """`text` as a name: harmless, and on one line."""
    return visible(" ".join(text.split()))


def address(footage: Footage) -> str:
    """The URL of a take's file, relative to the output folder."""
    return quote(footage.file)


def at_frame(remark: Remark, strip: Strip) -> int:
    """Where a remark points; within the take, whatever it says."""
    return max(0, min(round((remark.seconds or 0) * FPS), strip.frames - 1))


def _layer(places: Sequence[Place], layer: int) -> Iterator[Any]:
    """The alternates of one track, each cut to the room that the chosen take leaves it."""
    for place in places:
        room = place.chosen.frames
        if layer < len(place.alternates):
            strip = place.alternates[layer]
            yield _clip(strip, min(room, strip.frames))
            room -= min(room, strip.frames)
        if room:
            yield _gap(room)


def _track(
    name: str, kind: str, items: Iterable[Any], *, enabled: bool = True
) -> otio.schema.Track:
    import opentimelineio as otio

    track = otio.schema.Track(name, kind=kind)
    track.enabled = enabled
    track.extend(list(items))
    return track


def _clip(strip: Strip, frames: int | None = None) -> otio.schema.Clip:
    import opentimelineio as otio

    footage = strip.footage
    media = otio.schema.ExternalReference(address(footage), _range(strip.frames))
    clip = otio.schema.Clip(footage.take, media, _range(frames or strip.frames))
    clip.metadata["r2vbatch"] = dict(footage.facts)
    for remark in footage.remarks:
        mark = otio.schema.Marker(one_line(remark.text), _range(1, at_frame(remark, strip)))
        mark.color = otio.schema.MarkerColor.YELLOW
        clip.markers.append(mark)
    return clip


def _gap(frames: int) -> otio.schema.Gap:
    import opentimelineio as otio

    return otio.schema.Gap(source_range=_range(frames))


def _range(frames: int, start: int = 0) -> otio.opentime.TimeRange:
    from opentimelineio.opentime import RationalTime, TimeRange

    return TimeRange(RationalTime(start, FPS), RationalTime(frames, FPS))
