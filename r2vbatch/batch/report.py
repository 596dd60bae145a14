"""How a run ended, take by take: for pipelines, for ``--on-done``, and for the closing summary.

Plain data, read from the ledger when the run is over. No link and no key is in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from r2vbatch.batch.delivering import Delivery
from r2vbatch.batch.job import Job
from r2vbatch.batch.run import Ending
from r2vbatch.errors import Exit
from r2vbatch.garbage import uncollected
from r2vbatch.ledger import AT_SERVICE, OPEN, TO_FETCH, Kind, Ledger, Purse, Standing, State
from r2vbatch.manifest.model import Money

_EXPLAINED = frozenset(State) - {State.PLANNED, State.DONE, *AT_SERVICE}
"""States that the ledger has a reason for."""
_COMING = OPEN | TO_FETCH
_LIFE = 24 * 3600.0
"""Seconds for which the service knows a task, and keeps its clip."""


@dataclass(frozen=True, slots=True)
class TakeReport:
    """Where one take stands at the end of a run."""

    id: str
    """``<shot>_t<NN>``."""
    shot: str
    state: State
    """``done`` is the one with a clip; a `str`, so ``take.state == "done"`` works."""
    at: str | None
    """Where its `clip` is, as text; None where the take is not done."""
    flags: tuple[str, ...]
    """In what a done clip is not as asked, or worth a look (see `media.Verdict`); as a rule
    empty."""
    cost: Money | None
    """What it was billed, as the service said; None until then, and where it did not say."""
    estimate: Money | None
    """What it was to cost; None where the model has no price in the table."""
    billed_seconds: Decimal | None
    """Seconds of video, as the service said."""
    reason: str
    """Why it is not done, in words for people; else empty."""
    task_id: str | None
    """The service's handle for it."""
    lives_until: datetime | None
    """Of a take at the service or generated: until when it can be fetched (aware, UTC)."""
    stale: str = ""
    """Why a done take is stale, which continues another take than it would now; else empty."""

    @property
    def clip(self) -> Path | None:
        """The verified clip (of a preview, the slate), absolute; None where the take is not
        done."""
        return Path(self.at) if self.at else None


@dataclass(frozen=True, slots=True)
class Report:
    """How a run ended.

    Its `repr` leaves the takes out: asyncio writes a task's result out where it looks at signals,
    and a batch may have tens of thousands.
    """

    kind: Kind
    """``preview`` or ``live``."""
    endpoint: str
    """Where takes were made: ``preview``, a region or a URL."""
    manifest: Path
    manifest_gone: bool
    """It is no longer there; the ledger has kept its text."""
    output: Path
    """The output folder, absolute; ``results.csv`` and ``results.jsonl`` lie there."""
    takes: Sequence[TakeReport] = field(repr=False)
    """The takes that this run was about, in storyboard order."""
    others: Sequence[TakeReport] = field(repr=False)
    """Takes that are, or may be, paid for, not here yet, and not among `takes`: no longer wanted,
    or left out by ``only``."""
    purse: Purse | None
    """Live money of the whole folder, earlier runs included, in the currency of this one's prices;
    None for a preview."""
    other_money: Sequence[Purse]
    """The same in other currencies, where runs at other prices spent any: none is converted, and no
    cap counts it."""
    seconds: float
    """How long the run took."""
    stopped: str | None
    """Why submitting stopped before the end of the storyboard; None where it did not."""
    advice: str
    """What to do about that."""
    refused: bool
    """The service refuses in a way that would hit every take."""
    interrupted: bool
    """A person stopped the run."""
    film: Delivery | None = None
    """The reel and what goes with it; None where it was not wanted, or not waited for."""

    @property
    def counts(self) -> dict[State, int]:
        """How many takes stand in each state; a state without takes is left out."""
        return Counter(take.state for take in self.takes)

    @property
    def done(self) -> int:
        """Takes with a verified clip."""
        return self.counts.get(State.DONE, 0)

    @property
    def complete(self) -> bool:
        """Whether every take is done, and nothing that was paid for is left behind."""
        return self.done == len(self.takes) and not self.others

    @property
    def exit_code(self) -> Exit:
        """What the command line ends with; the first that applies."""
        if self.interrupted:
            return Exit.INTERRUPTED
        if self.refused or self.counts.get(State.HELD):
            return Exit.REFUSED
        return Exit.DONE if self.complete else Exit.NOT_ALL_DONE

    def as_dict(self) -> dict[str, Any]:
        """All of it as JSON can carry it: money as ``{"amount": 1.2, "currency": "USD"}``, times
        as ISO 8601 UTC, paths as text, what is not known as None."""
        return {
            "exit_code": int(self.exit_code),
            "kind": self.kind,
            "endpoint": self.endpoint,
            "manifest": str(self.manifest),
            "output": str(self.output),
            "done": self.done,
            "total": len(self.takes),
            "counts": {str(state): number for state, number in sorted(self.counts.items())},
            "spent": _money(self.purse.spent) if self.purse else None,
            "set_aside": _money(self.purse.set_aside) if self.purse else None,
            "max_cost": _money(self.purse.cap) if self.purse else None,
            "other_money": [
                {"spent": _money(spent), "set_aside": _money(aside)}
                for spent, aside, _ in self.other_money
            ],
            "seconds": round(self.seconds, 3),
            "stopped": self.stopped,
            "advice": self.advice,
            "interrupted": self.interrupted,
            "film": asdict(self.film) if self.film else None,
            "takes": [_take(take) for take in self.takes],
            "others": [_take(take) for take in self.others],
        }


