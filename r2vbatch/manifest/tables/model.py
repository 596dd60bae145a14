"""A table as a document whose nodes are made when asked for, and a row as a section.

Every origin that a shot keeps is a path, resolved when a problem is told: nodes with their
offsets would take ten times the memory of what they say.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from r2vbatch.diagnostics import Position
from r2vbatch.manifest.model import Origin
from r2vbatch.manifest.section import Bad, Section
from r2vbatch.yamlsource import Document, Node, NodeOrigin, Path, Scalar, descend, written_path
from r2vbatch.yamlsource import Mapping as MappingNode

Place = tuple[int, int]
"""Where something begins and ends in the text of a table."""


class Language(Protocol):
    """How rows are written: CSV or JSON lines."""

    def mapping(self, text: str, row: Place) -> MappingNode:
        """The shot that stands at `row`, with the place of each cell. The row is sound."""
        ...

    def absence(self, text: str, row: Place, key: str) -> Place | None:
        """Where to say that the row has no `key`; None if that is said of the whole table."""
        ...

    def characters(self, text: str, place: Place, style: str) -> Iterator[tuple[str, int]]:
        """Each character that is meant by what stands at `place`, and where it is written."""
        ...

    def pair(self, key: str, value: str | Sequence[str]) -> str:
        """How `key` with `value` is written in a row."""
        ...


class Spans:
    """Places by number, in sixteen bytes each."""

    def __init__(self) -> None:
        self._starts = array("Q")
        self._ends = array("Q")

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, index: int) -> Place:
        return self._starts[index], self._ends[index]

    def append(self, place: Place) -> None:
        """Add one place behind the last."""
        self._starts.append(place[0])
        self._ends.append(place[1])


class _Read(NamedTuple):
    number: int
    node: MappingNode


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Table(Document):
    """The rows of a table; the shot in row N stands at ``("shots", N)``."""

    language: Language
    rows: Spans = field(default_factory=Spans)
    """The rows that hold a shot and could be read."""
    broken: list[Place] = field(default_factory=list)
    """The rows that could not, and are told of."""
    _last: list[_Read] = field(default_factory=list)
    """The row read last: a shot asks for its keys in turn."""

    def row(self, index: int) -> MappingNode:
        """The shot in row `index`."""
        if not self._last or self._last[0].number != index:
            self._last[:] = [_Read(index, self.language.mapping(self.text, self.rows[index]))]
        return self._last[0].node

    def node(self, path: Path) -> Node | None:
        if len(path) < 2 or not isinstance(path[1], int):
            return None
        return descend(self.row(path[1]), path[2:])

    def absence(self, path: Path, key: str) -> NodeOrigin | None:
        if len(path) != 2 or not isinstance(path[1], int):
            return self.item_origin(path)
        place = self.language.absence(self.text, self.rows[path[1]], key)
        return place_in(self, place, path) if place else None

    def pair(self, key: str, value: str | Sequence[str]) -> str:
        return self.language.pair(key, value)

    def inside(self, node: Scalar, offset: int) -> int:
        if node.start not in self._followed:
            self._followed.clear()
            self._followed[node.start] = self._follow(node)
        offsets = self._followed[node.start]
        return offsets[max(0, min(offset, len(offsets) - 1))]

    def _follow(self, node: Scalar) -> list[int]:
        place = (node.start, node.end)
        return follow(self.language.characters(self.text, place, node.style), node)


def place_in(document: Document, place: Place, path: Path = ()) -> NodeOrigin:
    """An origin at `place` of any document."""
    return NodeOrigin(document, Scalar(*place, "'", "", None), path)


def follow(written: Iterable[tuple[str, int]], node: Scalar) -> list[int]:
    """Where each character of the text of `node` stands, and where it ends. `written`: what
    stands there, which may be more by some blanks."""
    characters = list(written)
    begin = "".join(character for character, _ in characters).find(node.text)
    end = begin + len(node.text)
    if begin < 0:
        return [node.start] * (len(node.text) + 1)
    offsets = [offset for _, offset in characters]
    return [*offsets[begin:end], offsets[end] if end < len(offsets) else node.end]


def enter(mapping: MappingNode, key: Scalar, node: Node) -> None:
    """Put `node` under `key`."""
    mapping.entries[key.text] = (key, node)
    mapping.value[key.text] = node.value


class Placed:
    """Where the value at a path stands (an `Origin`), looked up when asked."""

    __slots__ = ("_document", "_steps")

    def __init__(self, document: Document, steps: Path) -> None:
        self._document = document
        self._steps = steps

    def at(self, offset: int = 0, width: int | None = None) -> Position:
        return self._document.origin(self._steps).at(offset, width)

    @property
    def path(self) -> str:
        return written_path(self._steps)


class Row(Section):
    """One row as the section of a shot."""

    __slots__ = ("_index", "_table")

    def __init__(self, table: Table, index: int, bad: Bad) -> None:
        self._table = self._document = table
        self._index = index
        self._bad = bad

    @property
    def path(self) -> Path:
        return ("shots", self._index)

    @property
    def _entries(self) -> Mapping[str, tuple[Scalar, Node]]:
        return self._table.row(self._index).entries

    def _origin(self, node: Node | None, path: Path) -> Origin:
        return Placed(self._document, path)
