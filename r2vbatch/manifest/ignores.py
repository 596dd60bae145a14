"""``# r2v: ignore[rule]`` on a line of the manifest: the warnings of that rule there are not shown.

On the line of a key whose value goes on below (a list, a mapping, a text of several lines), it
holds for all of that value. Errors are never silenced. A comment that silences nothing is told,
so that none outlives its reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from r2vbatch.diagnostics import Diagnostic, Position
from r2vbatch.manifest.model import Ignore
from r2vbatch.manifest.problems import Problems
from r2vbatch.yamlsource import Document, Node, Scalar
from r2vbatch.yamlsource import Mapping as MappingNode
from r2vbatch.yamlsource import Sequence as SequenceNode

WARNINGS = frozenset(
    {
        "curly-quotes", "dear-by-omission", "kind-not-known", "negative-prompt-too-long",
        "output-elsewhere", "parameter-ignored", "prompt-too-long", "reference-file",
        "reference-never-named", "reference-out-of-range", "region-in-doubt", "shot-ranges",
        "shot-type-single", "unused-name", "wide-at",
    }
)  # fmt: skip
"""Every rule that warns."""

_COMMENT = re.compile(r"(?<!\S)#\s*r2v:\s*ignore(?:\[([^\]\r\n]*)\])?")
_WORD = re.compile(r"[^\s,]+")


def read_ignores(document: Document, problems: Problems) -> tuple[Ignore, ...]:
    """The comments of `document`; those that name no rule that warns are noted."""
    comments = list(_COMMENT.finditer(document.text)) if "r2v:" in document.text else []
    if not comments:
        return ()
    nodes = list(_nodes(document.root))
    texts = [each for pair in nodes for each in pair if isinstance(each, Scalar)]
    ignores: list[Ignore] = []
    for comment in comments:
        if any(_is_text(document, node, comment.start()) for node in texts):
            continue
        lines = tuple(_lines(document, nodes, document.position(comment.start()).line))
        named = list(_WORD.finditer(document.text, *comment.span(1))) if comment[1] else []
        if not named:
            place = document.position(comment.start(), len(comment[0]))
            _unknown(place, "this silences no rule", problems)
        for word in named:
            place = document.position(word.start(), len(word[0]))
            if word[0] in WARNINGS:
                ignores.append(Ignore(word[0], place, lines))
            else:
                _unknown(place, f"there is no warning named {word[0]}", problems, word[0])
    return tuple(ignores)


def silenced(found: Sequence[Diagnostic], ignores: Iterable[Ignore]) -> list[Diagnostic]:
    """`found` without what is silenced, and with a warning for each comment that silences nothing.
    While there are errors, that cannot be told: a shot with one is not looked at in full."""
    ignores = tuple(ignores)
    left = [each for each in found if not any(ignore.about(each) for ignore in ignores)]
    if any(each.severity == "error" for each in found):
        return left
    idle = [each for each in ignores if not any(map(each.about, found))]
    hint = "take it away; it holds for its own line, or for the value of the key there"
    return left + [
        Diagnostic(
            each.position, f"no warning of {each.rule} is silenced here", "warning",
            "unused-ignore", hint=hint,
        )
        for each in idle
    ]  # fmt: skip


def _unknown(place: Position, message: str, problems: Problems, word: str = "") -> None:
    hint = problems.suggestion(word, WARNINGS) if word else ""
    problems.extend(
        Diagnostic(
            place, message, "warning", "unknown-rule",
            hint=hint or "the name of a rule stands in [] behind each warning",
        )
    )  # fmt: skip


def _nodes(root: Node | None) -> Iterator[tuple[Scalar | None, Node]]:
    """Every node, once, with its key if it has one."""
    seen: set[int] = set()
    waiting: list[tuple[Scalar | None, Node]] = [(None, root)] if root else []
    while waiting:
        key, node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield key, node
        if isinstance(node, MappingNode):
            waiting += node.entries.values()
        elif isinstance(node, SequenceNode):
            waiting += [(None, item) for item in node.items]


def _is_text(document: Document, node: Scalar, index: int) -> bool:
    """Whether the character at `index` belongs to the text of `node`."""
    if not node.start <= index < node.end:
        return False
    # behind the | or > of a block stands a comment
    return node.style not in ("|", ">") or "\n" in document.text[node.start : index]


def _lines(
    document: Document, nodes: Iterable[tuple[Scalar | None, Node]], line: int
) -> Iterator[range]:
    """The lines that a comment on `line` is about."""
    yield range(line, line + 1)
    for key, node in nodes:
        if key is None:
            continue
        first = document.position(key.start).line
        end = node.start + len(document.text[node.start : node.end].rstrip())
        last = document.position(max(node.start, end - 1)).line
        flowing = isinstance(node, Scalar) and node.style not in ("|", ">")
        if first == line or (flowing and first <= line <= last):
            yield range(first, last + 1)
