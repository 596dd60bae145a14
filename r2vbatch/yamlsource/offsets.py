"""From the n-th character of a scalar's value to its place in the source.

libyaml gives only the two ends of a scalar. So the value is read a second time here, in
each of YAML's five styles, keeping for every character where it came from. What was read is
held against the value that the parser gave; where the two differ, nothing is claimed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_BREAK = r"(?:\r\n|[\r\n\x85\u2028\u2029])"
_ONE_BREAK = re.compile(_BREAK)
_FOLD = re.compile(rf"[ \t]*{_BREAK}(?:[ \t]*{_BREAK})*[ \t]*")
_ESCAPED_BREAK = re.compile(rf"\\{_BREAK}[ \t]*")
_BLANK_LINE = re.compile(rf"{_BREAK}[ \t]*")
_ESCAPE = re.compile(r"\\(?:x(..)|u(....)|U(........)|(.))")
_ESCAPED = '\0\a\b\t\t\n\v\f\r\x1b "/\\\x85\xa0\u2028\u2029'
_ESCAPES = dict(zip('0abt\tnvfre "/\\N_LP', _ESCAPED, strict=True))
_HEADER = re.compile(r"[|>][-+0-9]*[^\r\n]*(?:\r\n|[\r\n]|\Z)")
_LINE = re.compile(rf"(?P<body>[^\r\n\x85\u2028\u2029]*)(?P<brk>{_BREAK}|\Z)")

Character = tuple[str, int]
"""One character of a value, and its offset in the source."""


def source_offsets(source: str, start: int, end: int, style: str, text: str) -> list[int]:
    """For each character of `text`, the offset in `source` where it was written.

    The scalar stands at `source[start:end]` in `style` (empty when plain). One more entry
    at the end is the place just behind the value. Where the value cannot be followed, all
    entries are `start`.
    """
    for reading in _readings(source, start, end, style):
        characters = list(reading)
        if "".join(character for character, _ in characters) == text:
            offsets = [offset for _, offset in characters]
            return [*offsets, offsets[-1] + 1 if offsets else start]
    return [start] * (len(text) + 1)


def _readings(source: str, start: int, end: int, style: str) -> Iterator[Iterator[Character]]:
    if style in ("|", ">") and source[start : start + 1] == style:
        yield from _blocks(source, start, end, style)
    elif style in ("'", '"'):
        yield _flow(source, start + 1, end - 1, style)
    else:
        last = start + len(source[start:end].rstrip(" \t\r\n"))
        yield _flow(source, start, last, "")


def _flow(source: str, start: int, end: int, style: str) -> Iterator[Character]:
    """A plain or quoted scalar between its quotes; line breaks fold."""
    index = start
    while index < end:
        character = source[index]
        if character in " \t\r\n\x85\u2028\u2029" and (fold := _FOLD.match(source, index, end)):
            yield from _folded([(m[0], m.start()) for m in _ONE_BREAK.finditer(fold[0])], index)
            index = fold.end()
        elif style == "'" and character == "'":
            yield character, index
            index += 2
        elif style == '"' and character == "\\":
            if skipped := _ESCAPED_BREAK.match(source, index, end):
                index = skipped.end()
                while blank := _BLANK_LINE.match(source, index, end):
                    yield _normal(blank[0].rstrip(" \t")), index
                    index = blank.end()
                continue
            escape = _ESCAPE.match(source, index, end)
            if escape is None:
                return
            yield _unescaped(escape), index
            index = escape.end()
        else:
            yield character, index
            index += 1


def _folded(breaks: list[Character], base: int) -> Iterator[Character]:
    """What a run of line breaks stands for: one is a space, more are all but the first."""
    first, offset = breaks[0]
    if _normal(first) != "\n":
        yield first, base + offset
    elif len(breaks) == 1:
        yield " ", base + offset
    for line_break, offset in breaks[1:]:
        yield _normal(line_break), base + offset


def _unescaped(escape: re.Match[str]) -> str:
    digits = escape[1] or escape[2] or escape[3]
    try:
        return chr(int(digits, 16)) if digits else _ESCAPES.get(escape[4], "")
    except (ValueError, OverflowError):
        return ""


def _normal(line_break: str) -> str:
    return line_break if line_break in ("\u2028", "\u2029") else "\n"


def _blocks(source: str, start: int, end: int, style: str) -> Iterator[Iterator[Character]]:
    """A block scalar under each indentation it may have.

    An explicit indentation counts from the parent, which is not known here; but only the
    true one gives the parser's value.
    """
    header = _HEADER.match(source, start, end)
    if header is None:
        return
    indicators = header[0].split("#")[0]
    chomp = "-" if "-" in indicators else "+" if "+" in indicators else ""
    lines = [m for m in _LINE.finditer(source, header.end(), end) if m[0]]
    depths = [len(m["body"]) - len(m["body"].lstrip(" ")) for m in lines if m["body"].strip(" ")]
    deepest = min(depths, default=0) or max((len(m["body"]) for m in lines), default=0)
    for indent in range(deepest, -1, -1):
        yield _block(lines, indent, style == ">", chomp)


def _block(
    lines: list[re.Match[str]], indent: int, folded: bool, chomp: str
) -> Iterator[Character]:
    last_break: list[Character] = []
    blank_breaks: list[Character] = []
    was_indented = False
    for line in lines:
        body, where = line["body"], line.start()
        line_break = [(_normal(line["brk"]), line.start("brk"))] if line["brk"] else []
        if not body[indent:]:
            blank_breaks += line_break
            continue
        indented = body[indent] in " \t"
        if folded and not was_indented and not indented and [c for c, _ in last_break] == ["\n"]:
            if not blank_breaks:
                yield " ", last_break[0][1]
        else:
            yield from last_break
        yield from blank_breaks
        for index in range(indent, len(body)):
            yield body[index], where + index
        last_break, blank_breaks, was_indented = line_break, [], indented
    if chomp != "-":
        yield from last_break
    if chomp == "+":
        yield from blank_breaks
