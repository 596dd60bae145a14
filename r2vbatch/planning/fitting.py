"""Which conforming copy of a reference is given in its place, and why: for entries with ``fit``.

Pure: from what was measured of the original and what the model takes follows a recipe; what the
copy will measure follows from the recipe, so that lint, price and fingerprint see the copy before
it is made. Made to the strictest published limits and to sizes of our own below them, so that all
models usually share one copy. A shape that is too long gets bars beside it: to crop would be to
choose what is seen. What no copy can mend (too short, no media at all) stays as it is, and is told
by the probe.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from math import ceil
from typing import NamedTuple
from urllib.parse import quote

from r2vbatch.catalogue import FileLimits, Model
from r2vbatch.manifest.model import Fit, Reference
from r2vbatch.media import FileFacts, Recipe
from r2vbatch.planning.model import Sent

_SIDE = {"image": 4096, "video": 1920}
"""Pixels of a copy's longer side, at most: more than any clip shows."""
_MEGABYTES = {"image": 10, "video": 50, "audio": 10}
"""Of a copy, at most: none needs more, and each is uploaded."""
_MADE = {"image": "JPEG", "video": "MP4", "audio": "WAV"}
_MEGABYTE = 1024 * 1024
_MOST_PIXELS = 150_000_000
"""Of an original; a larger one is not unpacked."""
_TOLD = {
    "turned": "turned upright",
    "stretched": "pixels made square",
    "HDR": "HDR to plain brightness",
    "deep": "to 8 bits and 4:2:0",
    "fast": "slow motion to 30 frames a second",
    "uneven": "uneven frame rate to 30 a second",
    "streams": "further streams left out",
    "CMYK": "CMYK to RGB",
}
"""Traits of an original in words of what is done; a codec's is its own name."""


@dataclass(frozen=True, slots=True)
class Fitting:
    """A copy that is given in place of a reference, and what is done for it."""

    reference: Reference
    recipe: Recipe
    done: tuple[str, ...]
    """In words: ``turned upright``, ``HEVC to H.264``, ``the first 30 s of 45 s``."""

    def __str__(self) -> str:
        """``ellen (phone.mov): turned upright, HEVC to H.264``."""
        file = self.reference.file.name if self.reference.file else ""
        name = f"{self.reference.name} ({file})" if self.reference.name else file
        return f"{name}: {', '.join(self.done)}"

    def measured(self, facts: FileFacts) -> FileFacts:
        """What the copy of the file with `facts` will measure, as far as anybody asks."""
        recipe = self.recipe
        return FileFacts(
            recipe.content, min(facts.bytes, recipe.bytes), recipe.kind, recipe.seconds,
            recipe.width or None, recipe.height or None, _MADE[recipe.kind],
        )  # fmt: skip

    def sent(self, reference: Sent) -> Sent:
        """`reference` with the copy in the original's place."""
        assert reference.file is not None, "only a file is copied"
        content = self.recipe.content
        name = quote(f"{reference.file.stem}{self.recipe.suffix}", safe="")
        url = f"oss://PENDING/{content}/{name}"
        return replace(reference, url=url, sha256=content, recipe=self.recipe)


def fitting(reference: Reference, fit: Fit, facts: FileFacts, model: Model) -> Fitting | None:
    """The copy to give to `model`; None where the file is given as it is."""
    kind = facts.kind
    if kind is None or reference.kind not in {None, kind} or not _workable(facts):
        return None
    limits = model.files[kind]
    start, kept = _kept(facts, fit, limits)
    shape = _shape(facts.width or 0, facts.height or 0, kind, limits) if kind != "audio" else None
    done = [*_cut(facts, start, kept), *_form(facts, limits), *_size(facts, limits, shape)]
    if not done:
        return None
    if shape and shape.copy != (facts.width, facts.height):
        done.append("{}x{} to {}x{} pixels".format(facts.width, facts.height, *shape.copy))
    most = min(_strictest(limits, "megabytes") or _MEGABYTES[kind], Decimal(_MEGABYTES[kind]))
    recipe = Recipe(
        facts.sha256, kind, *(shape.copy if shape else (0, 0)), int(most * _MEGABYTE), start, kept,
        shape.inside if shape else None,
    )  # fmt: skip
    return Fitting(reference, recipe, tuple(done))


