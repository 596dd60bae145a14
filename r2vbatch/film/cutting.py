"""Which clip or slate of each shot goes into the film, once their files were looked at."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from r2vbatch.film.model import FilmShot, Footage
from r2vbatch.film.reel import Cut, Watch
from r2vbatch.film.survey import Survey, Unreadable, survey
from r2vbatch.film.timeline import Place, Strip
from r2vbatch.storage import Folder


@dataclass
class Cutting:
    """What the film is made of, and what is wrong with the rest."""

    cuts: list[Cut] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    """Ids of shots of which there is nothing to show."""
    broken: dict[Path, str] = field(default_factory=dict)
    """Files that cannot be read, each with the reason in words."""


def cut(
    shots: Sequence[FilmShot], root: Path, watch: Watch, broken: Collection[Unreadable] = ()
) -> Cutting:
    """The best of each shot that can be read; `broken` are files that turned out not to be.

    Raises `Stopped`.
    """
    found = Cutting(broken={each.file: each.why for each in broken})
    for number, shot in enumerate(shots):
        watch.tell("looked at", number, len(shots))
        watch.onward()
        for footage in shot.choices:
            file = Folder(root).path(footage.file)
            if file in found.broken:
                continue
            try:
                found.cuts.append(Cut(shot, footage, survey(file)))
                break
            except Unreadable as problem:
                found.broken[file] = problem.why
        else:
            found.missing.append(shot.id)
    return found


def on_timeline(cuts: Iterable[Cut], root: Path, watch: Watch) -> list[Place]:
    """The cuts with those takes beside them that were not chosen and can be read. Slates are no
    alternative to a clip. Raises `Stopped`."""
    places = []
    for each in cuts:
        watch.onward()
        others = []
        for footage in each.shot.others:
            if footage.preview is each.footage.preview and footage is not each.footage:
                with suppress(Unreadable):
                    others.append(_strip(footage, survey(Folder(root).path(footage.file))))
        places.append(Place(_strip(each.footage, each.clip), others))
    return places


def _strip(footage: Footage, clip: Survey) -> Strip:
    look = clip.picture
    return Strip(footage, max(1, clip.frames), look.width, look.height, clip.sound is not None)
