"""``${name}`` in a text, and the way back from the result to what was written.

The rules are those of `string.Template`, with Unicode names. Mentions come afterwards
(`mentions`), so one may come out of a variable; it is then pointed at in the variable's own value.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from r2vbatch.diagnostics import Position
from r2vbatch.manifest.model import Origin
from r2vbatch.manifest.problems import Problems, nfc

LONGEST_TEXT = 100_000
"""Characters of one text with its variables put in. Services take 20,000 at most."""

_DOLLAR = re.compile(r"\$(?:(?P<dollar>\$)|(?P<name>[^\W\d]\w*)|\{(?P<braced>[^{}\n]*)\}|)")


class Variable(NamedTuple):
    """A value that ``${name}`` takes: its text as written, and where that stands."""

    text: str
    origin: Origin


class Segment(NamedTuple):
    """A stretch of a composed text: from `start`, taken from `origin` at `offset`."""

    start: int
    origin: Origin
    offset: int
    whole: int | None
    """None: character for character. Else the stretch stands for that many characters."""


class Composed:
    """Where the parts of a text that was put together were written (an `Origin`)."""

    __slots__ = ("_base", "_segments", "_starts")

    def __init__(self, base: Origin, segments: list[Segment]) -> None:
        self._base = base
        self._segments = segments
        self._starts = [segment.start for segment in segments]

    @property
    def path(self) -> str:
        return self._base.path

    def at(self, offset: int = 0, width: int | None = None) -> Position:
        if (width is None and offset == 0) or not self._segments:
            return self._base.at()
        index = max(0, bisect_right(self._starts, offset) - 1)
        segment = self._segments[index]
        if segment.whole is not None:
            return segment.origin.at(segment.offset, segment.whole)
        end = self._starts[index + 1] if index + 1 < len(self._starts) else offset + (width or 1)
        shared = max(1, min(width or 1, end - offset))
        return segment.origin.at(segment.offset + offset - segment.start, shared)


class _Piece(NamedTuple):
    """A stretch of a text with its variables put in, and where it comes from."""

    text: str
    origin: Origin
    offset: int = 0
    whole: int | None = None
    """As in `Segment`."""
    variable: str = ""
    """The one that gave it."""
    unknown: re.Match[str] | None = None
    """The ``$`` that could not be understood, if it is one."""


def _pieces(text: str, origin: Origin, variables: Mapping[str, Variable]) -> Iterator[_Piece]:
    done = 0
    for found in _DOLLAR.finditer(text):
        yield _Piece(text[done : found.start()], origin, done)
        done = found.end()
        name = _name_of(found)
        if found["dollar"]:
            yield _Piece("$", origin, found.start(), 2)
        elif name in variables:
            value = variables[name]
            yield _Piece(value.text, value.origin, variable=name)
        else:
            yield _Piece(found[0], origin, found.start(), unknown=found)
    yield _Piece(text[done:], origin, done)


def _name_of(found: re.Match[str]) -> str:
    return nfc(found["name"] or (found["braced"] or "").strip())


class _WithVariables:
    """Where the parts of a text with its variables put in were written (an `Origin`).

    They are found when a problem is told: nearly every text has none, and there are many.
    """

    __slots__ = ("_base", "_text", "_variables")

    def __init__(self, base: Origin, text: str, variables: Mapping[str, Variable]) -> None:
        self._base = base
        self._text = text
        self._variables = variables

    @property
    def path(self) -> str:
        return self._base.path

    def at(self, offset: int = 0, width: int | None = None) -> Position:
        segments = []
        length = 0
        for piece in _pieces(self._text, self._base, self._variables):
            if piece.text:
                segments.append(Segment(length, piece.origin, piece.offset, piece.whole))
                length += len(piece.text)
        return Composed(self._base, segments).at(offset, width)


class Substituted(NamedTuple):
    """A text with its variables put in."""

    text: str
    origin: Origin
    """Where its parts were written."""
    used: frozenset[str]
    """The variables it took."""
    sound: bool
    """Whether every ``$`` was understood."""


def substitute(
    text: str, origin: Origin, variables: Mapping[str, Variable], problems: Problems
) -> Substituted:
    """`text` with variables put in. A ``$`` that cannot be understood is noted, and stays."""
    if len(text) > LONGEST_TEXT:
        _report_length(origin, problems)
        return Substituted("", origin, frozenset(), False)
    if "$" not in text:
        return Substituted(text, origin, frozenset(), True)
    made: list[str] = []
    used: set[str] = set()
    length = 0
    sound = True
    for piece in _pieces(text, origin, variables):
        made.append(piece.text)
        length += len(piece.text)
        if piece.variable:
            used.add(piece.variable)
        if piece.unknown:
            sound = False
            _report_dollar(piece.unknown, _name_of(piece.unknown), origin, variables, problems)
        if length > LONGEST_TEXT:
            _report_length(origin, problems)
            return Substituted("", origin, frozenset(used), False)
    whence = _WithVariables(origin, text, variables)
    return Substituted("".join(made), whence, frozenset(used), sound)


def _report_length(origin: Origin, problems: Problems) -> None:
    message = f"with its variables this text is over {LONGEST_TEXT:,} characters long"
    problems.add(origin, message, rule="too-long")


def _report_dollar(
    found: re.Match[str],
    name: str,
    origin: Origin,
    variables: Collection[str],
    problems: Problems,
) -> None:
    offset, width = found.start(), len(found[0])
    if not name:
        message = "a $ alone is not allowed" if found["braced"] is None else "${} has no name"
        problems.add(
            origin,
            message,
            rule="lone-dollar",
            hint="write $$ for a dollar sign, ${name} for a variable",
            offset=offset,
            width=width,
        )
        return
    hint = problems.suggestion(name, variables, "${{{}}}")
    if found["name"] and (short := _longest_start(name, variables)):
        hint = f"write ${{{short}}} to end the name there"
    problems.add(
        origin,
        f"there is no variable {name}",
        rule="unknown-variable",
        hint=hint or f"give it under vars: or in the shot's vary:, as {name}: …",
        offset=offset,
        width=width,
    )


def _longest_start(name: str, variables: Collection[str]) -> str:
    return max((known for known in variables if name.startswith(known)), key=len, default="")
