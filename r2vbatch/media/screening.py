"""Whether a clip that decodes is worth looking at: black, standing still, silent, cut.

Cheap enough for every clip: it rides on the decoding that verification does anyway, on pictures
of 48 by 48 grey points, and costs some 5 % of it. What it finds are flags and never failures: a
director may have asked for a night without a sound. So the thresholds are those at which people
who look at the clip agree, and what is doubtful stays unsaid.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import av
    from PIL import Image

SIDE = 48
"""Points of a picture as it is screened, each way, whatever its shape: a point is then the mean of
some hundred pixels, in which noise is gone and a moving mouth is not."""
LONGEST = 1800
"""Frames that are screened: a minute, four times the longest clip there is."""

BLACK_LEVEL, BLACK_PART = 38, 0.98
"""A tenth above black (16 of 235), over nearly all of the picture: FFmpeg's `blackdetect`."""
BLACK_SECONDS = 1.0
"""A fade out of black takes less."""
STILL_LEVEL = 2
"""Levels by which no point may differ: what an encoder adds to a picture that stands."""
STILL_SECONDS = 1.0
"""Generated pictures always breathe a little; one that stands for longer has stopped."""
CUT_LEVEL, CUT_RATIO = 8.0, 4.0
"""The mean step of a cut in levels, and how often it holds the steps around: a pan's steps are all
alike."""
NEAR, CLOSE = 6, 4
"""Frames on either side that a step is held against; steps of fewer frames apart are one cut."""
SILENCE = 0.001
"""Of full scale, which is 60 dB below it: nobody hears that."""
_SPARSE = 4
"""Of so many samples one is heard; a sound that hides from that is none."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What was seen and heard."""

    black: float
    """Seconds of the longest black stretch."""
    still: float
    """Seconds of the longest stretch, not black, in which nothing moves."""
    cuts: tuple[float, ...]
    """When there is a hard cut, in seconds."""
    peak: float
    """The loudest sample, of 1.0; 0 where there is no sound."""

    def flags(self, *, cuts: int | None, sound: bool) -> Iterator[str]:
        """``black``, ``frozen``, ``cuts``, ``silent``. `cuts`: how many were asked for, None
        where that was left open; `sound`: whether there should be something to hear."""
        if self.black >= BLACK_SECONDS:
            yield "black"
        if self.still >= STILL_SECONDS:
            yield "frozen"
        if cuts is not None and len(self.cuts) != cuts:
            yield "cuts"
        if sound and self.peak < SILENCE:
            yield "silent"


class Screening:
    """Shown the frames of a clip as they are decoded."""

    def __init__(self) -> None:
        from av.video.reformatter import VideoReformatter

        self._reformatter = VideoReformatter()  # kept: making one costs more than its work
        self._pictures: list[Image.Image] = []
        self._peak = 0.0

    def see(self, frame: av.VideoFrame) -> None:
        """The next picture."""
        from PIL import Image

        if len(self._pictures) < LONGEST:
            # several threads would wake each other for every frame, beside as many other clips
            small = self._reformatter.reformat(
                frame, SIDE, SIDE, "gray", interpolation="AREA", threads=1
            )
            plane = small.planes[0]
            raw = ("raw", "L", plane.line_size, 1)
            self._pictures.append(Image.frombytes("L", (SIDE, SIDE), bytes(plane), *raw))

    def hear(self, frame: av.AudioFrame) -> None:
        """The next sound."""
        self._peak = max(self._peak, _loudest(frame))

    def findings(self, fps: float) -> Findings:
        """What was found, once all is seen."""
        return screened(self._pictures, fps, self._peak)


def screened(pictures: Sequence[Image.Image], fps: float, peak: float) -> Findings:
    """The findings of pictures (grey, of one size) that follow each other."""
    black = [_is_black(picture) for picture in pictures]
    return Findings(
        black=_longest(black) / fps,
        still=_longest_still(pictures, black) / fps,
        cuts=tuple(round(number / fps, 3) for number in _cuts(pictures)),
        peak=peak,
    )


def _is_black(picture: Image.Image) -> bool:
    return sum(picture.histogram()[:BLACK_LEVEL]) >= BLACK_PART * picture.width * picture.height


def _longest(marks: Sequence[bool]) -> int:
    most = run = 0
    for mark in marks:
        run = run + 1 if mark else 0
        most = max(most, run)
    return most


def _longest_still(pictures: Sequence[Image.Image], black: Sequence[bool]) -> int:
    """Frames of the longest stretch that stays as its first frame is: a slow drift is none."""
    from PIL import ImageChops

    most = run = 0
    anchor: Image.Image | None = None
    for picture, is_black in zip(pictures, black, strict=True):
        if is_black:
            anchor, run = None, 0
        elif anchor and max(ImageChops.difference(anchor, picture).tobytes()) <= STILL_LEVEL:
            run += 1
        else:
            anchor, run = picture, 1
        most = max(most, run)
    return most


def _cuts(pictures: Sequence[Image.Image]) -> Iterator[int]:
    """The number of the first frame behind each hard cut."""
    steps = [_step(before, after) for before, after in pairwise(pictures)]
    last = -CLOSE
    for number, step in enumerate(steps):
        if step < CUT_LEVEL or number - last < CLOSE:
            continue
        around = sorted([*steps[max(0, number - NEAR) : number], *steps[number + 1 :][:NEAR]])
        # not the largest: another cut may be near
        usual = around[-3] if len(around) > 2 else 0.0
        if step >= CUT_RATIO * usual and not _returns(pictures, number, step):
            last = number
            yield number + 1


def _returns(pictures: Sequence[Image.Image], number: int, step: float) -> bool:
    """Whether the picture is soon what it was before: a flash, and no cut."""
    before, after = pictures[: number + 1][-3:], pictures[number + 1 :][:3]
    return any(_step(one, other) < step / 2 for one in before for other in after)


def _step(one: Image.Image, other: Image.Image) -> float:
    """The mean difference of two pictures, in levels."""
    from PIL import ImageChops, ImageStat

    return ImageStat.Stat(ImageChops.difference(one, other)).mean[0]


_SAMPLES = {"flt": ("f", 1.0), "s16": ("h", 32768.0), "s32": ("i", 2147483648.0), "dbl": ("d", 1.0)}
"""How samples lie in memory, and what full scale is, by FFmpeg's name for one channel or many."""


def _loudest(frame: av.AudioFrame) -> float:
    """The peak of a frame, of 1.0; a form that is not known counts as loud."""
    code, full = _SAMPLES.get(frame.format.name.removesuffix("p"), ("", 0.0))
    if not code:
        return 1.0
    peak = 0.0
    for plane in frame.planes:
        size = frame.samples * frame.format.bytes
        size *= 1 if frame.format.is_planar else len(frame.layout.channels)
        samples = array(code, bytes(plane)[:size])[::_SPARSE]
        peak = max(peak, max(samples, default=0), -min(samples, default=0))
    return peak / full
