"""What is said of a film: while it is made, where that takes long, and when it is there."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from r2vbatch.cli.text import command, counted, named, place, say
from r2vbatch.progress import clock

if TYPE_CHECKING:
    from r2vbatch.batch.delivering import Delivery
    from r2vbatch.batch.job import Job
    from r2vbatch.batch.report import Report
    from r2vbatch.film import Watch

_OFTEN = 5.0
"""Seconds between two sentences."""


def filmed(report: Report, job: Job, *, quiet: bool) -> Report:
    """The report of a run, with the film that it leaves. Ctrl-C ends that alone: all else is
    done."""
    from r2vbatch.batch.delivering import Delivery, delivered

    try:
        return replace(report, film=delivered(job, watch(quiet=quiet)))
    except KeyboardInterrupt:
        trouble = f"not made to its end; make it with: {command('film', report.output)}"
        return replace(report, film=Delivery(troubles=(trouble,)), interrupted=True)


def watch(*, quiet: bool = False) -> Watch:
    """Tells on stderr how far it is, unless it should be `quiet`."""
    from r2vbatch.film import Watch

    said = time.monotonic()

    def tell(what: str, done: int, total: int) -> None:
        nonlocal said
        if not quiet and time.monotonic() - said >= _OFTEN:
            said = time.monotonic()
            say(f"film: {done} of {counted(total, 'shot')} {what}", err=True)

    return Watch(halted=lambda: False, tell=tell)


def film_lines(film: Delivery, where: Path) -> Iterator[str]:
    """What there is of the film, and what is not."""
    files = ", ".join(place(where / name) for name in film.files)
    if film.shots:
        slates = f", {counted(film.slates, 'slate')} among them" if film.slates else ""
        yield f"film: {counted(film.shots, 'shot')}{slates}, {clock(film.seconds)}; {files}"
        if film.missing:
            yield (
                f"left out, having neither clip nor slate: {counted(len(film.missing), 'shot')}"
                f" ({named(film.missing)})"
            )
    else:
        yield f"no film: there is nothing to cut{f'; {files}' if files else ''}"
    for trouble in film.troubles:
        yield f"film: {trouble}"
