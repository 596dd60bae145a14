"""Who of the cast is given to the model for a shot, and in which order: the `cast` list, else the
order of first mention in the prompt."""

from __future__ import annotations

from collections.abc import Mapping

from r2vbatch.manifest.model import Mention, PromptText, Reference
from r2vbatch.manifest.problems import Problems, nfc
from r2vbatch.manifest.section import Section
from r2vbatch.manifest.surroundings import Surroundings, either


def cast_references(
    section: Section, prompt: PromptText, sound: bool, around: Surroundings
) -> tuple[Reference, ...]:
    """The references of a shot in cast form: the `cast` list, else by first mention."""
    problems, defaults = around.problems, around.defaults
    mentioned = dict.fromkeys(part.name for part in prompt.parts if isinstance(part, Mention))
    if "previous" in mentioned:
        del mentioned["previous"]
        _check_previous(section, prompt, around)
    level = either("cast", section, defaults)
    names = list(mentioned)
    if level.has("cast"):
        names = _listed_names(level, around)
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
    found = (around.cast.get(name) for name in names)
    return tuple(reference for reference in found if reference is not None)


def _check_previous(section: Section, prompt: PromptText, around: Surroundings) -> None:
    if section.has("continues") or around.defaults.has("continues"):
        return
    offset = prompt.offset_of("previous")
    around.problems.add(
        prompt.origin,
        "@previous is the last frame of the shot that this one continues, and it continues none",
        rule="unknown-mention",
        hint="the name previous is reserved for continues:, which comes with a later version",
        offset=offset,
        width=len("@previous"),
    )


def _listed_names(level: Section, around: Surroundings) -> list[str]:
    """The names of an explicit `cast` list that are in the cast."""
    names: list[str] = []
    for text, origin in level.items("cast"):
        name = nfc(text)
        if name in names:
            around.problems.add(
                origin,
                f"{name} stands in this list twice",
                rule="duplicate-cast",
                hint="each reference is sent once; remove one",
            )
        elif name in around.cast:
            names.append(name)
        else:
            near = around.problems.suggestion(name.removeprefix("@"), around.cast)
            around.problems.add(
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
        if name not in names:
            problems.add(
                prompt.origin,
                f"@{name} is mentioned, but not in this shot's cast list",
                rule="not-listed",
                hint=f"add it: {level.pair('cast', [*names, name])}",
                offset=prompt.offset_of(name),
                width=len(name) + 1,
            )
