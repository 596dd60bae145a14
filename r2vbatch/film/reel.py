"""The reel: the circled takes of a film in order, as one file.

Where all are alike they are copied. Else the odd ones are made over to what is most common, and
if that does not make them alike, all are. What was made over is kept beside the film until it is
no longer part of it: who circles another take waits for that take alone.

Slates that stand among clips are marked as such, which means making them over. A film of slates
alone needs no mark beyond the one they were drawn with.
"""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from os import cpu_count
from pathlib import Path
from typing import TypeVar

from r2vbatch.film.joining import alike, join
from r2vbatch.film.model import FilmShot, Footage
from r2vbatch.film.segments import FINE, Target, make_over
from r2vbatch.film.silence import silence
from r2vbatch.film.survey import RATE, Survey, Unreadable, survey

T = TypeVar("T")

VERSION = "reel-1"
"""Enters the name of everything made over; changes when it would look different."""
_THREADS = 4


@dataclass(frozen=True, slots=True)
class Cut:
    """One part of the reel."""

    shot: FilmShot
    footage: Footage
    clip: Survey


class Stopped(Exception):
    """Somebody does not want the film any more."""


@dataclass(frozen=True, slots=True)
class Watch:
    """Whom the work asks whether to go on, and tells how far it is."""

    halted: Callable[[], bool]
    tell: Callable[[str, int, int], None]
    """(what was done, to how many shots, of how many) so far."""

    def onward(self) -> None:
        """Raise `Stopped` where that is wanted."""
        if self.halted():
            raise Stopped


def write_reel(cuts: Sequence[Cut], workshop: Path, part: Path, watch: Watch) -> set[Path]:
    """Write the film to `part`, and return the files in the folder `workshop` that it is made of.

    Raises `Unreadable` for a clip that does not decode, `Stopped`, and OSError where something
    cannot be written.
    """
    joined = count(1)

    def onward() -> None:
        watch.tell("joined", next(joined), len(cuts))
        watch.onward()

    with _as_oserror():
        clips, made = _uniform(cuts, workshop, watch)
        join(clips, [cut.shot.id for cut in cuts], part, onward)
    return made


@contextmanager
def _as_oserror() -> Iterator[None]:
    """What FFmpeg cannot write, as the operating system says it."""
    import av

    try:
        yield
    except av.FFmpegError as problem:
        raise OSError(problem.errno, problem.strerror) from problem


def _uniform(
    cuts: Sequence[Cut], workshop: Path, watch: Watch
) -> tuple[Sequence[Survey], set[Path]]:
    """The clips of the film, all alike, and the files among them that were made over."""
    from r2vbatch.emulator.slate.encode import VIDEO_OPTIONS

    mixed = not all(cut.footage.preview for cut in cuts)
    target = _target([cut.clip for cut in cuts], FINE if mixed else VIDEO_OPTIONS)
    odd = _odd(cuts, mixed=mixed)
    made = _made_over(cuts, odd, target, workshop, watch, mixed=mixed)
    if not alike(_with(cuts, made)):
        rest = [number for number in range(len(cuts)) if number not in made]
        made |= _made_over(cuts, rest, target, workshop, watch, mixed=mixed)
    return _with(cuts, made), {clip.file for clip in made.values()}


def _with(cuts: Sequence[Cut], made: Mapping[int, Survey]) -> list[Survey]:
    return [made.get(number, cut.clip) for number, cut in enumerate(cuts)]


def _odd(cuts: Sequence[Cut], *, mixed: bool) -> list[int]:
    """The numbers of what cannot stay as it is: unlike most others, or a slate among clips."""
    picture = _commonest(cut.clip.picture for cut in cuts)
    sound = _commonest(cut.clip.sound for cut in cuts if cut.clip.sound)
    return [
        number
        for number, cut in enumerate(cuts)
        if (mixed and cut.footage.preview)
        or cut.clip.picture != picture
        or cut.clip.sound not in (None, sound)
        or not alike([cut.clip])
    ]


def _target(clips: Sequence[Survey], options: Mapping[str, str]) -> Target:
    """What is most common among `clips`."""
    width, height = _commonest((c.picture.width & ~1, c.picture.height & ~1) for c in clips) or (
        0,
        0,
    )
    voices = (c.sound for c in clips if c.sound and silence(c.sound))
    hertz, layout = _commonest((v.hertz, v.layout) for v in voices) or (48_000, "stereo")
    rate = _commonest(c.picture.rate for c in clips if c.even) or RATE
    return Target(width & ~1, height & ~1, rate, hertz, layout, tuple(options.items()))


def _commonest(values: Iterable[T]) -> T | None:
    """The first of the values that stand most often; None where there are none."""
    counted = Counter(values).most_common(1)
    return counted[0][0] if counted else None


def _made_over(
    cuts: Sequence[Cut],
    numbers: Sequence[int],
    target: Target,
    workshop: Path,
    watch: Watch,
    *,
    mixed: bool,
) -> dict[int, Survey]:
    """Those of `cuts`, made over side by side where that was not done before."""
    workshop.mkdir(exist_ok=True)
    failed = threading.Event()
    told = Watch(lambda: failed.is_set() or watch.halted(), watch.tell)
    made: dict[int, Survey] = {}
    with ThreadPoolExecutor(min(_THREADS, cpu_count() or 1), "film") as pool:
        work = {
            number: pool.submit(
                _segment, number, cuts[number], target, workshop, told,
                marked=mixed and cuts[number].footage.preview,
            )
            for number in numbers
        }  # fmt: skip
        try:
            for number, future in work.items():
                made[number] = future.result()
                watch.tell("made over", len(made), len(work))
        except BaseException:  # Ctrl-C, too: nobody waits for the rest
            failed.set()
            raise
    return made


def _segment(
    number: int, cut: Cut, target: Target, workshop: Path, watch: Watch, *, marked: bool
) -> Survey:
    """One made over, unless it lies there already; twins are made twice, each for itself."""
    recipe = f"{VERSION} {cut.footage.sha256} {target} {marked}"
    file = workshop / f"{hashlib.sha256(recipe.encode()).hexdigest()[:32]}.mp4"
    with suppress(Unreadable):
        return survey(file)
    watch.onward()
    part = file.with_suffix(f".{number}.part")
    try:
        make_over(cut.clip, target, part, watch.onward, marked=marked)
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    return survey(file)
