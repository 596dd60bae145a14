"""How long a shot is: from frames, a rate, or a time, to the whole seconds that a model makes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

USUAL_RATE = Decimal(24)
"""Frames a second where a list says nothing: the rate of film."""

_NUMBER = r"(\d{1,9}(?:[.,]\d{1,9})?)"
_FRAMES = re.compile(r"(\d{1,9})(?:[.,]0+)?\s*(?:f|fr|frames?)?", re.IGNORECASE)
_RATE = re.compile(rf"{_NUMBER}\s*(?:fps)?", re.IGNORECASE)
_SECONDS = re.compile(rf"{_NUMBER}\s*(?:s|sec|secs|seconds?|\"|″|秒)?", re.IGNORECASE)
_TIME = re.compile(r"(?:(\d{1,2}):)?(\d{1,2}):(\d{2})(?:[.,](\d{1,6}))?")
_TIMECODE = re.compile(r"(\d{2}):(\d{2}):(\d{2})[:;](\d{2})")


class Length(NamedTuple):
    """The length of a shot as its list says it."""

    seconds: Decimal
    said: str
    """Where it comes from: ``112 frames at 24 fps``."""


class Fitted(NamedTuple):
    """A length that a model makes."""

    seconds: int
    comment: str
    """What was changed, and why; empty if nothing."""


def length(cells: Mapping[str, str]) -> Length | None:
    """The length that a row of the list tells; None where it tells none that can be read."""
    written = _match(_RATE, cells.get("fps"))
    told = _decimal(written) if written else Decimal(0)
    rate = told or USUAL_RATE
    at = f"at {_short(rate)} fps{'' if told else ', a guess'}"
    if (frames := _frames(cells)) is not None:
        return Length(Decimal(frames) / rate, f"{frames} frames {at}")
    text = cells.get("duration", "").strip()
    if code := _TIMECODE.fullmatch(text):
        hours, minutes, seconds, frame = map(int, code.groups())
        whole = hours * 3600 + minutes * 60 + seconds
        return Length(whole + Decimal(frame) / rate, f"{text} {at}" if frame else text)
    if time := _TIME.fullmatch(text):
        hours, minutes, seconds = (int(part or 0) for part in time.groups()[:3])
        part = Decimal(f"0.{time[4] or 0}")
        return Length(hours * 3600 + minutes * 60 + seconds + part, text)
    if number := _match(_SECONDS, text):
        return Length(_decimal(number), f"{_short(_decimal(number))} s")
    return None


def unread(cells: Mapping[str, str]) -> str:
    """What a row says of its length that `length` makes nothing of; empty if it says nothing."""
    ends = [cells[role] for role in ("frame_in", "frame_out") if role in cells]
    said = [cells.get("frames", ""), "-".join(ends) if len(ends) == 2 else "",
            cells.get("duration", "")]  # fmt: skip
    return ", ".join(text for text in said if text.strip("0-., "))


def _frames(cells: Mapping[str, str]) -> int | None:
    """The number of frames: as counted, else from the first to the last, both in the shot."""
    if counted := _match(_FRAMES, cells.get("frames")):
        return int(counted) or None
    first, last = (_match(_FRAMES, cells.get(role)) for role in ("frame_in", "frame_out"))
    if first and last and int(last) > int(first):
        return int(last) - int(first) + 1
    return None


def fitted(length: Length, least: int, most: int, model: str) -> Fitted:
    """`length` in whole seconds within what `model` makes, and what was done to it."""
    whole = int(length.seconds.quantize(Decimal(1), ROUND_HALF_UP))
    exact = f"{_short(length.seconds.quantize(Decimal('0.01')))} s"
    told = exact if length.said == exact else f"{exact} ({length.said})"
    if whole > most:
        return Fitted(most, f"{told}; {model} makes {most} s at most: split it, or cut it short")
    if whole < least:
        return Fitted(least, f"{told}; {model} makes {least} s at least: cut it in the edit")
    if whole != length.seconds or length.said != exact:
        return Fitted(whole, told if whole == length.seconds else f"rounded from {told}")
    return Fitted(whole, "")


def _match(pattern: re.Pattern[str], text: str | None) -> str | None:
    found = pattern.fullmatch((text or "").strip())
    return found[1] if found else None


def _decimal(text: str) -> Decimal:
    return Decimal(text.replace(",", "."))


def _short(number: Decimal) -> str:
    return f"{number.normalize():f}"
