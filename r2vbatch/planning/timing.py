"""``Shot 1 [0-3s] … Shot 2 [3-6s]`` in a prompt: finding the ranges, and what is odd in them.

The service wants the ranges of a multi-shot prompt to touch and to fill the clip. Pure text
and numbers; refuses to know manifests.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

_NUMBER = r"(\d{1,6}(?:\.\d{1,6})?)"
_SECONDS = r"\s*(?:s|sec|seconds|秒)?\s*"
_HAN = r"[\d一二三四五六七八九十]+"
_LABEL = rf"(?:\bshot\s*\d+|第\s*{_HAN}\s*个?\s*(?:镜头|分镜)|(?:镜头|分镜)\s*{_HAN})"
# full-width ( ) : , are written as escapes: in most fonts they look like the plain ones
_RANGE = re.compile(
    rf"{_LABEL}\s*[:,\uff1a\uff0c]?\s*"
    rf"([\[【(\uff08]\s*{_NUMBER}{_SECONDS}(?:[-–—~\uff5e至到]|to)\s*{_NUMBER}{_SECONDS}[\]】)\uff09])",
    re.IGNORECASE,
)
_BRACKET = re.compile("[\\[【(\uff08]")


@dataclass(frozen=True, slots=True)
class TimedShot:
    """One range, and where its brackets stand in the text."""

    start: Decimal
    end: Decimal
    index: int
    width: int


@dataclass(frozen=True, slots=True)
class Oddity:
    """Something about a range that the clip cannot follow."""

    shot: TimedShot
    message: str


def timed_shots(prompt: str) -> list[TimedShot]:
    """Every labelled range of `prompt`, in the order of writing."""
    if not _BRACKET.search(prompt):  # hardly any prompt has one, and this is quickly seen
        return []
    return [
        TimedShot(Decimal(m[2]), Decimal(m[3]), m.start(1), m.end(1) - m.start(1))
        for m in _RANGE.finditer(prompt)
    ]


def cuts_asked(shot_type: str | None, prompt: str) -> int | None:
    """How many hard cuts a clip should have; None where that is left to the model."""
    if shot_type == "single":
        return 0
    ranges = timed_shots(prompt)
    return len(ranges) - 1 if len(ranges) > 1 else None


def oddities(shots: Sequence[TimedShot], duration: int | None) -> Iterator[Oddity]:
    """Gaps, overlaps, ranges that run backwards, and an end other than `duration`, if known."""
    reached = Decimal(0)
    for shot in shots:
        if shot.end <= shot.start:
            yield Oddity(shot, f"this range ends at {shot.end} s, before it has begun")
        elif shot.start > reached:
            yield Oddity(shot, f"no shot covers {reached} to {shot.start} s")
        elif shot.start < reached:
            yield Oddity(shot, f"this range overlaps the one before, which ends at {reached} s")
        reached = max(reached, shot.end)
    if duration is None or not shots or reached == duration:
        return
    if all(shot.start < shot.end for shot in shots):
        last = max(shots, key=lambda shot: shot.end)
        yield Oddity(last, f"the last range ends at {reached} s, but the clip lasts {duration} s")
