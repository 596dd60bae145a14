"""One plan and one output folder, held for one run: ledger open, folder locked, plan matched.

What is here happens before the first call to the service and after the last: the bill, the
plan carried into the ledger, and the exports. The calls themselves are `run`'s.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from r2vbatch.batch.arranging import arrange, finish_moves, planned_row
from r2vbatch.batch.bill import Bill, draw_up
from r2vbatch.batch.lock import locked
from r2vbatch.batch.matching import Matching
from r2vbatch.batch.retakes import board, joining, wanted
from r2vbatch.batch.settings import Settings
from r2vbatch.batch.staleness import matched
from r2vbatch.dashscope.prompts import prompt_key
from r2vbatch.errors import OutputUnavailable
from r2vbatch.ledger import PAID, Kind, Known, Ledger, NewTake, State
from r2vbatch.planning import request
from r2vbatch.planning.model import Plan, PlannedTake
from r2vbatch.storage import Folder
from r2vbatch.take.budget import Budget
from r2vbatch.take.naming import clip_name

_BYTES_A_SECOND = 2_000_000
"""Of a clip: a generous 16 Mbit/s."""


@dataclass
class Job:
    """A plan matched to an open ledger."""

    plan: Plan
    settings: Settings
    folder: Folder
    ledger: Ledger
    matching: Matching
    joined: dict[int, Known] = field(default_factory=dict)
    """Takes that joined it while it went on, by ledger key."""

    @property
    def kind(self) -> Kind:
        """Preview or live."""
        return self.settings.kind

    @cached_property
    def bill(self) -> Bill:
        """What the run would do and cost."""
        return draw_up(self.plan, self.matching, self.settings.in_scope)

    @cached_property
    def takes(self) -> list[PlannedTake]:
        """The takes of the plan that this run is about, in order."""
        return [take for take in self.plan.takes if self._in_scope(take)]

    @cached_property
    def budget(self) -> Budget:
        """The money of the run, counted from here on: the ledger should be in order."""
        return self.money_until_now()

    def money_until_now(self) -> Budget:
        """The money in the folder, and what is left of it. A preview costs nothing."""
        currency = None if self.kind == "preview" else self.plan.currency
        return Budget.of(self.settings.caps, currency, self.ledger.purses())

    @property
    def foreign(self) -> bool:
        """Whether the clips in the folder were made by another manifest."""
        return self.made_by is not None and self.made_by != str(self.plan.manifest.file)

    @property
    def made_by(self) -> str | None:
        """The manifest of the last run of this kind in the folder."""
        return self.ledger.meta(f"{self.kind} manifest_file")

    def check_room(self) -> None:
        """Raise `OutputUnavailable` where the disk has no room for what would be made."""
        needed = int(self.bill.seconds * _BYTES_A_SECOND)
        if needed > self.folder.free():
            raise OutputUnavailable(
                f"some {_sized(needed)} are needed at {self.folder.root}, and"
                f" {_sized(self.folder.free())} are free",
                hint="free some room, choose another disk with -o, or make a part with --only",
            )

    def begin(self) -> None:
        """Carry the plan into the ledger, files included, and remember the manifest."""
        finish_moves(self.ledger, self.folder)
        wanted = {take.id: take for take in self.plan.takes}
        named = [
            (known.key, self._row(wanted[take]))
            for take, known in self.matching.kept.items()
            if known.take != take or (not known.wanted and self._in_scope(wanted[take]))
        ]
        fresh = [self._row(take) for take in self.matching.fresh]
        if named or fresh or self.matching.unwanted:
            arrange(self.ledger, self.folder, self.kind, self.matching, fresh, named)
        self.ledger.set_board(board(self.plan, self.ledger.retakes()))
        self._remember()
        self._refuse_strangers()

    def price(self) -> None:
        """Give the takes that are asked for, or asked again, the prices of this plan: they may have
        been planned, or lost, at another region's."""
        wanted = {take.id: take for take in self.plan.takes}
        paid = PAID - {State.EXPIRED}
        kept = self.matching.kept.items()
        if asked := [self._row(wanted[take]) for take, k in kept if k.state not in paid]:
            self.ledger.price(asked)

    def join(self) -> list[PlannedTake]:
        """Carry in what was asked for since it began, within its scope, and return it."""
        plan = joining(self.plan, retakes := self.ledger.retakes(), self.kind)
        there = {take.id for take in self.plan.takes}
        new = [take for take in plan.takes if take.id not in there and self._in_scope(take)]
        if new:
            rows = [self._row(take) for take in new]
            self.ledger.apply(fresh=rows, named=[], unwanted=[], moves=[])
            self.plan = plan
            del self.takes
            self.ledger.set_board(board(plan, retakes))
            known = self.known()
            self.joined |= {known[take.id].key: known[take.id] for take in new}
        return new

    def _in_scope(self, take: PlannedTake) -> bool:
        return self.settings.in_scope(take.shot.id)

    def _row(self, take: PlannedTake) -> NewTake:
        body = request(take)
        key = prompt_key(body["input"]["prompt"], take.model.prompt_limit)
        return planned_row(self.kind, take, body, key)

    def _remember(self) -> None:
        manifest, endpoint = self.plan.manifest, self.settings.endpoint
        own = self.plan.catalogue.own
        facts = {
            f"{self.kind} manifest_file": str(manifest.file),
            f"{self.kind} manifest_text": manifest.text,
            f"{self.kind} table_text": manifest.table.text if manifest.table else "",
            f"{self.kind} fit": "yes" if manifest.fit else "",
            f"{self.kind} catalogue_file": own.file if own else "",
            f"{self.kind} catalogue_text": own.text if own else "",
            f"{self.kind} endpoint": endpoint.name,
            f"{self.kind} prices": self.plan.prices,
            f"{self.kind} scope": json.dumps([self.settings.only, self.settings.first]),
            "kind": self.kind,
        }
        changed = {name: value for name, value in facts.items() if self.ledger.meta(name) != value}
        if changed:
            self.ledger.set_meta(**changed)

    def _refuse_strangers(self) -> None:
        """A file at a clip's name that we did not write is found before money is spent."""
        if self.kind == "preview":
            return
        ours = {file for _, file, _ in self.ledger.files("live")}
        lost = self.ledger.in_states("live", [State.FETCHED, State.GENERATED, State.EXPIRED])
        ours |= {row.file for row in lost if row.file}  # published before a crash, or back
        wanted = {clip_name("live", take.id) for take in self.takes}
        if strangers := sorted((self.folder.names("clips") & wanted) - ours):
            raise OutputUnavailable(
                f"{self.folder.path(strangers[0])} is there already, made by something else",
                hint="move it elsewhere, or choose another output folder with -o",
            )

    def known(self) -> dict[str, Known]:
        """The takes of this run as the ledger has them, by id."""
        ids = {take.id for take in self.takes}
        known = self.ledger.known(self.kind)
        return {each.take: each for each in known if each.wanted and each.take in ids}

    def counts(self) -> dict[State, int]:
        """How many takes of this run stand in each state."""
        return Counter(each.state for each in self.known().values())


@contextmanager
def opened(settings: Settings, draw: Callable[[Ledger], Plan]) -> Iterator[Job]:
    """Hold the output folder and its ledger, made if need be, and match the plan to it.

    `draw` makes the plan; it is given the ledger to remember facts of files in. Raises
    `OutputUnavailable` when the folder cannot be used or another run has it.
    """
    _make_folder(settings.output)
    folder = Folder(settings.output)
    folder.refuse_links()
    with locked(settings.output, settings.ledger):
        ledger = Ledger.open(settings.ledger)
        try:
            plan = wanted(draw(ledger), ledger.retakes(), settings.kind)
            matching = matched(plan, settings, ledger)
            yield Job(plan, settings, folder, ledger, matching)
        finally:
            ledger.close()


def _sized(number: int) -> str:
    """Bytes for people."""
    return f"{number / 1e9:.1f} GB" if number >= 1e9 else f"{number / 1e6:.0f} MB"


def _make_folder(output: Path) -> None:
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise OutputUnavailable(
            f"the output folder {output} cannot be made: {problem.strerror}",
            hint="choose another one with -o",
        ) from problem
