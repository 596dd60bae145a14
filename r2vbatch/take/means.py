"""What the life of a take works with: the tools of a run, and the one take at hand."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from r2vbatch.dashscope.client import Client, Reader
from r2vbatch.dashscope.download import Fetched
from r2vbatch.ledger import LedgerThread, TakeRow
from r2vbatch.media import Finished
from r2vbatch.pacing import Watch
from r2vbatch.planning.model import Expected, PlannedTake
from r2vbatch.references import References
from r2vbatch.storage import Folder
from r2vbatch.take.budget import Budget
from r2vbatch.take.posting import Posting
from r2vbatch.take.slots import Slots
from r2vbatch.take.stop import Stop


@dataclass(frozen=True, slots=True)
class Wanted:
    """One take to bring to its end."""

    row: TakeRow
    expected: Expected
    planned: PlannedTake | None
    """None for a paid take that is no longer wanted: it is fetched, and never submitted."""


class Frame(NamedTuple):
    """The last frame of a take, as a picture that can be given."""

    source: int
    """The take, by ledger key."""
    sha256: str
    """Of the picture (hex)."""
    url: str
    """As a planned request names a local file."""


class NoFrame(NamedTuple):
    """A shot cannot be continued."""

    why: str
    for_good: bool
    """All its takes have ended without a clip; else there may be one in a later run."""


@dataclass(frozen=True, slots=True)
class Spending:
    """What only a run that submits has. `collect` has none of it."""

    client: Client
    references: References
    frame: Callable[[str], Awaitable[Frame | NoFrame]]
    """The last frame of a shot's good take, by shot id."""


@dataclass(frozen=True, slots=True)
class Means:
    """The tools of a run, shared by all its takes."""

    spending: Spending | None
    """None where nothing may be submitted."""
    reader: Callable[[str | None], Reader | None]
    """By base URL: where a task is asked for; None where the key must not go."""
    download: Callable[[str, Path], Awaitable[Fetched]]
    """A link into a part file; no key goes with it."""
    ledger: LedgerThread
    folder: Folder
    posting: Posting
    slots: Callable[[str], Slots]
    """By model: limits belong to models, and so do windows."""
    watch: Watch
    budget: Budget
    finish: Callable[[Path, Path, Expected], Awaitable[Finished]]
    stop: Stop
    mark: str
    """The account mark of the key in use."""
    downloads: asyncio.Semaphore
    clock: Callable[[], float]
    """Seconds since 1970 UTC."""
    say: Callable[[str], None]
    """A sentence for the person who waits."""
    grace: float
    left: dict[int, str] = field(default_factory=dict)
    """What this run had to leave unfinished, by ledger key, with the reason in words. It is for
    people: nothing is decided by it."""
    sentinels: set[str] = field(default_factory=set)
    """Shots of which one more take may be submitted although another is in doubt: the list can
    only be trusted once it shows a task of ours."""
    echoes: set[str] = field(default_factory=set)
    """Base URLs known to echo prompts unchanged."""
