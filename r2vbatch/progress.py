"""Ledger transitions as progress: bars, plain lines or JSON lines, and an honest time left.

The time left comes from the run times measured in this batch, so there is none before the
first take has ended. This room is told of transitions and refuses to know where they come
from; it writes to the stream it is given.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Literal, Protocol, TextIO

from r2vbatch.clock import now
from r2vbatch.ledger import AT_SERVICE, ENDED, TO_FETCH, Known, State, Transition
from r2vbatch.ledger.results import iso
from r2vbatch.visible import as_json, visible

Mode = Literal["auto", "bar", "plain", "json", "none"]

_BUSY = frozenset({State.SUBMITTING, *AT_SERVICE})
_BAD = frozenset({State.FAILED, State.CANCELED, State.EXPIRED, State.SKIPPED})


class Tally:
    """Where the takes of a run stand, and how long those that ended took."""

    def __init__(self, rows: Iterable[Known], slots: Callable[[], int]) -> None:
        self._state: dict[int, State] = {}
        self._name: dict[int, str] = {}
        self._began: dict[int, float] = {}
        self._slots = slots
        self._measured = 0.0
        self._ended = 0
        self._counts: Counter[State] = Counter()
        for row in rows:
            self._state[row.key] = row.state
            self._name[row.key] = row.take
            self._counts[row.state] += 1

    def note(self, transition: Transition) -> None:
        """Take in one transition. Those of takes outside this run are left out."""
        if transition.key not in self._state:
            return
        self._counts[transition.before] -= 1
        self._counts[transition.after] += 1
        self._state[transition.key] = transition.after
        if transition.after is State.SUBMITTED:
            self._began[transition.key] = transition.at
        elif transition.after not in _BUSY:
            began = self._began.pop(transition.key, None)
            if began is not None:
                self._measured += transition.at - began
                self._ended += 1

    def name(self, key: int) -> str:
        """The take id of a key, or an empty text for a take outside this run (a paid one that is
        no longer wanted, fetched into ``retired/``)."""
        return self._name.get(key, "")

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
        return self._count(_BAD)

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

    def seconds_left(self, now: float) -> float | None:
        """Estimated seconds to the end, None before anything was measured.

        What is measured includes the wait in the service's queue, so it is shared by all that
        are in flight, those kept ahead of the slots too.
        """
        if not self._count(_BUSY | TO_FETCH | {State.PLANNED}):
            return 0.0
        if not self._ended:
            return None
        mean = self._measured / self._ended
        ages = [now - began for began in self._began.values()]
        work = self._counts[State.PLANNED] * mean + sum(max(mean - age, 0.0) for age in ages)
        longest = max((mean - age for age in ages), default=0.0)
        return max(work / max(self._slots(), self.in_flight, 1), longest, 0.0)


class Progress(Protocol):
    """Something that shows a run."""

    def show(self, transition: Transition) -> None:
        """One transition was committed."""
        ...

    def say(self, sentence: str) -> None:
        """Something a person who waits should know."""
        ...

    def close(self) -> None:
        """The run is over."""
        ...


class Silent:
    """Shows nothing."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    def show(self, transition: Transition) -> None:
        """Counts only."""
        self._tally.note(transition)

    def say(self, sentence: str) -> None:
        """Nothing is said."""

    def close(self) -> None:
        """Nothing to close."""


class Bar:
    """A tqdm bar: takes done, failed, in flight, and the time left."""

    def __init__(self, tally: Tally, stream: TextIO) -> None:
        from tqdm import tqdm

        self._tally = tally
        self._bar = tqdm(
            total=tally.total,
            file=stream,
            dynamic_ncols=True,
            bar_format="{percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} takes{postfix}",
        )
        self._update()

    def show(self, transition: Transition) -> None:
        """Move the bar."""
        self._tally.note(transition)
        if transition.after in _BAD and self._tally.name(transition.key):
            self.say(_line(self._tally, transition))
        self._update()

    def _update(self) -> None:
        tally = self._tally
        left = tally.seconds_left(now())
        parts = [
            f"{tally.done} done",
            f"{tally.bad} failed",
            f"{tally.in_flight} in flight",
            f"{clock(left)} left" if left is not None else "time left not known yet",
        ]
        self._bar.n = tally.ended
        self._bar.set_postfix_str(", ".join(parts), refresh=True)

    def say(self, sentence: str) -> None:
        """A line above the bar."""
        self._bar.write(visible(sentence), file=self._bar.fp)

    def close(self) -> None:
        """Leave the last state of the bar on the screen."""
        self._update()
        self._bar.close()


