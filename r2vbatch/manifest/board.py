"""`shots`, in the manifest or in a table beside it, to all shots of the storyboard.

One pass: a row of a table is read, checked and forgotten before the next, so that 100,000 of them
take no more room than what they say.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from r2vbatch.manifest import ids, schema
from r2vbatch.manifest.model import Shot, TableText
from r2vbatch.manifest.problems import Problems
from r2vbatch.manifest.quotes import check_node
from r2vbatch.manifest.section import Bad, NodeSection, Section
from r2vbatch.manifest.shots import check_defaults, read_shot
from r2vbatch.manifest.surroundings import Surroundings
from r2vbatch.manifest.variables import check_used
from r2vbatch.yamlsource import Document, Scalar
from r2vbatch.yamlsource import Mapping as MappingNode
from r2vbatch.yamlsource import Sequence as SequenceNode

if TYPE_CHECKING:
    from r2vbatch.manifest.tables import Table

MOST_SHOTS = 100_000
"""Shots of one manifest with variations expanded."""


class Board(NamedTuple):
    """The storyboard as read."""

    shots: list[Shot]
    table: TableText | None
    """Where they stand, if not in the manifest itself."""


@dataclass(slots=True)
class _Seen:
    """What a pass over all entries of `shots` leaves behind for the checks among them."""

    ids: list[str] = field(default_factory=list)
    """As written, usable or not."""
    waiting: list[Section] = field(default_factory=list)
    """The entries with an `after`, or with a shot that they continue."""
    prompts: bool = True
    """Whether every entry has a prompt that can be read."""

    def watch(self, sections: Iterator[Section]) -> Iterator[Section]:
        """`sections`, each looked at on its way."""
        for section in sections:
            if (id := section.raw("id")) is not None:
                self.ids.append(id)
            if section.has("after") or section.has("continues"):
                self.waiting.append(section)
            self.prompts = self.prompts and section.text("prompt") is not None
            yield section


def read_board(
    document: Document, bad: Bad, top: Section, kept: str | None, around: Surroundings
) -> Board:
    """All shots, with their problems noted. `kept` is the text of the table, where it is kept."""
    problems = around.problems
    check_defaults(around.defaults, problems)
    entries: Iterator[Section] = iter(())
    text, whole, lost = None, False, False
    node = top.node("shots")
    if isinstance(node, SequenceNode):
        whole = all(isinstance(item, MappingNode) for item in node.items)
        entries = _items(document, bad, node)
    elif isinstance(node, Scalar):
        from r2vbatch.manifest.tables import open_table  # most storyboards need no tables

        origin = top.origin("shots")
        table = open_table(node.text, origin, around.folder, document.shown, kept, problems)
        if table is not None:
            file = Path(os.path.normpath(around.folder / node.text))
            text, lost = TableText(file, table.text), bool(table.broken)
            whole = not lost
            entries = _rows(table, problems)
    seen = _Seen()
    shots = ids.check_unique(_expanded(seen.watch(entries), around), problems)
    if not lost:  # the shot that one waits for may be in a row that could not be read
        waiting = [*seen.waiting, around.defaults]
        ids.check_after(waiting, seen.ids, shots, problems)
        ids.check_continues(waiting, seen.ids, shots, problems)
    if whole and seen.prompts and seen.ids:
        check_used(top.section("vars"), around.used, problems)
    return Board(shots, text)


def _items(document: Document, bad: Bad, node: SequenceNode) -> Iterator[Section]:
    for index, item in enumerate(node.items):
        if isinstance(item, MappingNode):
            yield NodeSection(document, ("shots", index), bad, item)


def _rows(table: Table, problems: Problems) -> Iterator[Section]:
    """The rows, each through the stages that come before a shot is read."""
    from r2vbatch.manifest.tables import Row, check_variations

    for index in range(len(table.rows)):
        path, node = ("shots", index), table.row(index)
        bad = schema.check_shot(table, path, node, problems)
        check_node(table, path, node, problems)
        check_variations(table, path, node, problems)
        yield Row(table, index, bad)


def _expanded(sections: Iterator[Section], around: Surroundings) -> Iterator[Shot]:
    count = 0
    for section in sections:
        for shot in read_shot(section, around):
            count += 1
            if count > MOST_SHOTS:
                around.problems.add(
                    section.first(),
                    f"with its variations the manifest has more than {MOST_SHOTS:,} shots",
                    rule="too-many-variations",
                    hint="split it into several manifests",
                )
                return
            yield shot
