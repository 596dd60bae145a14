"""The tree of a YAML file, and where each part of it was written.

Nodes keep two character offsets each and nothing about lines: 5,000 shots are some 200,000
nodes, and hardly any of them is ever pointed at. Lines and columns are looked up when asked.
A line ends at LF, CR or CRLF, as editors count (libyaml also counts U+2028 and U+0085).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from collections.abc import Sequence as SequenceOf
from dataclasses import dataclass, field

from r2vbatch.diagnostics import Position
from r2vbatch.yamlsource.core import Plain
from r2vbatch.yamlsource.files import LINE_BREAK
from r2vbatch.yamlsource.offsets import source_offsets

Data = Plain | list["Data"] | dict[str, "Data"]
Path = tuple[str | int, ...]
"""Keys and indexes from the top: ``("shots", 2, "prompt")``."""


class Scalar:
    """A leaf: `value` is what it means, `text` what was written (quotes and escapes resolved)."""

    __slots__ = ("end", "start", "style", "text", "value")

    def __init__(self, start: int, end: int, style: str, text: str, value: Plain) -> None:
        self.start = start
        self.end = end
        self.style = style
        """Empty when plain, else one of ``' " | >``."""
        self.text = text
        self.value = value


class Sequence:
    """A list; `items` and `value` run in parallel."""

    __slots__ = ("end", "items", "start", "value")

    def __init__(self, start: int) -> None:
        self.start = start
        self.end = start
        self.items: list[Node] = []
        self.value: list[Data] = []


class Mapping:
    """A mapping; `entries` gives each key's own node and its value's, merged ones included."""

    __slots__ = ("end", "entries", "start", "value")

    def __init__(self, start: int) -> None:
        self.start = start
        self.end = start
        self.entries: dict[str, tuple[Scalar, Node]] = {}
        self.value: dict[str, Data] = {}


Node = Scalar | Sequence | Mapping


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """One parsed file: its text and, unless nothing could be understood, its root."""

    shown: str
    """The file name for messages."""
    text: str
    root: Node | None
    _starts: list[int] = field(default_factory=list)
    _lines: dict[int, str] = field(default_factory=dict)
    """The source line pointed into last: problems come in bunches, and lines can be long."""
    _followed: dict[int, list[int]] = field(default_factory=dict)
    """The scalar pointed into last, by its start."""

    def position(self, index: int, width: int = 1) -> Position:
        """The place of character `index`; `width` is cut at the end of its line."""
        if not self._starts:
            self._starts.append(0)
            self._starts.extend(found.end() for found in LINE_BREAK.finditer(self.text))
        line = bisect_right(self._starts, index)
        start = self._starts[line - 1]
        if line not in self._lines:
            end = self._starts[line] if line < len(self._starts) else len(self.text)
            self._lines.clear()
            self._lines[line] = self.text[start:end].rstrip("\r\n")
        source = self._lines[line]
        column = index - start + 1
        return Position(
            self.shown, line, column, max(1, min(width, len(source) - column + 1)), source
        )

    def inside(self, node: Scalar, offset: int) -> int:
        """Where character `offset` of the value of `node` stands in the text."""
        if node.start not in self._followed:
            self._followed.clear()
            self._followed[node.start] = source_offsets(
                self.text, node.start, node.end, node.style, node.text
            )
        offsets = self._followed[node.start]
        return offsets[max(0, min(offset, len(offsets) - 1))]

    def node(self, path: Path) -> Node | None:
        """The node at `path`, or None if there is none."""
        return descend(self.root, path)

    def origin(self, path: Path) -> NodeOrigin:
        """Where the value at `path` was written; where its nearest parent was, if it was not."""
        while (node := self.node(path)) is None and path:
            path = path[:-1]
        return NodeOrigin(self, node, path)

    def key_origin(self, path: Path) -> NodeOrigin:
        """Where the key that leads to `path` was written."""
        parent = self.node(path[:-1])
        if isinstance(parent, Mapping) and path[-1] in parent.entries:
            return NodeOrigin(self, parent.entries[str(path[-1])][0], path)
        return self.origin(path)

    def item_origin(self, path: Path) -> NodeOrigin:
        """Where the mapping at `path` begins for a person: at its first key."""
        node = self.node(path)
        if isinstance(node, Mapping) and node.entries:
            return NodeOrigin(self, next(iter(node.entries.values()))[0], path)
        return NodeOrigin(self, node, path)

    def absence(self, path: Path, key: str) -> NodeOrigin | None:
        """Where to say that the mapping at `path` has no `key`; None if it is said already."""
        return self.item_origin(path)

    def pair(self, key: str, value: str | SequenceOf[str]) -> str:
        """How `key` with `value` (one as YAML writes it, or a list of texts) is written here."""
        written = value if isinstance(value, str) else f"[{', '.join(value)}]"
        return f"{key}: {written}" if key else written


def descend(node: Node | None, path: Path) -> Node | None:
    """The node at `path` below `node`, or None if there is none."""
    for step in path:
        if isinstance(node, Mapping) and step in node.entries:
            node = node.entries[str(step)][1]
        elif isinstance(node, Sequence) and isinstance(step, int) and step < len(node.items):
            node = node.items[step]
        else:
            return None
    return node


class NodeOrigin:
    """Where one value was written (an `Origin` of the manifest model)."""

    __slots__ = ("_document", "_node", "_steps")

    def __init__(self, document: Document, node: Node | None, steps: Path) -> None:
        self._document = document
        self._node = node
        self._steps = steps

    def at(self, offset: int = 0, width: int | None = None) -> Position:
        """The place of the whole value, or of `width` characters from `offset` in its text."""
        node = self._node
        if node is None:
            return self._document.position(0)
        if not isinstance(node, Scalar):
            return self._document.position(node.start)
        if width is None and offset == 0:
            return self._document.position(node.start, self._whole(node))
        first = self._document.inside(node, offset)
        last = self._document.inside(node, offset + max(1, width or 1) - 1)
        return self._document.position(first, last - first + 1)

    def _whole(self, node: Scalar) -> int:
        if node.style in ("|", ">"):
            return 1
        return len(self._document.text[node.start : node.end].rstrip()) or 1

    @property
    def path(self) -> str:
        """Where in the data, such as ``shots[2].prompt``."""
        return written_path(self._steps)

    @property
    def steps(self) -> Path:
        """The same as a tuple."""
        return self._steps

    def __repr__(self) -> str:
        return f"NodeOrigin({self.path!r})"


def written_path(steps: Path) -> str:
    """``("shots", 2, "prompt")`` as ``shots[2].prompt``."""
    return "".join(_written_steps(steps)).removeprefix(".")


def _written_steps(steps: Path) -> Iterator[str]:
    for step in steps:
        yield f"[{step}]" if isinstance(step, int) else f".{step}"