def _workable(facts: FileFacts) -> bool:
    """Whether enough is known of it, and it is not too large to unpack."""
    if "broken" in facts.traits or (facts.kind != "image" and not facts.seconds):
        return False
    pixels = (facts.width or 0) * (facts.height or 0)
    return facts.kind == "audio" or 0 < pixels <= _MOST_PIXELS


def _kept(facts: FileFacts, fit: Fit, limits: FileLimits) -> tuple[Decimal, Decimal | None]:
    """From which second, and how many: those asked for, else the first that the model takes."""
    if facts.seconds is None:
        return Decimal(0), None
    if fit.trim:
        start, end = fit.trim
        return start, end - start
    most = _strictest(limits, "most_seconds")
    return Decimal(0), min(facts.seconds, most) if most else facts.seconds


def _cut(facts: FileFacts, start: Decimal, kept: Decimal | None) -> Iterator[str]:
    if kept is None or facts.seconds is None or (not start and kept == facts.seconds):
        return
    of = f"of {facts.seconds.normalize():f} s"
    if start:
        yield f"seconds {start:f} to {start + kept:f} {of}"
    else:
        yield f"the first {kept.normalize():f} s {of}"


def _form(facts: FileFacts, limits: FileLimits) -> Iterator[str]:
    made = _MADE[facts.kind or "image"]
    if "moving" in facts.traits:
        yield f"the first picture of {facts.format} to {made}"
    elif facts.format not in limits.formats:
        yield f"{facts.format} to {made}"
    for trait in facts.traits:
        if trait != "moving":
            yield _TOLD.get(trait, f"{trait} to H.264")
    if facts.alpha and not limits.alpha:
        yield "transparent parts on white"


def _size(facts: FileFacts, limits: FileLimits, shape: _Shape | None) -> Iterator[str]:
    """What is too large or too small: what is done about sides is said with their figures."""
    most = _strictest(limits, "megabytes")
    if most and facts.bytes > most * _MEGABYTE:
        yield f"less than {most:f} MB"
    if shape is None:
        return
    if shape.inside:
        yield f"{'white' if facts.kind == 'image' else 'black'} bars beside it"
    short, long = sorted((facts.width or 0, facts.height or 0))
    if short < (_strictest(limits, "least_side") or 0):
        yield "scaled up"
    most = _strictest(limits, "most_side")
    if most and long > most:
        yield "scaled down"


class _Shape(NamedTuple):
    """Sides in pixels, width first."""

    copy: tuple[int, int]
    inside: tuple[int, int] | None
    """Of what is shown in its middle; None where there are no bars."""


def _shape(width: int, height: int, kind: str, limits: FileLimits) -> _Shape:
    """The sides of the copy, even ones for a video: the original's shape, or the longest that the
    model takes with the original in it."""
    least = _strictest(limits, "least_side") or Decimal(1)
    most = min(_strictest(limits, "most_side") or Decimal(_SIDE[kind]), Decimal(_SIDE[kind]))
    longest = min(_strictest(limits, "aspect") or most, most / least)
    step = 1 if kind == "image" else 2
    short, long = sorted((width, height))
    bars = short * longest < long
    scale = max(min(Decimal(1), most / long), least / (long / longest if bars else short))
    inside = (_even(short * scale, step), _even(long * scale, step))
    copy = (max(inside[0], _even(inside[1] / longest, step, ceil)), inside[1])
    if width > height:
        copy, inside = copy[::-1], inside[::-1]
    return _Shape(copy, inside if bars else None)


def _even(side: Decimal, step: int, whole: Callable[[Decimal], int] = round) -> int:
    return max(1, whole(side / step)) * step


def _strictest(limits: FileLimits, figure: str) -> Decimal | None:
    bound = limits.bounds.get(figure)
    if bound is None:
        return None
    return bound.newer if bound.older is None else bound.older
