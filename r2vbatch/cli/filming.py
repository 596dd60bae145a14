"""What is said of a film: while it is made, where that takes long, and when it is there."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from r2vbatch.cli.text import counted, named, place, say
from r2vbatch.progress import clock

if TYPE_CHECKING:
    from r2vbatch.batch.delivering import Delivery
    from r2vbatch.film import Watch

_OFTEN = 5.0
"""Seconds between two sentences."""


def watch() -> Watch:
    """Tells on stderr how far it is; Ctrl-C ends it."""
    from r2vbatch.film import Watch

    said = time.monotonic()

    def tell(what: str, done: int, total: int) -> None:
        nonlocal said
        if time.monotonic() - said >= _OFTEN:
            said = time.monotonic()
            say(f"film: {done} of {counted(total, 'shot')} {what}", err=True)

    return Watch(halted=lambda: False, tell=tell)


def film_lines(delivery: Delivery, where: Path) -> Iterator[str]:
    """What there is of the film, and what is not."""
    if delivery.files:
        files = ", ".join(place(where / name) for name in delivery.files)
        slates = f", {counted(delivery.slates, 'slate')} among them" if delivery.slates else ""
        length = clock(delivery.seconds)
        yield f"film: {counted(delivery.shots, 'shot')}{slates}, {length}; {files}"
    else:
        yield "no film: there is no clip and no slate to cut"
    if delivery.missing:
        yield (
            f"left out, having neither clip nor slate: {counted(len(delivery.missing), 'shot')}"
            f" ({named(delivery.missing)})"
        )
    yield from delivery.troubles
