"""``results.csv`` and ``results.jsonl``, written at every stop, unless nothing happened since."""

from __future__ import annotations

from r2vbatch.ledger import Ledger
from r2vbatch.ledger.results import as_csv, as_jsonl, result
from r2vbatch.storage import Folder, unwritable

NAMES = ("results.csv", "results.jsonl")


def export(ledger: Ledger, folder: Folder) -> None:
    """Write both, from the ledger alone. Raises `OutputUnavailable` when the disk fails."""
    mark = str(ledger.revision())
    if ledger.meta("exported") == mark and all(map(folder.exists, NAMES)):
        return
    rows = [result(row) for row in ledger.shown()]
    try:
        for name, text in zip(NAMES, (as_csv(rows), as_jsonl(rows)), strict=True):
            folder.write(name, text)
    except OSError as problem:
        raise unwritable(folder.root, problem) from problem
    ledger.set_meta(exported=mark)
