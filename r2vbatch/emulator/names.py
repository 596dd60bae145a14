"""The names by which a prompt calls its references, held to the references that there are.

The documentation does not say what becomes of a name without a reference; whether it is refused
is a reading (``stray_characters``), which `checks` asks about.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from r2vbatch.emulator.ask import Reference, Role

_TOGETHER = re.compile(r"(?ai)(?<![a-z0-9_])character([0-9]+)")
_APART: Mapping[Role, re.Pattern[str]] = {
    "reference_image": re.compile(r"(?ai)(?:(?<![a-z0-9_])image ?|图)([0-9]+)"),
    "reference_video": re.compile(r"(?ai)(?:(?<![a-z0-9_])video ?|视频)([0-9]+)"),
}
"""By the role of what it counts."""
_LONGEST_NUMBER = 9
"""Digits; more of them are a number beyond any reference, and slow to read."""


def stray_name(prompt: str, references: Sequence[Reference], *, apart: bool) -> str | None:
    """A name in `prompt` that none of `references` has. `apart`: images and videos are named and
    numbered each for themselves (2.7), not together (2.6)."""
    if not apart:
        return _stray(prompt, _TOGETHER, len(references))
    roles = [reference.role for reference in references]
    found = (_stray(prompt, pattern, roles.count(role)) for role, pattern in _APART.items())
    return next(filter(None, found), None)


def _stray(prompt: str, pattern: re.Pattern[str], given: int) -> str | None:
    for name in pattern.finditer(prompt):
        if len(name[1]) > _LONGEST_NUMBER or not 1 <= int(name[1]) <= given:
            return name[0]
    return None
