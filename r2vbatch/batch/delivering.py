"""What a director, a client and an editor get of an output folder: reel, timelines, contact sheet.

Made from the ledger and the clips alone, by a run at its end or by ``film`` at any time, also while
a batch runs in another process: the ledger is only read. What did not change is not made again: a
run that has nothing to do must not wait for its film.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from r2vbatch.batch.job import Job
from r2vbatch.batch.lock import locked
from r2vbatch.errors import OutputUnavailable
from r2vbatch.film import (
    FORMS,
    SHOP,
    Cut,
    Cutting,
    FilmShot,
    Made,
    Unreadable,
    Watch,
    cut,
    film_of,
    on_timeline,
    write_reel,
    written,
)
from r2vbatch.film.prompts import written as storyboard
from r2vbatch.film.report import NAME as PAGE
from r2vbatch.film.report import write_report
from r2vbatch.ledger import Ledger
from r2vbatch.manifest.model import Manifest
from r2vbatch.storage import Folder, unwritable

REEL = "reel.mp4"
_TIMELINE = "timeline.{}"
_NAMED = 5
"""Files that are named where many have one trouble."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What there is of a film."""

    files: tuple[str, ...] = ()
    """Names in the output folder; without a reel where there is nothing to cut."""
    shots: int = 0
    """Shots in the film."""
    slates: int = 0
    """Slates among them that stand in for clips; of a film of slates alone, none."""
    seconds: float = 0.0
    missing: tuple[str, ...] = ()
    """Ids of shots that are left out: there is neither a clip nor a slate."""
    troubles: tuple[str, ...] = ()
    """What else a person should know, in sentences."""

    @classmethod
    def of(cls, told: dict[str, Any]) -> Delivery:
        """What `asdict` and JSON made of one. Else raises KeyError, TypeError or ValueError."""
        lists = {name: tuple(map(str, v)) for name, v in told.items() if isinstance(v, list)}
        shots, slates, seconds = (float(told[n]) for n in ("shots", "slates", "seconds"))
        if not all(map(math.isfinite, (shots, slates, seconds))):
            raise ValueError("not of a film")
        return cls(
            lists["files"], int(shots), int(slates), seconds, lists["missing"], lists["troubles"]
        )


def delivered(job: Job, watch: Watch) -> Delivery:
    """What a run leaves at its end: `deliver` for its folder. Where that cannot be done, it is a
    trouble to be told; the run itself is none the worse for it. Raises `Stopped`."""
    try:
        return deliver(job.ledger, job.folder, watch, manifest=job.plan.manifest)
    except OutputUnavailable as problem:
        return Delivery(troubles=(problem.message,))


def deliver(
    ledger: Ledger,
    folder: Folder,
    watch: Watch,
    *,
    timelines: Sequence[str] = ("otio",),
    manifest: Manifest | None = None,
    anew: bool = False,
) -> Delivery:
    """Make the film and the contact sheet of a folder where something changed since; `anew`: the
    film in any case.

    `timelines`: in which forms (``otio``, ``edl``, ``fcpxml``); those made before stay current.
    `manifest`: the one of the last run, where it is at hand. Raises `Stopped`, and
    `OutputUnavailable` where the folder cannot be written to, or another process makes its film.
    """
    foreign = write_report(ledger, folder, manifest) == "foreign"
    title = storyboard(ledger, manifest).title or folder.root.name
    film = _film(ledger, folder, watch, timelines, title, anew=anew)
    if foreign:
        return replace(film, troubles=(*film.troubles, *_taken([PAGE])))
    return replace(film, files=(*film.files, PAGE))


def _film(
    ledger: Ledger, folder: Folder, watch: Watch, timelines: Sequence[str], title: str, *,
    anew: bool,
) -> Delivery:  # fmt: skip
    made, revision = Made.read(folder), ledger.revision()
    every = map(_TIMELINE.format, FORMS)
    before = [name for name in every if name in made.marks and folder.exists(name)]
    wanted = {REEL, *map(_TIMELINE.format, timelines), *before}
    if not anew and made.revision == revision and made.told.get("title") == title:
        with suppress(KeyError, TypeError, ValueError):
            told = Delivery.of(made.told)
            there = wanted.issuperset(told.files) and made.left(folder, wanted)
            if there or not told.shots:
                return told
    try:
        with _alone(folder):
            made = Made.read(folder)
            shots = film_of(ledger.storyboard(), ledger.notes())
            names = sorted(wanted - {REEL})
            delivery = _made(shots, folder, made, names, title, watch, anew=anew)
            made.revision, made.told = revision, {**asdict(delivery), "title": title}
            made.write(folder)
            return delivery
    except OSError as problem:
        raise unwritable(folder.root, problem) from problem


