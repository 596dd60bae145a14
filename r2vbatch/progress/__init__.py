"""A run as people and programs see it: a bar, plain lines, events.

This room is told of the ledger's transitions and refuses to know where they come from; it writes
to the stream it is given.
"""

from __future__ import annotations

from typing import Literal, TextIO

from r2vbatch.progress.events import Event, Events, json_lines
from r2vbatch.progress.steady import Steady
from r2vbatch.progress.tally import Tally, clock
from r2vbatch.progress.views import Plain, Progress, Silent
from r2vbatch.progress.words import words

__all__ = ["Event", "Events", "Mode", "Progress", "Steady", "Tally", "clock", "progress", "words"]

Mode = Literal["auto", "bar", "plain", "json", "none"]


def progress(mode: Mode, tally: Tally, stream: TextIO | None) -> Steady:
    """What `--progress` asks for: auto is a bar on a terminal and plain lines elsewhere. Without a
    stream (one that is closed) nothing is shown."""
    return Steady(_view(mode, tally, stream) if stream else Silent(tally), tally)


def _view(mode: Mode, tally: Tally, stream: TextIO) -> Progress:
    if mode == "auto":
        mode = "bar" if stream.isatty() else "plain"
    if mode == "bar":
        from r2vbatch.progress.bar import Bar

        return Bar(tally, stream)
    if mode == "plain":
        return Plain(tally, stream)
    return json_lines(tally, stream) if mode == "json" else Silent(tally)
