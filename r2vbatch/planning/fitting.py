"""Which conforming copy of a reference is given in its place, and why: for entries with ``fit``.

Pure: from what was measured of the original and what the model takes follows a recipe; what the
copy will measure follows from the recipe, so that lint, price and fingerprint see the copy before
it is made. Made to the strictest published limits and to sizes of our own below them, so that all
models usually share one copy. What no copy can mend (too short, too long a shape, no media at all)
stays as it is, for the probe to tell.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from urllib.parse import quote

from r2vbatch.catalogue import FileLimits, Model
from r2vbatch.manifest.model import Fit, Reference
from r2vbatch.media import FileFacts, Recipe
from r2vbatch.planning.model import Sent

_SIDE = {"image": 4096, "video": 1920}
"""Pixels of a copy's longer side, at most: more than any clip shows."""
_MEGABYTES = {"image": 10, "video": 50}
"""Of a copy, at most: none needs more, and each is uploaded."""
_MEGABYTE = 1024 * 1024
_MOST_PIXELS = 150_000_000
"""Of an original; a larger one is not unpacked."""
_NOT_READ = frozenset({"HEIC"})
"""Its tiles would come out as pictures of their own."""
_TOLD = {
    "turned": "turned upright",
    "HDR": "HDR to plain brightness",
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
        form = "JPEG" if recipe.kind == "image" else "MP4"
        return FileFacts(
            recipe.content, min(facts.bytes, recipe.bytes), recipe.kind, recipe.seconds,
            recipe.width, recipe.height, form,
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
    if (
        kind is None
        or kind == "audio"
        or reference.kind not in {None, kind}
        or facts.format in _NOT_READ
    ):
        return None
    if not facts.width or not facts.height or (kind == "video" and facts.seconds is None):
        return None
    if facts.width * facts.height > _MOST_PIXELS:
        return None
    limits = model.files[kind]
    start, kept = _kept(facts, fit, limits)
    done = [*_cut(facts, start, kept), *_form(facts, limits), *_size(facts, limits)]
    if not done:
        return None
    shape = _shape(facts.width, facts.height, kind, limits)
    if shape is None:
        return None
    width, height = shape
    if shape != (facts.width, facts.height):
        done.append(f"{facts.width}x{facts.height} to {width}x{height} pixels")
    most = min(_strictest(limits, "megabytes") or _MEGABYTES[kind], Decimal(_MEGABYTES[kind]))
    recipe = Recipe(facts.sha256, kind, width, height, int(most * _MEGABYTE), start, kept)
    return Fitting(reference, recipe, tuple(done))


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
    made, codec = ("JPEG", "") if facts.kind == "image" else ("MP4", "H.264")
    if facts.format not in limits.formats:
        first = "the first picture of " if facts.format == "GIF" else ""
        yield f"{first}{facts.format} to {made}"
    for trait in facts.traits:
        yield _TOLD.get(trait, f"{trait} to {codec}")
    if facts.alpha and not limits.alpha:
        yield "transparent parts on white"


def _size(facts: FileFacts, limits: FileLimits) -> Iterator[str]:
    """What is too large or too small: what is done about sides is said with their figures."""
    most = _strictest(limits, "megabytes")
    if most and facts.bytes > most * _MEGABYTE:
        yield f"less than {most:f} MB"
    assert facts.width and facts.height, "told apart before"
    short, long = sorted((facts.width, facts.height))
    if short < (_strictest(limits, "least_side") or 0):
        yield "scaled up"
    most = _strictest(limits, "most_side")
    if most and long > most:
        yield "scaled down"


def _shape(width: int, height: int, kind: str, limits: FileLimits) -> tuple[int, int] | None:
    """The sides of the copy, whose shape is the original's; even ones for a video. None where that
    shape is too long: one side would be too small, or the other too large."""
    least = _strictest(limits, "least_side") or Decimal(1)
    most = min(_strictest(limits, "most_side") or Decimal(_SIDE[kind]), Decimal(_SIDE[kind]))
    scale = max(min(Decimal(1), most / max(width, height)), least / min(width, height))
    if round(max(width, height) * scale) > most:
        return None
    step = 1 if kind == "image" else 2
    sides = [max(1, round(side * scale / step)) * step for side in (width, height)]
    return sides[0], sides[1]


def _strictest(limits: FileLimits, figure: str) -> Decimal | None:
    bound = limits.bounds.get(figure)
    if bound is None:
        return None
    return bound.newer if bound.older is None else bound.older
