"""The forms in which a run is shown to people: nothing, or plain lines (a bar is in `bar`)."""

from __future__ import annotations

from typing import Protocol, TextIO

from r2vbatch.clock import now
from r2vbatch.ledger import ENDED, State, Transition
from r2vbatch.pacing import Change
from r2vbatch.progress.tally import Tally
from r2vbatch.progress.words import line, long_pause, money, time_left, waiting
from r2vbatch.visible import visible

_QUIET = 60
"""Seconds without a line after which a word is said of what is waited for; then twice that …"""
_MOST_QUIET = 600
"""… and never more than this."""


class Progress(Protocol):
    """Something that shows a run."""

    def show(self, transition: Transition) -> None:
        """One transition was committed."""
        ...

    def say(self, sentence: str) -> None:
        """Something a person who waits should know."""
        ...

    def pace(self, change: Change) -> None:
        """Submitting goes faster or slower."""
        ...

    def tick(self) -> None:
        """A second has passed."""
        ...

    def hide(self) -> None:
        """Make room on the screen: a person is about to be asked something."""
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

    def pace(self, change: Change) -> None:
        """Counts only."""
        self._tally.pace(change, now())

    def tick(self) -> None:
        """Nothing is shown."""

    def hide(self) -> None:
        """Nothing is in the way."""

    def close(self) -> None:
        """Nothing to close."""


class Plain:
    """A line for each take that moves on in a way a person waits for, and a sign of life where
    nothing does for long: for logs, and wherever there is no terminal."""

    def __init__(self, tally: Tally, stream: TextIO) -> None:
        self._tally = tally
        self._stream = stream
        self._quiet = 0
        self._patience = _QUIET

    def show(self, transition: Transition) -> None:
        """Print the line."""
        self._tally.note(transition)
        if not self._tally.name(transition.key):
            return
        if transition.after in ENDED or transition.after in {State.IN_DOUBT, State.HELD}:
            self.say(f"{self._head()} {line(self._tally, transition)}")
        elif transition.after is State.SUBMITTED:
            self.say(f"{self._tally.name(transition.key)}: submitted")

    def say(self, sentence: str) -> None:
        """A line of its own."""
        self._patience = _QUIET
        self._write(sentence)

    def pace(self, change: Change) -> None:
        """A word, where submitting waits for long."""
        self._tally.pace(change, now())
        if sentence := long_pause(change):
            self.say(sentence)

    def tick(self) -> None:
        """After a long silence, what is waited for, and the money."""
        self._quiet += 1
        if self._quiet >= self._patience:
            self._patience = min(2 * self._patience, _MOST_QUIET)
            purse = self._tally.purse
            spent = f"; {money(purse)}" if purse else ""
            self._write(f"{self._head()} {waiting(self._tally, now())}{spent}")

    def _head(self) -> str:
        parts = [f"{self._tally.ended}/{self._tally.total}"]
        if self._tally.purse:
            parts.append(str(self._tally.purse.spent))
        if self._tally.seconds_left(now()) is not None:
            parts.append(time_left(self._tally, now()))
        return f"[{', '.join(filter(None, parts))}]"

    def _write(self, text: str) -> None:
        self._quiet = 0
        self._stream.write(visible(text) + "\n")
        self._stream.flush()

    def hide(self) -> None:
        """Nothing is in the way."""

    def close(self) -> None:
        """Nothing to close."""
