"""A mapping of the manifest with the values that failed the schema left out.

So the stages after the schema need no doubts: what they get is of the right type, and what
was wrong has been reported.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence

from r2vbatch.manifest.model import Origin
from r2vbatch.yamlsource import Document, Node, NodeOrigin, Path, Scalar
from r2vbatch.yamlsource import Mapping as MappingNode
from r2vbatch.yamlsource import Sequence as SequenceNode

Bad = frozenset[Path]
"""Paths of values that failed the schema."""


class Section(ABC):
    """A mapping, wherever it is written."""

    __slots__ = ("_bad", "_document")
    _bad: Bad
    _document: Document

    @property
    @abstractmethod
    def path(self) -> Path:
        """Where it stands in the manifest."""

    @property
    @abstractmethod
    def _entries(self) -> Mapping[str, tuple[Scalar, Node]]: ...

    def _origin(self, node: Node | None, path: Path) -> Origin:
        return NodeOrigin(self._document, node, path)

    def names(self) -> Iterator[str]:
        """The keys as written, free ``x-`` keys left out."""
        return (key for key in self._entries if not key.startswith("x-"))

    def has(self, key: str) -> bool:
        """Whether `key` is written here, whatever its value."""
        return key in self._entries

    def node(self, key: str) -> Node | None:
        """The node of `key`, if it passed the schema."""
        entry = self._entries.get(key)
        if entry is None or (self._bad and (*self.path, key) in self._bad):
            return None
        return entry[1]

    def text(self, key: str) -> str | None:
        """The value of `key` if it is text."""
        node = self.node(key)
        return node.value if isinstance(node, Scalar) and isinstance(node.value, str) else None

    def written(self, key: str) -> str | None:
        """The scalar of `key` as the author wrote it: ``1e3`` and ``010`` stay so."""
        node = self.node(key)
        return node.text if isinstance(node, Scalar) and node.value is not None else None

    def raw(self, key: str) -> str | None:
        """The scalar of `key` as text, even if it failed the schema."""
        node = self._entries[key][1] if key in self._entries else None
        return node.text if isinstance(node, Scalar) else None

    def scalar(self, key: str) -> str | int | float | bool | None:
        """The value of `key`; a whole number written as ``1e1`` or ``5.0`` is an int."""
        node = self.node(key)
        value = node.value if isinstance(node, Scalar) else None
        return int(value) if isinstance(value, float) and value.is_integer() else value

    def items(self, key: str) -> list[tuple[str, Origin]]:
        """The texts of the list at `key` (or of the one text there), each with its place."""
        node = self.node(key)
        path = (*self.path, key)
        if isinstance(node, Scalar) and isinstance(node.value, str):
            return [(node.text, self._origin(node, path))]
        if not isinstance(node, SequenceNode):
            return []
        return [
            (item.text, self._origin(item, (*path, index)))
            for index, item in enumerate(node.items)
            if isinstance(item, Scalar) and (*path, index) not in self._bad
        ]

    def section(self, key: str) -> Section:
        """The mapping under `key`."""
        path = (*self.path, key)
        return NodeSection(self._document, path, self._bad, self.node(key))

    def origin(self, key: str) -> Origin:
        """Where the value of `key` was written."""
        entry = self._entries.get(key)
        return self._origin(entry[1] if entry else None, (*self.path, key))

    def key_origin(self, key: str) -> NodeOrigin:
        """Where `key` itself was written."""
        entry = self._entries.get(key)
        return NodeOrigin(self._document, entry[0] if entry else None, (*self.path, key))

    def first(self) -> NodeOrigin:
        """Where the section begins for a person: its first key."""
        entry = next(iter(self._entries.values()), None)
        return NodeOrigin(self._document, entry[0] if entry else None, self.path)

    def pair(self, key: str, value: str | Sequence[str]) -> str:
        """How `key` with `value` is written in this file, for hints."""
        return self._document.pair(key, value)


class NodeSection(Section):
    """The mapping at `path`; empty if there is none or it is no mapping."""

    __slots__ = ("_entries", "path")  # no properties: they are asked for all the time
    _entries: Mapping[str, tuple[Scalar, Node]]
    path: Path

    def __init__(self, document: Document, path: Path, bad: Bad, node: Node | None) -> None:
        usable = isinstance(node, MappingNode) and path not in bad
        self._entries = node.entries if usable and isinstance(node, MappingNode) else {}
        self._document = document
        self._bad = bad
        self.path = path


class Origins(Mapping[str, Origin]):
    """Places by key, found when asked for: the shot's own, else those of `defaults`.

    5,000 shots with twelve keys each would otherwise be 60,000 objects, nearly all unused.
    """

    __slots__ = ("_sections",)

    def __init__(self, *sections: Section) -> None:
        self._sections = sections

    def __getitem__(self, key: str) -> Origin:
        if not key:
            return self._sections[0].first()
        for section in self._sections:
            if section.has(key):
                return section.origin(key)
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        yield ""
        yield from dict.fromkeys(key for section in self._sections for key in section.names())

    def __len__(self) -> int:
        return sum(1 for _ in self)
