"""``@name`` in a prompt whose variables are in: which member of the cast is meant.

The longest cast name that fits is meant; one that ends in a letter, digit or ``_`` of ASCII is not
followed by another: ``@ellenor`` is not ellen, and ``@小雨走进来`` is read as meant.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator
from functools import cache
from typing import NamedTuple

from r2vbatch.manifest.model import Mention, Origin, PromptText
from r2vbatch.manifest.problems import Problems, nfc
from r2vbatch.manifest.texts import Composed, Segment

_WORD = re.compile(r"[\w-]+")
_WIDE_AT = re.compile("[＠﹫]")
_BRACED_MENTION = re.compile(r"@\{([^{}\n]*)\}")


class _Found(NamedTuple):
    """Something that begins with @ in a text: a mention, a literal @, or a mistake."""

    start: int
    end: int
    name: str | None
    """The cast name, if it is a mention."""
    literal: str
    """What stays in the text, if it is not."""


_mention_of = cache(Mention)  # thousands of shots mention the same few names


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
    segments: list[Segment] = []
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
            segments.append(Segment(length, origin, found.start, found.end - found.start))
            segments.append(Segment(length + len(result), origin, found.end, None))
        length += len(result)
        done = found.end
        if found.name is None:
            literal += found.literal
        else:
            mention = _mention_of(found.name)
            parts += [literal, mention] if literal else [mention]
            literal = ""
    if literal or text[done:]:
        parts.append(literal + text[done:])
    if moved:
        origin = Composed(origin, [Segment(0, origin, 0, None), *segments])
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


@cache
def _spread(name: str) -> int:
    """How many characters `name` takes at the most, its accents written apart."""
    return len(unicodedata.normalize("NFD", name))


def _mentions(
    text: str, origin: Origin, names: Collection[str], problems: Problems
) -> Iterator[_Found]:
    longest = max(map(_spread, names), default=0)
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
