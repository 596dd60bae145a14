"""The program that a run takes place in: who follows it, who answers, what it may use.

The command line is one, a pipeline that calls r2vbatch another. A run asks its host for nothing
else, and refuses to know which of them it is: it neither prints nor reads a terminal, and takes
a signal only where it is told to.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Protocol

from r2vbatch.batch.answers import Answers
from r2vbatch.batch.job import Job
from r2vbatch.ledger import Transition
from r2vbatch.pacing import Change
from r2vbatch.progress import Tally


class Telling(Protocol):
    """Someone who follows a run. Called on the run's event loop, and not for long."""

    def show(self, transition: Transition) -> None:
        """One transition was committed."""
        ...

    def say(self, sentence: str) -> None:
        """Something a person who waits should know."""
        ...

    def pace(self, change: Change) -> None:
        """Takes are submitted faster or slower from here on."""
        ...

    def tick(self) -> None:
        """Time has passed: called every second."""
        ...


@dataclass(frozen=True, slots=True)
class Host:
    """What a run gets from the program around it."""

    telling: Telling
    pool: Callable[[int], Executor]
    """Makes a pool of that many workers, in which clips are verified."""
    answers: Answers = field(default_factory=Answers)
    """What people say about takes in doubt."""
    signals: bool = False
    """Ctrl-C and SIGTERM are the run's to answer."""


def tally_of(job: Job) -> Tally:
    """The count of a run whose ledger is in order."""
    slots = job.settings.limits.in_flight or 5
    grace = job.settings.grace
    return Tally(job.known().values(), slots, lambda: job.budget.purse, grace, job.joined)
