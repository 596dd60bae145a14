"""Parser events to a tree of nodes and the data it stands for, in one flat loop.

No recursion: nesting is bounded by a limit of ours, not by the stack. Problems that do not
stop the parser (a duplicate key, an unknown tag) are noted and the loop goes on, so that one
mistake does not hide the next.
"""

from __future__ import annotations

from typing import Any

import yaml

from r2vbatch.diagnostics import Diagnostic
from r2vbatch.yamlsource import core, syntax
from r2vbatch.yamlsource.files import control_character
from r2vbatch.yamlsource.nodes import Document, Mapping, Node, Scalar, Sequence

try:
    from yaml.cyaml import CParser as _Parser  # type: ignore[attr-defined]
except ImportError:  # PyYAML built without libyaml: the same events, only slower
    from yaml import SafeLoader as _Parser  # type: ignore[assignment]

DEEPEST = 100
"""Levels of nesting. A manifest needs six."""
MOST_NODES = 750_000
"""Values, keys among them, with those that an alias repeats counted each time. 20,000 shots of 15
keys have 700,000; so many of the dearest kind, mappings of one key, take under 300 MB."""

MOST_PROBLEMS = 1000
"""More of them are one mistake, and a file made to fill the memory ends here."""


def parse(text: str, shown: str) -> tuple[Document, list[Diagnostic]]:
    """`text` as a Document, and every problem found. Never raises for any text.

    The root is None if the text is empty or is not YAML to its end.
    """
    text = text.removeprefix("\ufeff")
    if problem := control_character(text, shown):
        return Document(shown, text, None), [problem]
    composer = _Composer(Document(shown, text, None))
    root = composer.run()
    problems = composer.problems
    document = Document(shown, text, root)
    if root is None and not problems:
        hint = "a manifest begins with: version: 1"
        what = "the file holds only comments" if text.strip() else "the file is empty"
        problems.append(Diagnostic(document.position(0), what, rule="empty-file", hint=hint))
    return document, problems


class _Stop(Exception):
    """No use going on; the reason has been noted."""


class _Finished(Exception):
    """What was read stands; the rest of the file is not wanted."""


class _Level:
    """A collection that is still open."""

    __slots__ = ("anchor", "count", "key", "merges", "node")

    def __init__(self, node: Mapping | Sequence, anchor: str | None) -> None:
        self.node = node
        self.anchor = anchor
        self.key: Scalar | None = None
        """The key whose value comes next; a mapping alternates."""
        self.merges: list[Node] = []
        self.count = 1


_UNUSABLE_KEY = Scalar(0, 0, "", "", None)
"""Stands for a key that was reported; its value is read and dropped."""


