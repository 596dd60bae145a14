"""A view that stops nothing: a batch goes on where the reader of a pipe has left, or a disk is
full."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from r2vbatch.ledger import Transition
from r2vbatch.pacing import Change
from r2vbatch.progress.tally import Tally
from r2vbatch.progress.views import Progress, Silent


class Steady:
    """Shows a run for as long as it can be shown: a batch does not stop because the reader of a
    pipe has left or a disk is full."""

    def __init__(self, view: Progress, tally: Tally) -> None:
        self.view = view
        self._silent = Silent(tally)
        self.failure: OSError | None = None
        """Why nothing is shown any more."""
        self._pauses = 0
        self._later: list[Callable[[], None]] = []

    @contextmanager
    def paused(self) -> Iterator[None]:
        """The block with the screen to itself, for a question; what happens meanwhile is shown
        after it."""
        if self._pauses == 0:
            self._try(self.view.hide)
        self._pauses += 1
        try:
            yield
        finally:
            self._pauses -= 1
            if self._pauses == 0:
                for act in self._later:
                    self._try(act)
                self._later.clear()

    def show(self, transition: Transition) -> None:
        """One transition; a failure to show it is kept. It counts all the same."""
        if self.failure:
            self._silent.show(transition)
        else:
            self._try(lambda: self.view.show(transition))

    def say(self, sentence: str) -> None:
        """A sentence."""
        self._try(lambda: self.view.say(sentence))

    def pace(self, change: Change) -> None:
        """Submitting goes faster or slower."""
        self._try(lambda: self.view.pace(change))

    def tick(self) -> None:
        """A second has passed."""
        if not self._pauses:
            self._try(self.view.tick)

    def close(self) -> None:
        """The run is over."""
        self._try(self.view.close)

    def _try(self, act: Callable[[], None]) -> None:
        if self._pauses:
            self._later.append(act)
        elif not self.failure:
            try:
                act()
            except OSError as failure:
                self.failure = failure
