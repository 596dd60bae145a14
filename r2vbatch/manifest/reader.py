"""A file to a Manifest and everything wrong with it: the order of the stages.

YAML, schema, cast, variables, and the shots with their ids (`board`). Each stage works on what
the ones before could understand, so that one reading reports every mistake.
"""

from __future__ import annotations

import math
import os
import re
from decimal import Decimal
from pathlib import Path

from r2vbatch.diagnostics import Diagnostic, Position
from r2vbatch.garbage import uncollected
from r2vbatch.manifest import schema
from r2vbatch.manifest.board import read_board
from r2vbatch.manifest.ignores import read_ignores
from r2vbatch.manifest.model import Limits, Manifest, Money, Reading
from r2vbatch.manifest.problems import Problems
from r2vbatch.manifest.quotes import check_quotes
from r2vbatch.manifest.references import read_cast
from r2vbatch.manifest.section import Bad, NodeSection, Origins, Section
from r2vbatch.manifest.surroundings import Surroundings
from r2vbatch.manifest.variables import read_vars
from r2vbatch.yamlsource import Document, parse, read_text
from r2vbatch.yamlsource import Mapping as MappingNode
from r2vbatch.yamlsource import Sequence as SequenceNode

_TABLES = {".csv", ".tsv", ".jsonl"}


def load(file: Path | str, shown: str | None = None) -> Reading:
    """Read the manifest `file`. `shown` is its name in messages (default: as given).

    Never raises for anything a file can be or hold. No network; local references are looked
    for, not opened.
    """
    name = str(file) if shown is None else shown
    text = read_text(Path(file), name)
    if not isinstance(text, Diagnostic) and Path(file).suffix.lower() in _TABLES:
        text = _table_for_manifest(Path(file), name)
    if isinstance(text, Diagnostic):
        return Reading(None, [text])
    return load_text(text, Path(file), name)


def _table_for_manifest(file: Path, name: str) -> Diagnostic:
    return Diagnostic(
        Position(name, 1, 1),
        "this is a table, not a manifest",
        rule="table-for-manifest",
        hint=f"a manifest names it, beside its model and cast: `shots: {file.name}`; `r2vbatch"
        " import` makes one of a production's shot list",
    )


@uncollected()
def load_text(
    text: str, file: Path | str, shown: str | None = None, *, table: str | None = None
) -> Reading:
    """Read a manifest from its `text`; references are looked for beside `file`, where it lay.

    `table` is the text of the table that its `shots:` names, where that is kept too.
    """
    name = str(file) if shown is None else shown
    document, found = parse(text, name)
    problems = Problems()
    problems.extend(*found)
    if document.root is None:
        return Reading(None, problems.all())
    if not isinstance(document.root, MappingNode):
        problems.add(
            document.origin(()),
            f"a manifest is keys with values, but this is {_what(document)}",
            rule="not-a-mapping",
            hint="begin with: version: 1",
        )
        return Reading(None, problems.all())
    bad = schema.check(document, problems)
    check_quotes(document, problems)
    manifest = _read(document, bad, Path(file).absolute(), table, problems)
    return Reading(manifest, problems.all())


def _what(document: Document) -> str:
    return "a list" if isinstance(document.root, SequenceNode) else "a single text"


def _read(
    document: Document, bad: Bad, file: Path, table: str | None, problems: Problems
) -> Manifest:
    top = NodeSection(document, (), bad, document.root)
    folder = file.parent
    model = top.text("model")
    cast = read_cast(top.section("cast"), folder, problems)
    around = Surroundings(
        folder=folder,
        defaults=top.section("defaults"),
        model=model or "",
        cast=cast,
        names={**cast, "previous": None},
        variables=read_vars(top.section("vars"), problems),
        problems=problems,
    )
    board = read_board(document, bad, top, table, around)
    endpoint = top.text("endpoint") or "preview"
    return Manifest(
        file=file,
        shown=document.shown,
        text=document.text,
        title=top.text("title"),
        model=model,
        endpoint=endpoint,
        workspace=top.text("workspace"),
        output=_output(top, folder, problems),
        max_cost=_money(top.section("budget").text("max_cost")),
        limits=_limits(top.section("limits"), problems),
        cast={name: reference for name, reference in cast.items() if reference is not None},
        shots=board.shots,
        table=board.table,
        ignores=read_ignores(document, problems),
        origins=Origins(top),
    )


def _output(top: Section, folder: Path, problems: Problems) -> Path | None:
    text = top.text("output")
    if text is None:
        return None
    fault = ""
    if re.match(r"[A-Za-z]:[\\/]", text) or ("\\" in text and "/" not in text):
        fault, hint = "this is a Windows path", "write it relative to the manifest, with /"
    elif text.startswith("~"):
        fault, hint = "~ is not expanded", "write the path in full, or relative to the manifest"
    elif "\0" in text or not text.strip():
        fault, hint = "this names no folder", "such as output: ../out/day-off"
    elif re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", text):
        fault, hint = "output is a local folder, not a URL", "such as output: ../out/day-off"
    if fault:
        problems.add(top.origin("output"), fault, rule="bad-output", hint=hint)
        return None
    path = Path(os.path.normpath(folder / text))
    if _is_far(text) and not path.is_relative_to(folder):
        problems.add(
            top.origin("output"),
            "this leads far from the manifest's own folder",
            rule="output-elsewhere",
            hint="clips and the ledger would go there; if that is meant, say it with -o instead",
            severity="warning",
        )
    return path


def _is_far(text: str) -> bool:
    """Whether a path begins at the root, or higher than beside the folder it counts from."""
    path = Path(os.path.normpath(text))
    return path.is_absolute() or path.parts[:2] == ("..", "..")


def _money(text: str | None) -> Money | None:
    if text is None:
        return None
    amount, currency = text.split(" ")
    return Money(Decimal(amount), currency)


def _limits(section: Section, problems: Problems) -> Limits:
    def number(key: str) -> float | None:
        value = section.scalar(key)
        if not isinstance(value, int | float):
            return None
        if math.isnan(value):  # the one number that no schema can keep out
            problems.add(section.origin(key), f"{key} is not a number", rule="out-of-range")
            return None
        return value

    in_flight, downloads = section.scalar("in_flight"), section.scalar("downloads")
    return Limits(
        in_flight=in_flight if isinstance(in_flight, int) else None,
        submits_per_second=number("submits_per_second"),
        queries_per_second=number("queries_per_second"),
        downloads=downloads if isinstance(downloads, int) else None,
    )