class _Composer:
    def __init__(self, document: Document) -> None:
        self._document = document
        self.problems: list[Diagnostic] = []
        self._levels: list[_Level] = []
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._open_anchors: set[str] = set()
        self._names: dict[str, str] = {}
        self._root: Node | None = None
        self._documents = 0
        self._nodes = 0

    def run(self) -> Node | None:
        try:
            parser = _Parser(self._document.text)
            while (event := parser.get_event()) is not None:
                self._take(event)
        except yaml.MarkedYAMLError as problem:
            self.problems.append(syntax.explain(self._document, problem))
        except yaml.YAMLError as problem:  # a character the scan for them let through
            self._note(0, str(problem).splitlines()[0], "syntax")
        except _Finished:
            return self._root
        except _Stop:
            pass
        else:
            return self._root
        return None

    def _take(self, event: Any) -> None:
        kind = event.__class__
        if kind is yaml.ScalarEvent:
            node = self._scalar(event)
            self._count(1, node.start)
            self._place(node, 1, event.anchor)
        elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            self._open(event, Mapping if kind is yaml.MappingStartEvent else Sequence)
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            self._close(event)
        elif kind is yaml.AliasEvent:
            self._alias(event)
        elif kind is yaml.DocumentStartEvent:
            self._documents += 1
            if self._documents == 2:
                self._note(
                    event.start_mark.index,
                    "a second document begins here; a manifest is one",
                    "several-documents",
                    hint="put it into a file of its own, or remove the --- line",
                    width=3,
                )
                raise _Finished

    def _scalar(self, event: Any) -> Scalar:
        text = event.value
        style = event.style or ""
        value: core.Plain = text
        if event.tag is not None and event.tag != "!":
            value = self._tagged(event)
        elif event.implicit[0]:
            style = ""
            try:
                value = core.resolve(text)
            except core.BadNumber as problem:
                self._note(event.start_mark.index, f"{problem} cannot be used", "bad-number")
        return Scalar(event.start_mark.index, event.end_mark.index, style, text, value)

    def _tagged(self, event: Any) -> core.Plain:
        name = core.TAGS.get(event.tag)
        text: str = event.value
        if name is None or name in ("map", "seq"):
            self._unknown_tag(event)
            return text
        try:
            return core.tagged(text, name)
        except ValueError as problem:
            self._note(event.start_mark.index, f"{text!r} is {problem}", "unknown-tag")
            return text

    def _unknown_tag(self, event: Any) -> None:
        index = event.start_mark.index
        written = self._document.text[index : event.end_mark.index].split()
        tag = written[0] if written and written[0].startswith("!") else event.tag
        self._note(
            index,
            f"the tag {tag} means nothing in a manifest",
            "unknown-tag",
            hint="remove it; if the text itself begins with !, put it in quotes",
            width=len(tag),
        )

    def _open(self, event: Any, collection: type[Mapping] | type[Sequence]) -> None:
        index = event.start_mark.index
        self._count(1, index)
        expected = "map" if collection is Mapping else "seq"
        if event.tag not in (None, "!") and core.TAGS.get(event.tag) != expected:
            self._unknown_tag(event)
        if len(self._levels) >= DEEPEST:
            self._note(index, f"nested more than {DEEPEST} levels deep", "too-deep")
            raise _Stop
        if event.anchor is not None:
            self._open_anchors.add(event.anchor)
            self._anchors.pop(event.anchor, None)
        self._levels.append(_Level(collection(index), event.anchor))

    def _close(self, event: Any) -> None:
        level = self._levels.pop()
        level.node.end = event.end_mark.index
        if isinstance(level.node, Mapping) and level.merges:
            for merged in level.merges:
                self._merge(level.node, merged)
        self._open_anchors.discard(level.anchor or "")
        self._place(level.node, level.count, level.anchor)

    def _alias(self, event: Any) -> None:
        name, index = event.anchor, event.start_mark.index
        width = len(name) + 1
        if name in self._open_anchors:
            self._note(index, f"*{name} stands inside itself", "recursive-alias", width=width)
            self._place(Scalar(index, index + width, "", "", None), 1, None)
        elif name not in self._anchors:
            self._note(
                index,
                f"*{name} is an alias, but no &{name} stands before it",
                "unknown-alias",
                hint="if the * is part of the text, put the text in quotes",
                width=width,
            )
            self._place(Scalar(index, index + width, '"', f"*{name}", f"*{name}"), 1, None)
        else:
            node, count = self._anchors[name]
            self._count(count, index)
            self._place(node, count, None)

    def _place(self, node: Node, count: int, anchor: str | None) -> None:
        """Put a finished node where it belongs. `count` is its size with aliases expanded."""
        if anchor is not None:
            self._anchors[anchor] = (node, count)
        if not self._levels:
            self._root = node
            return
        level = self._levels[-1]
        level.count += count
        parent = level.node
        if isinstance(parent, Sequence):
            parent.items.append(node)
            parent.value.append(node.value)
        elif level.key is None:
            level.key = self._key(node)
        else:
            key, level.key = level.key, None
            self._entry(level, parent, key, node)

    def _count(self, count: int, index: int) -> None:
        self._nodes += count
        if self._nodes > MOST_NODES:
            self._note(
                index,
                f"the file stands for more than {MOST_NODES:,} values",
                "too-many-values",
                hint="aliases (*name) inside aliases multiply: write less of them; a storyboard"
                " this long can be split into several manifests",
            )
            raise _Stop

    def _key(self, node: Node) -> Scalar:
        if isinstance(node, Scalar) and isinstance(node.value, str):
            name = self._names.setdefault(node.value, node.value)
            node.text = node.value = name
            return node
        if isinstance(node, Scalar):
            what = f"the key {node.text} is not text" if node.text else "a key is missing here"
            hint = f'write it in quotes: "{node.text}"' if node.text else ""
        else:
            what = "a key must be text, not a list or a mapping"
            hint = "a { or [ at the start of a text needs quotes around the text"
        width = len(node.text) if isinstance(node, Scalar) else 1
        self._note(node.start, what, "key-not-text", hint=hint, width=width or 1)
        return _UNUSABLE_KEY

    def _entry(self, level: _Level, parent: Mapping, key: Scalar, node: Node) -> None:
        if key is _UNUSABLE_KEY:
            return
        name = key.text
        if name == "<<" and not key.style:
            if level.merges:
                self._note(key.start, "<< stands twice here", "duplicate-key", width=2)
            level.merges += node.items if isinstance(node, Sequence) else [node]
            return
        if name in parent.entries:
            first = self._document.position(parent.entries[name][0].start).line
            self._note(
                key.start,
                f'the key "{name}" stands twice here',
                "duplicate-key",
                hint=f"it was first given on line {first}; keep one of the two",
                width=len(self._document.text[key.start : key.end].rstrip()),
            )
            return
        parent.entries[name] = (key, node)
        parent.value[name] = node.value

    def _merge(self, into: Mapping, merged: Node) -> None:
        if not isinstance(merged, Mapping):
            hint = "write <<: *name, where &name stands before a mapping"
            self._note(merged.start, "<< takes a mapping, or a list of them", "bad-merge", hint)
            return
        for name, (key, node) in merged.entries.items():
            if name not in into.entries:
                into.entries[name] = (key, node)
                into.value[name] = node.value

    def _note(self, index: int, message: str, rule: str, hint: str = "", width: int = 1) -> None:
        if len(self.problems) >= MOST_PROBLEMS:
            return
        place = self._document.position(index, width)
        self.problems.append(Diagnostic(place, message, rule=rule, hint=hint))