@uncollected()
def report(job: Job, ending: Ending) -> Report:
    """The report of a run that has ended, from its ledger, which must still be open."""

    def of(row: Standing) -> TakeReport:
        reason = ending.left.get(row.key) or _reason(job.ledger, row)
        return _of(row, folder, reason, stale.get(row.key, ""))

    stale = job.ledger.stale(job.kind)
    folder = str(job.folder.root)
    ids = {take.id for take in job.takes}
    standing = job.ledger.standing(job.kind)
    rows = {row.take: row for row in standing if row.wanted and row.take in ids}
    ours = {row.key for row in rows.values()}
    purse = job.money_until_now().purse  # a run cut short may have set aside what it did not send
    return Report(
        kind=job.kind,
        endpoint=job.settings.endpoint.name,
        manifest=job.plan.manifest.file,
        manifest_gone=not job.plan.manifest.file.exists(),
        output=job.folder.root,
        takes=[of(rows[take.id]) for take in job.takes if take.id in rows],
        others=[of(row) for row in standing if row.key not in ours and row.state in _COMING],
        purse=purse,
        other_money=[
            each
            for each in (job.ledger.purses() if purse else ())
            if purse and each.spent.currency != purse.spent.currency
        ],
        seconds=ending.seconds,
        stopped=ending.stopped,
        advice=ending.advice,
        refused=ending.refused,
        interrupted=ending.interrupted,
    )


def _of(row: Standing, folder: str, reason: str, stale: str) -> TakeReport:
    done = row.state is State.DONE
    return TakeReport(
        id=row.take,
        shot=row.shot,
        state=row.state,
        at=f"{folder}/{row.file}" if done and row.file else None,
        flags=row.flags,
        cost=row.money(row.cost),
        estimate=row.money(row.estimate),
        billed_seconds=row.billed_seconds,
        reason="" if done else reason,
        task_id=row.task_id,
        lives_until=_lives_until(row),
        stale=stale,
    )


def _reason(ledger: Ledger, row: Standing) -> str:
    """Why a take came to stand where it stands, as the ledger tells it."""
    if row.state not in _EXPLAINED:
        return ""
    reasons = [why for _, _, after, why, _ in ledger.events(row.key) if after == row.state]
    return (reasons[-1] if reasons else "") or row.error_message or ""


def _lives_until(row: Standing) -> datetime | None:
    if row.state not in {*AT_SERVICE, State.GENERATED}:
        return None
    made = row.submitted_at or row.intent_at
    return datetime.fromtimestamp(made + _LIFE, UTC) if made else None


def _money(money: Money | None) -> dict[str, Any] | None:
    return {"amount": float(money.amount), "currency": money.currency} if money else None


def _take(take: TakeReport) -> dict[str, Any]:
    return {
        "take": take.id,
        "shot": take.shot,
        "state": str(take.state),
        "clip": take.at,
        "flags": list(take.flags),
        "cost": _money(take.cost),
        "estimate": _money(take.estimate),
        "billed_seconds": float(take.billed_seconds) if take.billed_seconds is not None else None,
        "reason": take.reason,
        "task_id": take.task_id,
        "lives_until": take.lives_until.isoformat() if take.lives_until else None,
        "stale": take.stale,
    }
