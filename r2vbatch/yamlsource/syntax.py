"""What the YAML parser says, in words of a person who writes storyboards.

libyaml says "found character that cannot start any token"; the author wants to hear that a
text beginning with @ needs quotes. Messages of libyaml that are not in the table are passed
on as they are, with their place.
"""

from __future__ import annotations

import re
import unicodedata

import yaml

from r2vbatch.diagnostics import Diagnostic
from r2vbatch.yamlsource.nodes import Document

_QUOTE = 'put the whole text in quotes: "…", or write it as a block: key: >- and the text below'
_LEADING_TAB = re.compile(r"[ ]*(?:- +)*\t")

_LOOKS_LIKE = {
    "colon": re.compile(r"[ ]*(?:- +)*[a-z_]+[ ]?(\uff1a)"),
    "space": re.compile(r"[ ]*(?:- +)*([\u00a0\u2000-\u200b\u202f\u205f\u3000])"),
}
"""At the beginning of a line, where an author takes one for what YAML asks for."""

_WORDS: tuple[tuple[str, str, str], ...] = (
    # what libyaml or PyYAML says, what we say, the hint
    (
        "mapping values are not allowed",
        "a colon with a space after it is not allowed in this place",
        "if it is part of a text, " + _QUOTE + "; if a key begins here, check its indentation",
    ),
    (
        "could not find expected ':'",
        "this line is neither a key with its value nor part of the text above",
        "a key is followed by a colon and a space; a text of several lines is indented",
    ),
    (
        "did not find expected key",
        "the indentation of this line fits none of the lines above",
        "keys of one item begin in the same column",
    ),
    (
        "expected <block end>",
        "this does not belong to what stands above it",
        "check the indentation, and the quotes of the line above",
    ),
    (
        "did not find expected '-' indicator",
        "the indentation of this line fits none of the lines above",
        "keys of one item begin in the same column, and so do the items of one list",
    ),
    (
        "did not find expected ',' or",
        "the { or [ list is not finished here",
        "separate its parts with commas and close it with } or ]; quote texts that hold them",
    ),
    (
        "expected ',' or",
        "the { or [ list is not finished here",
        "separate its parts with commas and close it with } or ]; quote texts that hold them",
    ),
    (
        "found unexpected end of stream",
        "the quote that opens here is never closed",
        "close it, or remove it",
    ),
    (
        "found unexpected document indicator",
        "the quote that opens here is not closed before ---",
        "close it, or remove it",
    ),
    (
        "found unknown escape character",
        "a backslash in double quotes begins an escape, and this one does not exist",
        "write \\\\ for a backslash, or use single quotes",
    ),
    (
        "did not find expected hexdecimal number",
        "an escape such as \\x41 or \\u00e9 needs its hexadecimal digits",
        "write \\\\ for a backslash, or use single quotes",
    ),
    (
        "undefined tag handle",
        "this tag means nothing in a manifest",
        "remove it; if the text itself begins with !, put it in quotes",
    ),
    (
        "expected comment or line break",
        "after | or > only the end of the line may follow",
        "begin the text on the next line, indented",
    ),
    (
        "expected chomping or indentation indicators",
        "after | or > only the end of the line may follow",
        "begin the text on the next line, indented",
    ),
)
_AT_THE_OPENING = ("found unexpected end of stream", "found unexpected document indicator")


def explain(document: Document, problem: yaml.MarkedYAMLError) -> Diagnostic:
    """The parser's `problem` as a diagnostic."""
    said = problem.problem or str(problem)
    mark = problem.problem_mark or problem.context_mark
    index = min(getattr(mark, "index", 0), len(document.text))
    if (tab := _tab_before(document, index)) is not None:
        return Diagnostic(
            document.position(tab),
            "a tab cannot indent a line in YAML",
            rule="tab-indentation",
            hint="replace it with spaces",
        )
    if (alike := _look_alike(document, index)) is not None:
        return alike
    if "cannot start any token" in said:
        return _cannot_start(document, index)
    if "while scanning an a" in (problem.context or "") and problem.context_mark is not None:
        return _cannot_start(document, problem.context_mark.index)  # an alias or an anchor
    if document.text[index - 1 : index] in ("'", '"') and index and "block" in str(problem.context):
        return _after_quotes(document, index)
    message, hint = said, ""
    for heard, ours, advice in _WORDS:
        if heard in said:
            message, hint = ours, advice
            break
    if said.startswith(_AT_THE_OPENING) and problem.context_mark is not None:
        index = problem.context_mark.index
    index = _on_something(document.text, index)
    return Diagnostic(document.position(index), message, rule="syntax", hint=hint)


def _cannot_start(document: Document, index: int) -> Diagnostic:
    character = document.text[index : index + 1]
    return Diagnostic(
        document.position(index),
        f"a text cannot begin with {character} unless it stands in quotes",
        rule="syntax",
        hint=_QUOTE,
    )


def _after_quotes(document: Document, index: int) -> Diagnostic:
    return Diagnostic(
        document.position(index),
        "the text in quotes has ended before this",
        rule="syntax",
        hint='a quote inside it is written \\" (or twice, between single quotes); '
        "a block needs none: key: >- and the text below",
    )


def _tab_before(document: Document, index: int) -> int | None:
    """The tab that indents the line of `index`, if one does."""
    start = index - document.position(index).column + 1
    found = _LEADING_TAB.match(document.text, start)
    return found.end() - 1 if found and found.end() - 1 <= index else None


def _look_alike(document: Document, index: int) -> Diagnostic | None:
    """What a keyboard for Chinese, or a web page that was copied from, left on the line of `index`
    or on the one above: the parser stumbles only behind it."""
    start = index - document.position(index).column + 1
    above = document.text.rfind("\n", 0, max(0, start - 1)) + 1
    for begins in (above, start):
        for name, pattern in _LOOKS_LIKE.items():
            if found := pattern.match(document.text, begins):
                return Diagnostic(
                    document.position(found.start(1)),
                    f"this is no {name} to YAML, but {unicodedata.name(found[1])}",
                    rule="syntax",
                    hint=f"type a plain {name} in its place",
                )
    return None


def _on_something(text: str, index: int) -> int:
    """At the end of the file, point behind its last word rather than at an empty line."""
    return index if index < len(text) else len(text.rstrip())
