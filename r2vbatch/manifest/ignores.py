"""``# r2v: ignore[rule]`` on a line of the manifest: the warnings of that rule there are not shown.

On the line of a key whose value goes on below (a list, a mapping, a text of several lines), it
holds for all of that value. Errors are never silenced. A comment that silences nothing is told,
so that none outlives its reason.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence

from r2vbatch.diagnostics import Diagnostic, Position
from r2vbatch.manifest.model import Ignore
from r2vbatch.manifest.phrases import short
from r2vbatch.manifest.problems import Problems
from r2vbatch.yamlsource import Document, Node, Scalar
from r2vbatch.yamlsource import Mapping as MappingNode
from r2vbatch.yamlsource import Sequence as SequenceNode

WARNINGS = frozenset(
    {
        "curly-quotes", "dear-by-omission", "kind-not-known", "link", "negative-prompt-too-long",
        "output-elsewhere", "parameter-ignored", "prompt-too-long", "reference-file",
        "reference-name", "reference-never-named", "reference-out-of-range", "region-in-doubt",
        "shot-ranges", "shot-type-single", "unused-name", "wide-at",
    }
)  # fmt: skip
"""Every rule that warns."""
_ONLINE = frozenset({"link"})
"""What warns only where the network may be touched: otherwise nothing can be told of it."""

_Pair = tuple[Scalar | None, Node]
"""A node with its key, if it has one."""
_Meant = tuple[str, str, tuple[range, ...]]
"""What a comment asks for: file, rule, lines."""
_Place = tuple[str, str, int]
"""File, rule, line."""

_VERB = "ignore"
_COMMENT = re.compile(
    r"(?<!\S)#\s*r2v\s*:\s*([a-z]*) ?(?:\[(?P<rules>[^\]\r\n]*)\])?", re.IGNORECASE
)
_WELL_PUT = re.compile(rf"#\s*r2v:\s*{_VERB}(?!\s)")
_WORD = re.compile(r"[^\s,]+")


def read_ignores(document: Document, problems: Problems) -> tuple[Ignore, ...]:
    """The comments of `document`; those that name no rule that warns are noted."""
    comments = list(_COMMENT.finditer(document.text)) if "#" in document.text else []
    if not comments:
        return ()
    nodes = list(_nodes(document.root))
    texts = _Texts(document, nodes)
    values = _values(document, nodes)
    ignores: list[Ignore] = []
    for comment in comments:
        if comment.start() in texts:
            continue
        if not _WELL_PUT.match(comment[0]):
            _misspelt(comment, document, problems)
            continue
        line = document.position(comment.start()).line
        lines = (range(line, line + 1), *values.get(line, ()))
        rules = comment.span("rules")
        named = list(_WORD.finditer(document.text, *rules)) if comment["rules"] else []
        if not named:
            place = document.position(comment.start(), len(comment[0]))
            _unknown(place, "this silences no rule", problems)
        for word in named:
            place = document.position(word.start(), len(word[0]))
            if word[0] in WARNINGS:
                ignores.append(Ignore(word[0], place, lines))
            else:
                _unknown(place, f"there is no warning named {short(word[0])}", problems, word[0])
    return tuple(ignores)


def silenced(found: Sequence[Diagnostic], ignores: Sequence[Ignore]) -> list[Diagnostic]:
    """`found` without what is silenced, and with a warning for each comment that silences nothing.
    While there are errors, that cannot be told: a shot with one is not looked at in full."""
    if not ignores:
        return list(found)
    silent: dict[_Place, list[_Meant]] = {}
    for meant in dict.fromkeys((each.position.file, each.rule, each.lines) for each in ignores):
        for line in {line for lines in meant[2] for line in lines}:
            silent.setdefault((*meant[:2], line), []).append(meant)
    left, used = [], set()
    for each in found:
        meant_here = silent.get((each.position.file, each.rule, each.position.line), ())
        if each.severity == "warning" and meant_here:
            used.update(meant_here)
        else:
            left.append(each)
    if any(each.severity == "error" for each in found):
        return left
    told = [each for each in ignores if each.rule not in _ONLINE]
    idle = [each for each in told if (each.position.file, each.rule, each.lines) not in used]
    hint = "take it away; it holds for its own line, or for the value of the key there"
    return left + [
        Diagnostic(
            each.position, f"no warning of {each.rule} is silenced here", "warning",
            "unused-ignore", hint=hint,
        )
        for each in idle
    ]  # fmt: skip


def _misspelt(comment: re.Match[str], document: Document, problems: Problems) -> None:
    """Tell of a comment that was meant to silence something; any other is nobody's business."""
    if comment["rules"] is not None or problems.nearest(comment[1].lower(), [_VERB]):
        place = document.position(comment.start(), len(comment[0]))
        problems.extend(
            Diagnostic(
                place, "this silences nothing", "warning", "unknown-rule",
                hint=f"write it as # r2v: {_VERB}[rule]",
            )
        )  # fmt: skip


def _unknown(place: Position, message: str, problems: Problems, word: str = "") -> None:
    hint = problems.suggestion(word, WARNINGS) if word else ""
    problems.extend(
        Diagnostic(
            place, message, "warning", "unknown-rule",
            hint=hint or "the name of a rule stands in [] behind each warning",
        )
    )  # fmt: skip


def _nodes(root: Node | None) -> Iterator[_Pair]:
    """Every node, once, with its key if it has one."""
    seen: set[int] = set()
    waiting: list[_Pair] = [(None, root)] if root else []
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


class _Texts:
    """Where a document has text, in which a ``#`` begins no comment."""

    def __init__(self, document: Document, nodes: Iterable[_Pair]) -> None:
        scalars = [node for pair in nodes for node in pair if isinstance(node, Scalar)]
        texts = {node.start: node for node in scalars if node.end > node.start}
        self._text = document.text
        self._starts = sorted(texts)
        self._texts = texts

    def __contains__(self, index: int) -> bool:
        """Whether the character at `index` belongs to a text."""
        before = bisect_right(self._starts, index)
        if not before:
            return False
        node = self._texts[self._starts[before - 1]]
        # behind the | or > of a block stands a comment
        block = node.style in ("|", ">") and "\n" not in self._text[node.start : index]
        return index < node.end and not block


def _values(document: Document, nodes: Iterable[_Pair]) -> Mapping[int, Sequence[range]]:
    """By line: the lines of the values that a comment there is about."""
    found: dict[int, list[range]] = {}
    for key, node in nodes:
        if key is None:
            continue
        first = document.position(key.start).line
        end = node.start + len(document.text[node.start : node.end].rstrip())
        lines = range(first, document.position(max(node.start, end - 1)).line + 1)
        flowing = isinstance(node, Scalar) and node.style not in ("|", ">")
        for line in lines if flowing else (first,):
            found.setdefault(line, []).append(lines)
    return found
