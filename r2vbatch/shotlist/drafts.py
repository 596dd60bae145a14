"""Rows of a shot list to shots: ids made valid and unique, prompts put together, lengths fitted.

Every guess leaves a comment for the person who goes on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from r2vbatch.catalogue import Model
from r2vbatch.manifest import ids
from r2vbatch.manifest.problems import folded
from r2vbatch.shotlist import camera, prompts
from r2vbatch.shotlist.lengths import fitted, length, unread
from r2vbatch.shotlist.reading import ShotList

LOOK = "look"
"""The cast name of the picture given to shots that name nobody: a model needs one reference."""


@dataclass(slots=True)
class Draft:
    """A shot as far as the list tells it."""

    id: str
    prompt: str = ""
    """Empty where the list says nothing of what is seen."""
    cast: tuple[str, ...] = ()
    """The cast names in the prompt."""
    duration: int | None = None
    notes: str = ""
    comments: dict[str, str] = field(default_factory=dict)
    """By key: what was guessed or changed."""


def draft(found: ShotList, model: Model) -> list[Draft]:
    """The shots of `found`, in order."""
    taken: set[str] = set()
    episodes = {row.cells.get("episode") for row in found.rows} - {None}
    levels = ("episode", "sequence") if len(episodes) > 1 else ("sequence",)
    made = []
    for number, (line, cells) in enumerate(_carried(found), 1):
        id, comment = _id(cells, levels, number, taken)
        shot = Draft(id, notes=" ".join(cells.get("notes", "").split()))
        if comment:
            shot.comments["id"] = comment
        _set_prompt(shot, line, cells, model)
        _set_duration(shot, cells, model)
        made.append(shot)
    return made


def _carried(found: ShotList) -> Iterator[tuple[int, dict[str, str]]]:
    """The line and the cells of each row; an empty scene is the one above, as in sheets."""
    above: dict[str, str] = {}
    for row in found.rows:
        above |= {role: row.cells[role] for role in ("episode", "sequence") if role in row.cells}
        yield row.line, {**above, **row.cells}


def _id(
    cells: Mapping[str, str], levels: Sequence[str], number: int, taken: set[str]
) -> tuple[str, str]:
    """A valid id that is not `taken` yet, and what to say of it. Adds it to `taken`."""
    shot = cells.get("shot", "")
    parts = [cells[level] for level in levels if level in cells]
    if parts and _holds(shot, parts[-1]):
        parts = parts[:-1]
    written = "_".join([*parts, shot])
    if not shot:
        shot = f"sh{number * 10:03}"
    named = "_".join(
        f"{prefix}{part}" if part.isdecimal() else part
        for part, prefix in zip([*parts, shot], [*["sc"] * len(parts), "sh"], strict=True)
    )
    id = base = ids.nearest_id(named) or f"sh{number * 10:03}"
    count = 1
    while folded(id) in taken:
        count += 1
        id = f"{base}_{count}"
    taken.add(folded(id))
    if count > 1:
        return id, f"{base} stands in the list more than once"
    return id, "" if id == written else f"guess: from {written}" if cells.get("shot") else "guess"


def _holds(shot: str, scene: str) -> bool:
    """Whether the name of a shot begins with its scene's: SQ01_SH010, or 1A."""
    rest = folded(shot).removeprefix(folded(scene))
    return rest != folded(shot) and rest != "" and not rest[0].isdecimal()


def _set_prompt(shot: Draft, line: int, cells: Mapping[str, str], model: Model) -> None:
    seen = [camera.words(cells), *prompts.sentences(cells)]
    told = " ".join(sentence for sentence in seen if sentence)
    if not told:
        shot.comments["prompt"] = f"line {line} of the list does not say what is seen: write it"
        return
    people = prompts.people(cells.get("cast", ""))
    if len(people) > model.naming.at_most:
        most = model.naming.at_most
        left = ", ".join(people[most:])
        shot.comments["prompt"] = f"{model.name} takes {most} references; left out: {left}"
        people = people[:most]
    shot.prompt, unnamed = prompts.prompt(told, people)
    shot.cast = tuple(map(prompts.cast_name, people)) or (LOOK,)
    if not people:
        shot.prompt += f" In the look of @{LOOK}."
    elif unnamed and "prompt" not in shot.comments:
        shot.comments["prompt"] = "guess: the list names them for this shot, its words do not"
    if not cells.get("description"):
        shot.comments["prompt"] = f"no description on line {line} of the list: say what is seen"


def _set_duration(shot: Draft, cells: Mapping[str, str], model: Model) -> None:
    told = length(cells)
    if told is None:
        if said := unread(cells):
            shot.comments["duration"] = f"the list says {said!r} of its length: not understood"
        return
    limits = model.parameters["duration"]
    shot.duration, comment = fitted(told, limits["minimum"], limits["maximum"], model.name)
    if comment:
        shot.comments["duration"] = comment
