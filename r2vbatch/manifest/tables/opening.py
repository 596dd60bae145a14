"""From the path that a manifest gives as `shots:` to its table.

The path counts from the manifest's folder, as those of references do. A table that the ledger
has kept is read from there instead; see `load_text`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePath

from r2vbatch.diagnostics import Diagnostic, Position
from r2vbatch.manifest.model import Origin
from r2vbatch.manifest.problems import Problems
from r2vbatch.manifest.references import Fault, path_fault
from r2vbatch.manifest.tables.delimited import read_delimited
from r2vbatch.manifest.tables.jsonlines import read_json_lines
from r2vbatch.manifest.tables.model import Table
from r2vbatch.yamlsource import control_character, decode

LARGEST_TABLE = 64 * 1024 * 1024
"""Bytes. 100,000 rows of 600 characters fit."""

_READERS = {".csv": read_delimited, ".tsv": read_delimited, ".jsonl": read_json_lines}
_SAVE_AS = {
    **dict.fromkeys((".xlsx", ".xls", ".ods", ".numbers"), "save the sheet as CSV (UTF-8)"),
    **dict.fromkeys((".json", ".ndjson"), "write one object a line, and name it .jsonl"),
    **dict.fromkeys((".yaml", ".yml"), "write those shots here, as a list"),
    ".txt": "name it .tsv if tabs are between its cells, else .csv",
}


def open_table(
    written: str, origin: Origin, folder: Path, shown: str, kept: str | None, problems: Problems
) -> Table | None:
    """The table at the path `written`, which stands at `origin` in the manifest `shown`; None,
    and noted, where there is none. `kept` is its text, if it need not be looked for."""
    suffix = PurePath(written).suffix.lower()
    fault = _not_a_table(written, suffix)
    if fault is None and kept is None:
        fault = path_fault(written, folder, problems, "one .csv, .tsv or .jsonl file")
    if fault is not None:
        problems.add(origin, fault.message, rule=fault.rule, hint=fault.hint)
        return None
    name = str(PurePath(shown).parent / written)
    text = read_table_text(folder / written, name) if kept is None else kept
    found = text if isinstance(text, Diagnostic) else control_character(text, name)
    if found is not None:
        problems.extend(_for_tables(found))
    if isinstance(text, Diagnostic) or found is not None:
        return None
    return _READERS[suffix](text, name, problems)


def _not_a_table(written: str, suffix: str) -> Fault | None:
    if suffix in _READERS and "://" not in written:
        return None
    what = (
        "a URL" if "://" in written else f"{suffix} files" if suffix else "files without a suffix"
    )
    hint = "shots: takes a local .csv, .tsv or .jsonl file, or a list"
    return Fault(
        "not-a-table",
        f"shots cannot be read from {what}",
        f"{_SAVE_AS[suffix]}; {hint}" if suffix in _SAVE_AS else hint,
    )


def read_table_text(file: Path, shown: str) -> str | Diagnostic:
    """The text of a table file without its byte order mark, or the one problem with it."""
    start = Position(shown, 1, 1)
    try:
        with file.open("rb") as stream:
            data = stream.read(LARGEST_TABLE + 1)
    except OSError as problem:
        message = f"the table cannot be read: {problem.strerror}"
        return Diagnostic(start, message, rule="unreadable-file")
    if len(data) > LARGEST_TABLE:
        limit = f"{LARGEST_TABLE // 1024**2} MiB, the limit for a table"
        hint = "is it the right file? It can be split, each part with a manifest of its own"
        return Diagnostic(
            start, f"the file is larger than {limit}", rule="file-too-large", hint=hint
        )
    return decode(data, shown)


def _for_tables(found: Diagnostic) -> Diagnostic:
    """The problems of a text file, with what helps in a spreadsheet."""
    if found.rule == "bad-encoding":
        return replace(found, hint='save it as UTF-8: in Excel, as "CSV UTF-8"')
    if found.hint.startswith("delete it"):
        return replace(found, hint="delete it")
    return found
