"""`fit` and `trim` of a cast entry: whether a copy may be made of a file, and of which seconds."""

from __future__ import annotations

import math
from decimal import Decimal

from r2vbatch.manifest.model import Fit, MediaKind
from r2vbatch.manifest.problems import Problems
from r2vbatch.manifest.section import Section
from r2vbatch.yamlsource import Scalar
from r2vbatch.yamlsource import Sequence as SequenceNode

_MILLISECOND = Decimal("0.001")
_DAY = 86_400
"""Seconds: what the schema lets through."""
_HINT = "where it begins and where it ends, in seconds, such as trim: [2, 7]"


def read_fit(entry: Section, kind: MediaKind, problems: Problems) -> Fit | None:
    """What a cast entry says of fitting; None where its file is given as it is."""
    wanted = entry.scalar("fit") is True
    if not entry.has("trim"):
        return Fit() if wanted else None
    if not wanted and (not entry.has("fit") or entry.node("fit")):
        problems.add(
            entry.key_origin("trim"),
            "trim is for a file that is fitted",
            rule="bad-trim",
            hint="write fit: true beside it",
        )
    elif kind == "image":
        problems.add(
            entry.key_origin("trim"),
            "an image has no seconds to trim",
            rule="bad-trim",
            hint="take trim: away",
        )
    return Fit(_trim(entry, problems), entry.origin("trim"))


def _trim(entry: Section, problems: Problems) -> tuple[Decimal, Decimal] | None:
    node = entry.node("trim")
    if not isinstance(node, SequenceNode):  # told by the schema
        return None
    values = [item.value for item in node.items if isinstance(item, Scalar)]
    if any(isinstance(value, float) and math.isnan(value) for value in values):
        problems.add(
            entry.origin("trim"),
            "trim is two numbers of seconds, but here is one that is none",
            rule="bad-trim",
            hint=_HINT,
        )
        return None
    seconds = [
        Decimal(str(value)).quantize(_MILLISECOND).normalize()
        for value in values
        if isinstance(value, int | float) and math.isfinite(value) and 0 <= value <= _DAY
    ]
    if len(seconds) < len(node.items):
        return None  # told by the schema, too
    if len(seconds) == 2 and seconds[0] < seconds[1]:
        return seconds[0], seconds[1]
    problems.add(
        entry.origin("trim"),
        f"trim runs from {seconds[0]:f} s to {seconds[1]:f} s: nothing is left"
        if len(seconds) == 2
        else f"trim is two numbers, but here {'is' if len(seconds) == 1 else 'are'} {len(seconds)}",
        rule="bad-trim",
        hint=_HINT,
    )
    return None
