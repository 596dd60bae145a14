"""YAML text to data, plus the position of every node and of every word inside it.

A manifest's author wants to know which line to change, so nothing about places may be lost
on the way. The parser is PyYAML's event parser (libyaml where it is built in, else the pure
one). Its ready-made composer was rejected for three reasons: it kills the process on
100,000 nested brackets, it lets a duplicate key win silently, and it knows YAML 1.1 only,
where ``on`` is true and ``12:30`` is 750. One flat loop over events (`compose`) gives data
and nodes at once, and is faster.

- `files`: bytes to text; broken encodings are problems with a place.
- `syntax`: what the parser says, in words of an author.
- `core`: what an unquoted word means in YAML 1.2.
- `compose`: events to nodes; duplicate and merge keys, aliases, limits.
- `nodes`: the tree, and `Document`, which answers "where is this".
- `offsets`: from the n-th character of a value to its place in the source.

This room refuses to know what a manifest is: no key has a meaning here.

Rules it reports: ``unreadable-file``, ``file-too-large``, ``bad-encoding``,
``control-character``, ``empty-file``, ``tab-indentation``, ``syntax``, ``several-documents``,
``unknown-tag``, ``duplicate-key``, ``key-not-text``, ``bad-merge``, ``unknown-alias``,
``recursive-alias``, ``too-deep``, ``too-many-values``, ``bad-number``.
"""

from __future__ import annotations

from r2vbatch.yamlsource.compose import parse
from r2vbatch.yamlsource.files import control_character, decode, line_spans, read_text
from r2vbatch.yamlsource.nodes import (
    Document,
    Mapping,
    Node,
    NodeOrigin,
    Path,
    Scalar,
    Sequence,
    descend,
    written_path,
)

__all__ = [
    "Document",
    "Mapping",
    "Node",
    "NodeOrigin",
    "Path",
    "Scalar",
    "Sequence",
    "control_character",
    "decode",
    "descend",
    "line_spans",
    "parse",
    "read_text",
    "written_path",
]
