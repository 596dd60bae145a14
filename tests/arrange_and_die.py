"""A process that arranges an output folder and dies at every step of it, one after the other.

Called with a folder that holds `out/` and two manifests (`before.json`, `after.json`); prints a
JSON line for each death: how it died, and what the next process made of what it left. Each
attempt is a process of its own, forked from here so that nothing is imported a hundred times.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any, NoReturn

from arranging import arrange_plan, there
from storyboards import planned

from r2vbatch.ledger import Ledger
from r2vbatch.storage import Folder

WAYS = ("before", "half", "after")


class Death:
    """Ends the process at the n-th step, before it, after it, or half-way through a rename."""

    def __init__(self, at: int, way: str) -> None:
        self.left, self.way = at, way

    def step(self, act: Any, half: Any = None) -> Any:
        """One step; perhaps the last."""
        self.left -= 1
        if self.left == 0 and self.way == "before":
            os._exit(9)
        if self.left == 0 and self.way == "half" and half is not None:
            half()
            os._exit(9)
        result = act()
        if self.left == 0:
            os._exit(9)
        return result


class DyingFolder(Folder):
    """A folder whose steps are counted."""

    def __init__(self, root: Path, death: Death) -> None:
        super().__init__(root)
        self.death = death

    def rename(self, source: str, target: str) -> None:
        """Half-way through, both names lead to the file."""

        def half() -> None:
            self.path(target).parent.mkdir(parents=True, exist_ok=True)
            os.link(self.path(source), self.path(target))

        self.death.step(lambda: Folder.rename(self, source, target), half)

    def carry(self, source: str, target: str) -> None:
        """Counted."""
        self.death.step(lambda: Folder.carry(self, source, target))

    def remove(self, name: str) -> None:
        """Counted."""
        self.death.step(lambda: Folder.remove(self, name))


class DyingLedger(Ledger):
    """A ledger whose writes are counted."""

    death: Death

    def apply(self, **wishes: Any) -> None:
        """Counted."""
        self.death.step(lambda: Ledger.apply(self, **wishes))

    def moves_set_out(self) -> None:
        """Counted."""
        self.death.step(lambda: Ledger.moves_set_out(self))

    def end_moves(self) -> None:
        """Counted."""
        self.death.step(lambda: Ledger.end_moves(self))

    def amend(self, key: int, why: str, /, **columns: Any) -> Any:
        """Counted."""
        return self.death.step(lambda: Ledger.amend(self, key, why, **columns))


def attempt(out: Path, kind: Any, plan: Any, death: Death) -> int:
    """Arrange in a process of its own; its exit code."""
    child = os.fork()
    if not child:
        _arrange_and_leave(out, kind, plan, death)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _arrange_and_leave(out: Path, kind: Any, plan: Any, death: Death) -> NoReturn:
    try:
        ledger = DyingLedger.open(out / "ledger.db")
        assert isinstance(ledger, DyingLedger)
        ledger.death = death
        arrange_plan(ledger, DyingFolder(out, death), kind, plan)
        ledger.close()
        os._exit(0)
    finally:
        os._exit(1)


def main(place: Path, kind: Any) -> None:
    """Die at each step in each way; then let another process go on."""
    plan = planned(json.loads((place / "after.json").read_text()))
    for way in WAYS:
        code, at = 9, 0
        while code == 9:
            at += 1
            work = place / f"{way}-{at}"
            shutil.copytree(place / "out", work)
            code = attempt(work, kind, plan, Death(at, way))
            again = attempt(work, kind, plan, Death(0, way))
            print(json.dumps({"way": way, "at": at, "code": code, "again": again,
                              "there": there(work)}), flush=True)  # fmt: skip


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
