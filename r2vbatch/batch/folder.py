"""An output folder held without a plan: for the verbs that work on what was bought already."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from r2vbatch.batch.exports import export
from r2vbatch.batch.lock import locked
from r2vbatch.dashscope.key import Key, find_key
from r2vbatch.errors import OutputUnavailable, UsageProblem
from r2vbatch.ledger import Ledger
from r2vbatch.storage import Folder


@contextmanager
def held(output: Path, ledger: Path) -> Iterator[tuple[Folder, Ledger]]:
    """The folder and its ledger, locked; exported at the end.

    Raises `OutputUnavailable` when there is none, or another run has it.
    """
    if not ledger.is_file():
        raise OutputUnavailable(
            f"{ledger}: no ledger here", hint="give the output folder of a batch that has run"
        )
    with locked(output.absolute(), ledger.absolute()):
        folder = Folder(output.absolute())
        folder.refuse_links()
        opened = Ledger.open(ledger, create=False)
        try:
            yield folder, opened
            export(opened, folder)
        finally:
            opened.close()


def any_key() -> Key:
    """The key of this user. Raises `UsageProblem` when there is none."""
    key = find_key(os.environ, Path.home())
    if key is None:
        raise UsageProblem(
            "this needs the API key that the tasks were made with, and there is none",
            hint="set DASHSCOPE_API_KEY, or put the key into ~/.dashscope/api_key",
        )
    return key
