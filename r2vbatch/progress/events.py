"""A run as events: one for each transition of a take and each sentence, for programs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TextIO

from r2vbatch.clock import now
from r2vbatch.ledger import Purse, State, Transition
from r2vbatch.ledger.results import iso
from r2vbatch.pacing import Change
from r2vbatch.progress.tally import Tally
from r2vbatch.progress.words import long_pause
from r2vbatch.visible import as_json


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened, and how the run stands after it."""

    at: datetime
    """Aware, UTC."""
    take: str | None
    """The take that moved on; None for a sentence about the run as a whole."""
    before: State | None
    after: State | None
    """The state it came from and the one it has now; None with a sentence."""
    why: str
    """The reason, or the sentence, in words for people; may be empty."""
    done: int
    """Takes with a verified clip."""
    failed: int
    """Takes that ended without one."""
    in_flight: int
    """Takes at the service."""
    total: int
    """Takes of the run."""
    seconds_left: float | None
    """Estimated from run times of this run; None before the first of them."""
    purse: Purse | None
    """Live money of the output folder; None for a preview."""

    def as_dict(self) -> dict[str, Any]:
        """All of it as JSON can carry it: amounts as numbers beside one `currency`."""
        money = dict.fromkeys(("spent", "set_aside", "max_cost", "currency"))
        if self.purse:
            spent, aside, cap = self.purse
            money |= {
                "spent": float(spent.amount),
                "set_aside": float(aside.amount),
                "max_cost": float(cap.amount) if cap else None,
                "currency": spent.currency,
            }
        return {
            "at": iso(self.at.timestamp()),
            "take": self.take,
            "before": self.before and str(self.before),
            "after": self.after and str(self.after),
            "why": self.why,
            "done": self.done,
            "failed": self.failed,
            "in_flight": self.in_flight,
            "total": self.total,
            "seconds_left": None if self.seconds_left is None else round(self.seconds_left, 1),
            **money,
        }


class Events:
    """Hands an event to somebody for everything that happens."""

    def __init__(self, tally: Tally, hand: Callable[[Event], None]) -> None:
        self._tally = tally
        self._hand = hand

    def show(self, transition: Transition) -> None:
        """An event for a take of the run."""
        self._tally.note(transition)
        if take := self._tally.name(transition.key):
            before, after = transition.before, transition.after
            self._hand(self._event(transition.at, take, before, after, transition.why))

    def say(self, sentence: str) -> None:
        """An event with the sentence."""
        self._hand(self._event(now(), None, None, None, sentence))

    def pace(self, change: Change) -> None:
        """An event where submitting waits for long."""
        self._tally.pace(change, now())
        if sentence := long_pause(change):
            self.say(sentence)

    def _event(
        self, at: float, take: str | None, before: State | None, after: State | None, why: str
    ) -> Event:
        tally = self._tally
        return Event(
            at=datetime.fromtimestamp(at, UTC),
            take=take,
            before=before,
            after=after,
            why=why,
            done=tally.done,
            failed=tally.bad,
            in_flight=tally.in_flight,
            total=tally.total,
            seconds_left=tally.seconds_left(now()),
            purse=tally.purse,
        )

    def tick(self) -> None:
        """Nothing happened."""

    def hide(self) -> None:
        """Nothing is in the way."""

    def close(self) -> None:
        """Nothing to close."""


def json_lines(tally: Tally, stream: TextIO) -> Events:
    """Each event as a line of JSON on `stream`."""

    def write(event: Event) -> None:
        stream.write(as_json(event.as_dict()) + "\n")
        stream.flush()

    return Events(tally, write)
