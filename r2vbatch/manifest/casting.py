"""Who of the cast is given to the model for a shot, and in which order: the `cast` list, else the
order of first mention in the prompt."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from r2vbatch.manifest.model import Mention, PromptText, Reference
from r2vbatch.manifest.problems import Problems, nfc
from r2vbatch.manifest.section import Section
from r2vbatch.manifest.surroundings import Surroundings, either

PREVIOUS = "previous"
"""The reserved name of the last frame of the shot that another one continues."""


def cast_references(
    section: Section, prompt: PromptText, sound: bool, around: Surroundings
) -> tuple[Reference, ...]:
    """The references of a shot in cast form: the `cast` list, else by first mention."""
    problems, defaults = around.problems, around.defaults
    mentioned = dict.fromkeys(part.name for part in prompt.parts if isinstance(part, Mention))
    previous = read_previous(section, around)
    if PREVIOUS in mentioned and previous is None:
        del mentioned[PREVIOUS]
        if not (section.has("continues") or defaults.has("continues")):
            _no_previous(prompt, problems)
    known = {**around.cast, PREVIOUS: previous} if previous else around.cast
    level = either("cast", section, defaults)
    names = list(mentioned)
    if level.has("cast"):
        names = _listed_names(level, known, problems)
        if level.node("cast") is not None:
            _check_listed(names, mentioned, prompt, level, problems)
    elif not names and sound and not (section.has("continues") or defaults.has("continues")):
        problems.add(
            section.origin("prompt"),
            "this shot has no reference",
            rule="no-reference",
            hint="mention a cast name in the prompt, such as @"
            + next(iter(around.cast), "ellen")
            + ", or list cast: or references:",
        )
    if previous and PREVIOUS not in names:
        names.append(PREVIOUS)
    found = (known.get(name) for name in names)
    return tuple(reference for reference in found if reference is not None)


def read_previous(section: Section, around: Surroundings) -> Reference | None:
    """The last frame of the shot that this one continues, if it continues one."""
    level = either("continues", section, around.defaults)
    text = level.text("continues")
    if text is None:
        return None
    shot = nfc(text)
    url = f"oss://PENDING/last-frame/{quote(f'last frame of {shot}', safe='')}"
    origin = level.origin("continues")
    return Reference(PREVIOUS, "image", None, url, origin, frame_of=shot)


def _no_previous(prompt: PromptText, problems: Problems) -> None:
    offset = prompt.offset_of(PREVIOUS)
    problems.add(
        prompt.origin,
        "@previous is the last frame of the shot that this one continues, and it continues none",
        rule="unknown-mention",
        hint="say which: continues: and the id of a shot",
        offset=offset,
        width=len(f"@{PREVIOUS}"),
    )


def _listed_names(
    level: Section, known: Mapping[str, Reference | None], problems: Problems
) -> list[str]:
    """The names of an explicit `cast` list that are in the cast."""
    names: list[str] = []
    for text, origin in level.items("cast"):
        name = nfc(text)
        if name in names:
            problems.add(
                origin,
                f"{name} stands in this list twice",
                rule="duplicate-cast",
                hint="each reference is sent once; remove one",
            )
        elif name in known:
            names.append(name)
        else:
            near = problems.suggestion(name.removeprefix("@"), known)
            problems.add(
                origin,
                f"{name} is not in the cast",
                rule="unknown-cast",
                hint=near or "add it under cast:",
            )
    return names


def _check_listed(
    names: list[str],
    mentioned: Mapping[str, None],
    prompt: PromptText,
    level: Section,
    problems: Problems,
) -> None:
    for name in mentioned:
        if name not in names and name != PREVIOUS:
            problems.add(
                prompt.origin,
                f"@{name} is mentioned, but not in this shot's cast list",
                rule="not-listed",
                hint=f"add it: {level.pair('cast', [*names, name])}",
                offset=prompt.offset_of(name),
                width=len(name) + 1,
            )
