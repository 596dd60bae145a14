"""The film as FCPXML, which Final Cut Pro and DaVinci Resolve read.

Written here: the adapter of OpenTimelineIO says neither size nor sound, runs ``ffprobe`` where it
finds one, and takes a minute for a thousand clips. It reads this back, which the tests do.

Version 1.8 is the last in which media are named in one attribute, and everything reads it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from r2vbatch.film.timeline import FPS, Place, Strip, address, at_frame, one_line
from r2vbatch.visible import visible

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_Size = tuple[int, int]


def as_fcpxml(places: Sequence[Place], title: str) -> str:
    """The chosen takes one after another, the others connected to them and switched off."""
    root = Element("fcpxml", version="1.8")
    resources = SubElement(root, "resources")
    strips = [strip for place in places for strip in (place.chosen, *place.alternates)]
    formats = _formats(resources, strips)
    assets = {s.footage.file: _asset(resources, s, formats, n) for n, s in enumerate(strips, 1)}
    event = SubElement(SubElement(root, "library"), "event", name=_text(title))
    project = SubElement(event, "project", name=_text(title))
    common = Counter((p.chosen.width, p.chosen.height) for p in places).most_common(1)[0][0]
    total = sum(place.chosen.frames for place in places)
    sequence = SubElement(
        project, "sequence", format=formats[common], duration=_time(total),
        tcStart="0s", tcFormat="NDF", audioLayout="stereo", audioRate="48k",
    )  # fmt: skip
    spine = SubElement(sequence, "spine")
    at = 0
    for place in places:
        _placed(spine, place, at, assets)
        at += place.chosen.frames
    ElementTree.indent(root)
    body = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n{body}\n'


def _formats(resources: Element, strips: Sequence[Strip]) -> dict[_Size, str]:
    sizes = list(dict.fromkeys((strip.width, strip.height) for strip in strips))
    names = {size: f"f{number}" for number, size in enumerate(sizes, 1)}
    for (width, height), name in names.items():
        SubElement(
            resources, "format", id=name, frameDuration=f"1/{FPS}s",
            width=str(width), height=str(height),
        )  # fmt: skip
    return names


def _asset(resources: Element, strip: Strip, formats: dict[_Size, str], number: int) -> str:
    asset = SubElement(
        resources, "asset", id=f"a{number}", name=strip.footage.take, src=address(strip.footage),
        start="0s", duration=_time(strip.frames), hasVideo="1",
        format=formats[strip.width, strip.height],
    )  # fmt: skip
    if strip.sound:
        asset.attrib.update(hasAudio="1", audioSources="1", audioChannels="2")
    return f"a{number}"


def _placed(spine: Element, place: Place, at: int, assets: dict[str, str]) -> None:
    room = place.chosen.frames
    chosen = _clip(spine, place.chosen, room, assets, offset=_time(at))
    for lane, strip in enumerate(place.alternates, 1):
        length = min(room, strip.frames)
        other = _clip(chosen, strip, length, assets, offset="0s", lane=str(lane), enabled="0")
        _described(other, strip)
    _described(chosen, place.chosen)


def _clip(
    parent: Element, strip: Strip, frames: int, assets: dict[str, str], **attributes: str
) -> Element:
    clip = SubElement(
        parent, "asset-clip", name=strip.footage.take, ref=assets[strip.footage.file],
        start="0s", duration=_time(frames),
    )  # fmt: skip
    clip.attrib.update(attributes)
    if prompt := dict(strip.footage.facts).get("prompt"):
        SubElement(clip, "note").text = _text(str(prompt), lines=True)
    return clip


def _described(clip: Element, strip: Strip) -> None:
    """Remarks and facts; the format wants them behind connected clips."""
    for remark in strip.footage.remarks:
        SubElement(
            clip, "marker", start=_time(at_frame(remark, strip)), duration=_time(1),
            value=_text(remark.text),
        )  # fmt: skip
    metadata = SubElement(clip, "metadata")
    for name, value in strip.footage.facts:
        if name != "prompt":
            SubElement(metadata, "md", key=f"r2vbatch.{name}", value=_text(str(value)))


def _time(frames: int) -> str:
    return f"{frames}/{FPS}s" if frames else "0s"


def _text(text: str, *, lines: bool = False) -> str:
    """A text as XML can hold it."""
    shown = visible(text, keep="\n") if lines else one_line(text)
    return _NOT_XML.sub("\ufffd", shown)
