"""Where the takes of a run stand, and an honest time left.

The time left comes from the run times measured in this batch, so there is none before the
first take has ended. This room is told of transitions and refuses to know where they come from.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from r2vbatch.ledger import AT_SERVICE, ENDED, TO_FETCH, Known, Purse, State, Transition
from r2vbatch.pacing import Change

_BUSY = frozenset({State.SUBMITTING, *AT_SERVICE})
BAD = frozenset({State.FAILED, State.CANCELED, State.EXPIRED, State.SKIPPED})
"""Ended without a clip."""


class Tally:
    """Where the takes of a run stand, how long those that ended took, and the money so far."""

    def __init__(
        self,
        rows: Iterable[Known],
        slots: float,
        purse: Callable[[], Purse | None] = lambda: None,
        grace: float = 0.0,
        joined: Mapping[int, Known] = MappingProxyType({}),
    ) -> None:
        """`slots`: how many takes the service makes at once, until more is known; `purse`: the
        money now, None where nothing costs anything; `grace`: seconds before which a take in doubt
        is not settled, unless its task is found; `joined`: takes that join the run while it goes
        on, by key."""
        self._state: dict[int, State] = {}
        self._name: dict[int, str] = {}
        self._began: dict[int, float] = {}
        self._running_since: dict[int, float] = {}
        self._rate: float | None = None
        self._pause: tuple[float, str] = (0.0, "")
        self._doubted: dict[int, float] = {}
        self._grace = grace
        self._slots = slots
        self._purse = purse
        self._joined = joined
        self._measured = 0.0
        self._ended = 0
        self._counts: Counter[State] = Counter()
        for row in rows:
            self._count_in(row)

    def _count_in(self, row: Known) -> None:
        self._state[row.key] = row.state
        self._name[row.key] = row.take
        self._counts[row.state] += 1

    def note(self, transition: Transition) -> None:
        """Take in one transition. Those of takes outside this run are left out."""
        if transition.key not in self._state:
            if transition.key not in self._joined:
                return
            self._count_in(self._joined[transition.key])
        self._counts[transition.before] -= 1
        self._counts[transition.after] += 1
        self._state[transition.key] = transition.after
        self._running_since.pop(transition.key, None)
        self._doubted.pop(transition.key, None)
        if transition.after is State.IN_DOUBT:
            self._doubted[transition.key] = transition.at
        if transition.after is State.RUNNING:
            self._running_since[transition.key] = transition.at
        elif transition.after is State.SUBMITTED:
            self._began[transition.key] = transition.at
        elif transition.after not in _BUSY:
            began = self._began.pop(transition.key, None)
            if began is not None:
                self._measured += transition.at - began
                self._ended += 1

    def pace(self, change: Change, now: float) -> None:
        """Take in a change of the pace, at which takes are submitted and made."""
        if change.what == "pause":
            self._pause = now + change.after, change.reason
        elif change.what == "rate":
            self._rate = change.after
        elif change.what == "in_flight":
            self._slots = change.after

    def hurdle(self, now: float) -> str:
        """What holds up the next submit: ``in 0:28: throttled``; empty where nothing does."""
        until, reason = self._pause
        if until > now:
            return f"in {clock(until - now)}: {reason}"
        if self._rate is not None and self._rate < 1:
            return f"one in {1 / self._rate:.0f} s: the service refuses more"
        return ""

    def name(self, key: int) -> str:
        """The take id of a key, or an empty text for a take outside this run (a paid one that is
        no longer wanted, fetched into ``retired/``)."""
        return self._name.get(key, "")

    @property
    def purse(self) -> Purse | None:
        """The live money of the output folder; None for a preview."""
        return self._purse()

    def number(self, *states: State) -> int:
        """Takes that stand in any of `states`."""
        return self._count(states)

    def longest(self, now: float) -> float | None:
        """For how many seconds the slowest of the takes that are being made has been made; None
        where none is, or none was seen to begin."""
        return max((now - began for began in self._running_since.values()), default=None)

    def _count(self, states: Iterable[State]) -> int:
        return sum(self._counts[state] for state in states)

    @property
    def total(self) -> int:
        """All takes of this run."""
        return len(self._state)

    @property
    def done(self) -> int:
        """Takes with a verified clip."""
        return self._counts[State.DONE]

    @property
    def bad(self) -> int:
        """Takes that ended without a clip."""
        return self._count(BAD)

    @property
    def in_flight(self) -> int:
        """Takes at the service."""
        return self._count(_BUSY)

    @property
    def fetching(self) -> int:
        """Takes generated and not yet safely here."""
        return self._count(TO_FETCH)

    @property
    def ended(self) -> int:
        """Takes to which nothing more happens."""
        return self._count(ENDED)

    @property
    def under_way(self) -> bool:
        """Whether anything is still to happen by itself."""
        return self._count(_BUSY | TO_FETCH | {State.PLANNED}) > 0

    def doubt_left(self, now: float) -> float:
        """Seconds for which takes in doubt may have to be looked for, at least."""
        until = (began + self._grace for began in self._doubted.values())
        return max((end - now for end in until if end > now), default=0.0)

    def seconds_left(self, now: float) -> float | None:
        """Estimated seconds to the end, None before anything was measured.

        What is measured includes the wait in the service's queue, so it is shared by all that
        are in flight, those kept ahead of the slots too.
        """
        if not self.under_way:
            return self.doubt_left(now)
        if not self._ended:
            return None
        mean = self._measured / self._ended
        ages = [now - began for began in self._began.values()]
        work = self._counts[State.PLANNED] * mean + sum(max(mean - age, 0.0) for age in ages)
        longest = max((mean - age for age in ages), default=0.0)
        shared = work / max(self._slots, self.in_flight, 1)
        planned = self._counts[State.PLANNED]
        submits = planned / self._rate + mean if planned and self._rate else 0.0
        return max(shared, longest, submits, self.doubt_left(now))


def clock(seconds: float) -> str:
    """``0:42``, ``12:05`` or ``1:02:03``."""
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