@contextmanager
def _alone(folder: Folder) -> Iterator[None]:
    """Nobody else makes the film of this folder meanwhile."""
    shop = folder.path(SHOP)
    shop.mkdir(exist_ok=True)
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(shop))
        except OutputUnavailable as problem:
            raise OutputUnavailable(
                f"the film of {folder.root} cannot be made now: {problem.message}",
                hint="when the other one is made, `r2vbatch film` makes it anew",
            ) from problem
        yield


def _made(
    shots: Sequence[FilmShot],
    folder: Folder,
    made: Made,
    timelines: Sequence[str],
    title: str,
    watch: Watch,
    *,
    anew: bool,
) -> Delivery:
    """Make what is to be made; what stands in the way of one file does not hold up another."""
    cutting = _reel(shots, folder, made, watch, anew=anew)
    cuts = cutting.cuts
    if not cuts:
        return Delivery(missing=tuple(cutting.missing), troubles=tuple(_broken(cutting)))
    places = on_timeline(cuts, folder.root, watch)
    for name in timelines:
        part = folder.path(f"{SHOP}/{name}.part")
        text = written(places, title, name.rpartition(".")[2])
        part.write_text(text, encoding="utf-8", newline="")
        made.publish(folder, part, name)
    names = (REEL, *timelines)
    taken = [name for name in names if not made.left(folder, [name])]
    slates = sum(each.footage.preview for each in cuts)
    return Delivery(
        files=tuple(name for name in names if name not in taken),
        shots=len(cuts),
        slates=slates if slates < len(cuts) else 0,
        seconds=float(sum(each.clip.seconds for each in cuts)),
        missing=tuple(cutting.missing),
        troubles=(*_broken(cutting), *_taken(taken)),
    )


def _reel(
    shots: Sequence[FilmShot], folder: Folder, made: Made, watch: Watch, *, anew: bool
) -> Cutting:
    """Write the reel, unless it is there and made of the same; what it is made of."""
    part = folder.path(f"{SHOP}/{REEL}.part")
    broken: list[Unreadable] = []
    while True:
        cutting = cut(shots, folder.root, watch, broken)
        digest = _digest(cutting.cuts)
        ours = made.left(folder, [REEL])
        same = ours and made.reel == digest and not anew
        if not cutting.cuts or same or (folder.exists(REEL) and not ours):
            return cutting
        try:
            kept = write_reel(cutting.cuts, folder.path(SHOP), part, watch)
            made.publish(folder, part, REEL)
        except Unreadable as problem:  # looked at it was whole, but it does not decode
            if problem.file not in {each.clip.file for each in cutting.cuts}:
                raise OSError(None, problem.why) from None
            broken.append(problem)
            continue
        finally:
            part.unlink(missing_ok=True)
        made.reel = digest
        _sweep(folder.path(SHOP), kept)
        return cutting


def _sweep(shop: Path, kept: Collection[Path]) -> None:
    """Nothing that is no part of the film is kept."""
    for file in shop.iterdir():
        if file.suffix in {".mp4", ".part"} and file not in kept:
            file.unlink(missing_ok=True)


def _digest(cuts: Iterable[Cut]) -> str:
    """Of what decides how the reel looks."""
    parts = [(c.shot.id, c.footage.file, c.footage.sha256, c.footage.preview) for c in cuts]
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _broken(cutting: Cutting) -> Iterator[str]:
    """Those of one reason together: where a disk is missing, so are all files."""
    by_reason: dict[str, list[str]] = {}
    for file, why in cutting.broken.items():
        by_reason.setdefault(why, []).append(file.name)
    for why, names in by_reason.items():
        left = len(names) - _NAMED
        few = ", ".join(names[:_NAMED]) + (f" and {left} more" if left > 0 else "")
        yield f"{few} cannot be read: {why}"


def _taken(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        yield (
            f"{name} was made or changed by something else, and is left as it is: move it away"
            " to get a new one"
        )
