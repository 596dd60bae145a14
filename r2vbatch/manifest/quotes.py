"""Curly quotes where straight ones were meant: word processors and chats put them there.

YAML takes them for a part of the text, so they would be sent, or looked for in a file's name.
"""

from __future__ import annotations

from collections.abc import Iterator

from r2vbatch.manifest.problems import Problems
from r2vbatch.yamlsource import Document, Node, NodeOrigin, Path, Scalar
from r2vbatch.yamlsource import Mapping as MappingNode
from r2vbatch.yamlsource import Sequence as SequenceNode

_OPENING, _CLOSING = "“”„‘", "“”’"


def check_quotes(document: Document, problems: Problems) -> None:
    """Warn of values that stand in curly quotes as a whole."""
    if document.root is not None and any(quote in document.text for quote in _OPENING):
        check_node(document, (), document.root, problems)


def check_node(document: Document, at: Path, root: Node, problems: Problems) -> None:
    """The same for what stands at `at`."""
    for path, node in _scalars(at, root):
        inner = node.text[1:-1]
        whole = len(node.text) > 1 and node.text[0] in _OPENING and node.text[-1] in _CLOSING
        if whole and not node.style and not any(quote in inner for quote in _OPENING):
            problems.add(
                NodeOrigin(document, node, path),
                "the curly quotes are taken as part of the text",
                rule="curly-quotes",
                hint='write straight quotes, "…", or none',
                severity="warning",
            )


def _scalars(path: Path, node: Node) -> Iterator[tuple[Path, Scalar]]:
    if isinstance(node, Scalar):
        yield path, node
    elif isinstance(node, SequenceNode):
        for index, item in enumerate(node.items):
            yield from _scalars((*path, index), item)
    elif isinstance(node, MappingNode):
        for key, (_, value) in node.entries.items():
            yield from _scalars((*path, key), value)
