"""``${name}`` and ``@name`` in a prompt, and the way back from the result to the manifest.

First variables (the rules of `string.Template`, with Unicode names), then mentions, so a
mention may come out of a variable; it is then pointed at in the variable's own value.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from r2vbatch.diagnostics import Position
from r2vbatch.manifest.model import Mention, Origin, PromptText
from r2vbatch.manifest.problems import Problems, nfc

LONGEST_TEXT = 100_000
"""Characters of one text with its variables put in. Services take 20,000 at most."""

_DOLLAR = re.compile(r"\$(?:(?P<dollar>\$)|(?P<name>[^\W\d]\w*)|\{(?P<braced>[^{}\n]*)\}|)")
_WORD = re.compile(r"[\w-]+")
_WIDE_AT = re.compile("[＠﹫]")
_BRACED_MENTION = re.compile(r"@\{([^{}\n]*)\}")


class Variable(NamedTuple):
    """A value that ``${name}`` takes: its text as written, and where that stands."""

    text: str
    origin: Origin


class _Segment(NamedTuple):
    """A stretch of a composed text: from `start`, taken from `origin` at `offset`."""

    start: int
    origin: Origin
    offset: int
    whole: int | None
    """None: character for character. Else the stretch stands for that many characters."""


class _Composed:
    """Where the parts of a text that was put together were written (an `Origin`)."""

    __slots__ = ("_base", "_segments", "_starts")

    def __init__(self, base: Origin, segments: list[_Segment]) -> None:
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
    pieces: list[str] = []
    segments: list[_Segment] = []
    used: set[str] = set()
    length = done = 0
    sound = True

    def put(piece: str, source: Origin, offset: int, whole: int | None = None) -> None:
        nonlocal length
        if piece:
            segments.append(_Segment(length, source, offset, whole))
            pieces.append(piece)
            length += len(piece)

    for found in _DOLLAR.finditer(text):
        put(text[done : found.start()], origin, done)
        done = found.end()
        name = nfc(found["name"] or (found["braced"] or "").strip())
        if found["dollar"]:
            put("$", origin, found.start(), 2)
        elif name in variables:
            used.add(name)
            put(variables[name].text, variables[name].origin, 0)
        else:
            sound = False
            _report_dollar(found, name, origin, variables, problems)
            put(found[0], origin, found.start())
        if length > LONGEST_TEXT:
            _report_length(origin, problems)
            return Substituted("", origin, frozenset(used), False)
    put(text[done:], origin, done)
    return Substituted("".join(pieces), _Composed(origin, segments), frozenset(used), sound)


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


class _Found(NamedTuple):
    """Something that begins with @ in a text: a mention, a literal @, or a mistake."""

    start: int
    end: int
    name: str | None
    """The cast name, if it is a mention."""
    literal: str
    """What stays in the text, if it is not."""


def read_prompt(
    text: str, origin: Origin, names: Collection[str], problems: Problems
) -> tuple[PromptText, bool]:
    """`text` with its mentions of `names` found, and whether every ``@`` was understood.

    Offsets of the result's origin count in its parts joined, a mention as ``@name``.
    """
    _warn_of_wide_signs(text, origin, names, problems)
    if "@" not in text:
        return PromptText((text,), origin), True
    parts: list[str | Mention] = []
    segments: list[_Segment] = []
    literal = ""
    length = done = 0
    moved, sound = False, True
    for found in _mentions(text, origin, names, problems):
        if found.name is None and not found.literal:
            sound = False
            continue
        result = found.literal or f"@{found.name}"
        literal += text[done : found.start]
        length += found.start - done
        if len(result) != found.end - found.start:
            moved = True
            segments.append(_Segment(length, origin, found.start, found.end - found.start))
            segments.append(_Segment(length + len(result), origin, found.end, None))
        length += len(result)
        done = found.end
        if found.name is None:
            literal += found.literal
        else:
            parts += [literal, Mention(found.name)] if literal else [Mention(found.name)]
            literal = ""
    if literal or text[done:]:
        parts.append(literal + text[done:])
    if moved:
        origin = _Composed(origin, [_Segment(0, origin, 0, None), *segments])
    return PromptText(tuple(parts), origin), sound


def _warn_of_wide_signs(
    text: str, origin: Origin, names: Collection[str], problems: Problems
) -> None:
    """A Chinese keyboard writes ＠, which is plain text to us: the name after it would be sent as
    it stands, and mean nobody to the model."""
    for sign in _WIDE_AT.finditer(text):
        rest = nfc(text[sign.end() :])
        if name := max((name for name in names if rest.startswith(name)), key=len, default=""):
            problems.add(
                origin,
                f"{sign[0]}{name} is plain text: a mention begins with an ordinary @",
                rule="wide-at",
                hint=f"write @{name}",
                severity="warning",
                offset=sign.start(),
                width=1 + len(name),
            )


def _mentions(
    text: str, origin: Origin, names: Collection[str], problems: Problems
) -> Iterator[_Found]:
    longest = max((len(unicodedata.normalize("NFD", name)) for name in names), default=0)
    index = text.find("@")
    while index >= 0:
        found = _mention(text, index, longest, names)
        if found.name is None and not found.literal:
            _report_mention(text, found, origin, names, problems)
        yield found
        index = text.find("@", found.end)


def _mention(text: str, index: int, longest: int, names: Collection[str]) -> _Found:
    if text.startswith("@@", index):
        return _Found(index, index + 2, None, "@")
    if text.startswith("@{", index) and (braced := _BRACED_MENTION.match(text, index)):
        name = nfc(braced[1].strip())
        return _Found(index, braced.end(), name if name in names else None, "")
    run = text[index + 1 : index + 1 + longest].partition(" ")[0]  # no name holds a space
    for length in range(len(run), 0, -1):
        end = index + 1 + length
        name = nfc(run[:length])
        if name in names and not _goes_on(name, text[end : end + 1]):
            return _Found(index, end, name, "")
    word = _WORD.match(text, index + 1)
    return _Found(index, word.end() if word else index + 1, None, "")


def _goes_on(name: str, following: str) -> bool:
    """Whether `following` would make `name` only the beginning of a longer word."""
    if not following:
        return False
    if unicodedata.combining(following):
        return True
    return _is_word(name[-1]) and _is_word(following)


def _is_word(character: str) -> bool:
    return character.isascii() and (character.isalnum() or character == "_")


def _report_mention(
    text: str, found: _Found, origin: Origin, names: Collection[str], problems: Problems
) -> None:
    word = text[found.start + 1 : found.end].strip("{}").strip()
    before = text[found.start - 1 : found.start]
    if not word:
        message, hint = "a @ alone is not allowed", "write @@ for the character itself"
    elif before and _is_word(before):
        message = f"@{word} is not in the cast"
        hint = "in an e-mail address or handle write @@ for the character itself"
    else:
        message = f"@{word} is not in the cast"
        cast = [name for name in names if name != "previous"]
        hint = problems.suggestion(word, cast, "@{}") or "add it under cast:, or write @@ for a @"
    problems.add(
        origin,
        message,
        rule="unknown-mention",
        hint=hint,
        offset=found.start,
        width=found.end - found.start,
    )