class Plain:
    """A line for each take that moves on in a way a person waits for."""

    def __init__(self, tally: Tally, stream: TextIO) -> None:
        self._tally = tally
        self._stream = stream

    def show(self, transition: Transition) -> None:
        """Print the line."""
        self._tally.note(transition)
        if not self._tally.name(transition.key):
            return
        if transition.after in ENDED or transition.after in {State.IN_DOUBT, State.HELD}:
            left = self._tally.seconds_left(now())
            tail = f", {clock(left)} left" if left is not None else ""
            count = f"[{self._tally.ended}/{self._tally.total}{tail}]"
            self._write(f"{count} {_line(self._tally, transition)}")
        elif transition.after is State.SUBMITTED:
            self._write(f"{self._tally.name(transition.key)}: submitted")

    def _write(self, line: str) -> None:
        self._stream.write(visible(line) + "\n")
        self._stream.flush()

    def say(self, sentence: str) -> None:
        """A line of its own."""
        self._write(sentence)

    def close(self) -> None:
        """Nothing to close."""


class JsonLines:
    """One JSON object a transition, for machines."""

    def __init__(self, tally: Tally, stream: TextIO) -> None:
        self._tally = tally
        self._stream = stream

    def show(self, transition: Transition) -> None:
        """Print the object."""
        tally = self._tally
        tally.note(transition)
        if not tally.name(transition.key):
            return
        event = {
            "at": iso(transition.at),
            "take": tally.name(transition.key),
            "before": str(transition.before),
            "after": str(transition.after),
            "why": transition.why,
            "done": tally.done,
            "failed": tally.bad,
            "in_flight": tally.in_flight,
            "total": tally.total,
            "seconds_left": tally.seconds_left(now()),
        }
        self._write(event)

    def say(self, sentence: str) -> None:
        """An object with the sentence alone."""
        self._write({"say": sentence})

    def _write(self, event: dict[str, Any]) -> None:
        self._stream.write(as_json(event) + "\n")
        self._stream.flush()

    def close(self) -> None:
        """Nothing to close."""


class Steady:
    """Shows a run for as long as it can be shown: a batch does not stop because the reader of a
    pipe has left or a disk is full."""

    def __init__(self, view: Progress, tally: Tally) -> None:
        self.view = view
        self._silent = Silent(tally)
        self.failure: OSError | None = None
        """Why nothing is shown any more."""

    def show(self, transition: Transition) -> None:
        """One transition; a failure to show it is kept. It counts all the same."""
        if self.failure:
            self._silent.show(transition)
        else:
            self._try(lambda: self.view.show(transition))

    def say(self, sentence: str) -> None:
        """A sentence."""
        self._try(lambda: self.view.say(sentence))

    def close(self) -> None:
        """The run is over."""
        self._try(self.view.close)

    def _try(self, act: Callable[[], None]) -> None:
        if not self.failure:
            try:
                act()
            except OSError as failure:
                self.failure = failure


def progress(mode: Mode, tally: Tally, stream: TextIO | None) -> Steady:
    """What `--progress` asks for: auto is a bar on a terminal and plain lines elsewhere. Without a
    stream (one that is closed) nothing is shown."""
    return Steady(_view(mode, tally, stream) if stream else Silent(tally), tally)


def _view(mode: Mode, tally: Tally, stream: TextIO) -> Progress:
    if mode == "auto":
        mode = "bar" if stream.isatty() else "plain"
    if mode == "bar":
        return Bar(tally, stream)
    if mode == "plain":
        return Plain(tally, stream)
    return JsonLines(tally, stream) if mode == "json" else Silent(tally)


def clock(seconds: float) -> str:
    """``0:42``, ``12:05`` or ``1:02:03``."""
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _line(tally: Tally, transition: Transition) -> str:
    why = f": {transition.why}" if transition.why else ""
    state = str(transition.after).replace("_", " ")
    return f"{tally.name(transition.key)} {state}{why}"
