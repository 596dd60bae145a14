"""Whether the files of a manifest still say what was read from them, or kept of them."""

from __future__ import annotations

from pathlib import Path

from r2vbatch.manifest.model import Manifest
from r2vbatch.manifest.tables.opening import read_table_text
from r2vbatch.yamlsource import read_text


def changed_files(manifest: Manifest) -> list[Path]:
    """The manifest's file and its table's, as far as they are gone or differ by now."""
    changed = []
    if read_text(manifest.file, "") != manifest.text:
        changed.append(manifest.file)
    table = manifest.table
    if table and read_table_text(table.file, "") != table.text:
        changed.append(table.file)
    return changed
