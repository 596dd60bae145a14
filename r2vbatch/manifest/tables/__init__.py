"""Shot tables: `shots:` as a path to a `.csv`, `.tsv` or `.jsonl` file, a row a shot.

A row goes through the very stages of a shot in YAML, and its problems are told at its own cells.
For that a table is a `Document` whose nodes are made when they are asked for: of 100,000 rows
nothing stays in memory but the file's text and two offsets a row, and a cell's line and column
are looked up when a diagnostic needs them. So nothing is read twice by two readers that could
differ, and no row has a form of its own.

- `opening`: from the path in the manifest to the text of the table.
- `delimited`: rows of CSV and TSV; Python's `csv` says what a cell holds, we say where it stands.
- `jsonlines`: rows of JSON, one object a line.
- `cells`: what the text of a cell means in its column.
- `model`: the table as a document, and a row as a section of the manifest.

A text in a table is read as a spreadsheet's user means it: blanks around a cell do not count, an
empty cell is a key not given, lists are split by ``|``, ``5.0`` is 5 and ``TRUE`` is true. All
else that is wrong is the manifest's business: this room refuses to know what a shot is.

Rules it reports: ``not-a-table``, ``file-too-large``, ``bad-encoding``, ``control-character``,
``empty-table``, ``broken-row``, ``unknown-column``, ``duplicate-column``, ``missing-column``,
``extra-cell``, ``duplicate-key``, ``empty``.
"""

from __future__ import annotations

from r2vbatch.manifest.tables.cells import check_variations
from r2vbatch.manifest.tables.model import Row, Table
from r2vbatch.manifest.tables.opening import open_table

__all__ = ["Row", "Table", "check_variations", "open_table"]
