"""Whether a reference is a file that its model takes, by what was measured of it.

A file that the service would refuse is told before anything is uploaded or paid, with the
measured value, the limit and the remedy. Where the service's pages disagree, the looser figure is
an error's and the stricter one a warning's (``older`` in the catalogue). What a link leads to is
judged like a file, where it was looked into; what a picture shows is nobody's business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from pathlib import PurePath

from r2vbatch.catalogue import Bound, FileLimits, Model
from r2vbatch.diagnostics import Diagnostic
from r2vbatch.manifest.model import Reference, diagnose
from r2vbatch.media import SUFFIXES, FileFacts

_MEGABYTE = 1024 * 1024
_RULE = "reference-file"
_SEEN = {"image", "video"}


@dataclass(frozen=True, slots=True)
class _Measure:
    """One figure of a file that a model may limit."""

    of: Callable[[FileFacts], Decimal | None]
    least: bool
    """The limit is the least that is taken, else the most."""
    step: str
    """To which it is told: always beyond the limit that it is beyond, however little."""
    says: str
    """The measured value in words: ``{measured}``."""
    limit: str
    """What is taken: ``{limit}``."""
    remedy: str

    def beyond(self, measured: Decimal, limit: Decimal) -> bool:
        """Whether `limit` speaks against it."""
        return measured < limit if self.least else measured > limit

    def told(self, measured: Decimal) -> str:
        """It in words."""
        rounding = ROUND_FLOOR if self.least else ROUND_CEILING
        shown = measured.quantize(Decimal(self.step), rounding).normalize()
        return self.says.format(measured=f"{shown:f}")


def _sides(facts: FileFacts, choose: Callable[[int, int], int]) -> Decimal | None:
    known = facts.width and facts.height
    return Decimal(choose(facts.width or 0, facts.height or 0)) if known else None


def _aspect(facts: FileFacts) -> Decimal | None:
    short, long = _sides(facts, min), _sides(facts, max)
    return long / short if short and long else None


_MEASURES = {
    "megabytes": _Measure(
        lambda facts: Decimal(facts.bytes) / _MEGABYTE,
        False, "0.1", "has {measured} MB", "{limit} MB at most", "save it smaller",
    ),
    "least_seconds": _Measure(
        lambda facts: facts.seconds, True, "0.001", "is {measured} s long", "{limit} s at least",
        "give a longer one",
    ),
    "most_seconds": _Measure(
        lambda facts: facts.seconds, False, "0.001", "is {measured} s long", "{limit} s at most",
        "cut out the part that shows the performer best",
    ),
    "least_side": _Measure(
        lambda facts: _sides(facts, min), True, "1", "has a side of {measured} pixels",
        "{limit} pixels at least", "give a larger one",
    ),
    "most_side": _Measure(
        lambda facts: _sides(facts, max), False, "1", "has a side of {measured} pixels",
        "{limit} pixels at most", "scale it down",
    ),
    "aspect": _Measure(
        _aspect, False, "0.01", "is {measured} times as long as wide", "{limit} times at most",
        "crop it",
    ),
}  # fmt: skip


def judge(reference: Reference, facts: FileFacts, model: Model) -> Iterator[Diagnostic]:
    """What speaks against giving this file to `model`, at the reference's place."""
    name = reference.called
    if facts.kind is None:
        kinds = "no sound" if reference.kind == "audio" else "neither an image nor a video"
        what = f"is {kinds}" if facts.bytes else "is empty"
        yield diagnose(
            reference.origin, f"{name} {what}", rule=_RULE,
            hint="open it in a viewer: it may be cut short, or another file under this name",
        )  # fmt: skip
        return
    if reference.kind not in {None, facts.kind}:
        given = _a(reference.kind or "")
        fits = f"write {{{facts.kind}: …}}, or " if {facts.kind, reference.kind} <= _SEEN else ""
        yield diagnose(
            reference.origin,
            f"{name} is {_a(facts.kind)}, but given as {given}",
            rule=_RULE,
            hint=f"{fits}give {given}",
        )
        return
    if "broken" in facts.traits:
        yield diagnose(
            reference.origin, f"{name} is cut short, or damaged: not all of it can be read",
            rule=_RULE, hint="copy or export it again",
        )  # fmt: skip
        return
    limits = model.files[facts.kind]
    yield from _form(reference, name, facts, limits, model)
    for figure, bound in limits.bounds.items():
        yield from _held(reference, name, facts, _MEASURES[figure], bound, model)


def misnamed(reference: Reference, facts: FileFacts) -> Iterator[Diagnostic]:
    """What is under a name of another format: the service goes by names, too, so a file goes up
    under a right one; but perhaps another one was meant."""
    name = reference.called
    other = PurePath(name).suffix.lower()
    usual = any(other in suffixes for suffixes in SUFFIXES.values())
    if not facts.suffixes or not usual or other in facts.suffixes:
        return
    if reference.kind in {None, facts.kind}:
        what = f"{name} is {facts.format} by its content"
        renamed = f"it is uploaded as {facts.named(name)}"
        yield diagnose(
            reference.origin,
            f"{what}; {renamed if reference.file else 'the service may go by its name'}",
            rule="reference-name",
            hint="rename it, unless another file was meant",
            severity="warning",
        )


def _form(
    reference: Reference, name: str, facts: FileFacts, limits: FileLimits, model: Model
) -> Iterator[Diagnostic]:
    taken = ", ".join(limits.formats)
    if facts.format not in limits.formats:
        yield diagnose(
            reference.origin,
            f"{name} is {facts.format}; {_who(model)} takes {taken}",
            rule=_RULE,
            hint=f"save it as {limits.formats[0]}",
        )
    elif facts.alpha and not limits.alpha:
        yield diagnose(
            reference.origin,
            f"{name} has transparent parts; {_who(model)} takes none",
            rule=_RULE,
            hint="save it without an alpha channel, on the background it should have",
        )
    elif "moving" in facts.traits:
        yield diagnose(
            reference.origin,
            f"{name} moves; whether {_who(model)} takes its first picture or none is not known",
            rule=_RULE,
            hint="save that picture alone",
            severity="warning",
        )


def _held(
    reference: Reference,
    name: str,
    facts: FileFacts,
    measure: _Measure,
    bound: Bound,
    model: Model,
) -> Iterator[Diagnostic]:
    measured = measure.of(facts)
    if measured is None:
        return
    said = f"{name} {measure.told(measured)}"
    if measure.beyond(measured, bound.newer):
        yield diagnose(
            reference.origin,
            f"{said}; {_who(model)} takes {measure.limit.format(limit=bound.newer)}",
            rule=_RULE,
            hint=measure.remedy,
        )
    elif bound.older is not None and measure.beyond(measured, bound.older):
        yield diagnose(
            reference.origin,
            f"{said}; some pages of the service say {measure.limit.format(limit=bound.older)}",
            rule=_RULE,
            hint=f"if it is refused: {measure.remedy}",
            severity="warning",
        )


def _a(kind: str) -> str:
    return {"image": "an image", "video": "a video", "audio": "a recording"}[kind]


def _who(model: Model) -> str:
    return model.name or "any model"
