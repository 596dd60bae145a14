"""Each entry of `shots` to Shots: form, references, settings, variations, prompts.

Every check runs whatever the others found. A shot that cannot be named or has nothing to ask
for is left out of the result, after all of it was checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Literal

from r2vbatch.manifest import ids
from r2vbatch.manifest.casting import cast_references, read_previous
from r2vbatch.manifest.mentions import read_prompt
from r2vbatch.manifest.model import PromptText, Reference, Shot
from r2vbatch.manifest.problems import Problems, nfc
from r2vbatch.manifest.references import FRAMES, read_reference
from r2vbatch.manifest.section import Origins, Section
from r2vbatch.manifest.surroundings import Surroundings, either
from r2vbatch.manifest.texts import Variable, substitute
from r2vbatch.manifest.variables import is_variable, read_variations

SETTINGS = (
    "size",
    "resolution",
    "ratio",
    "duration",
    "audio",
    "shot_type",
    "prompt_extend",
    "watermark",
    "seed",
)
Form = Literal["cast", "reference"]


def check_defaults(defaults: Section, problems: Problems) -> None:
    """What is wrong with `defaults` whether or not a shot uses it."""
    _check_level(defaults, problems)


def read_shot(section: Section, around: Surroundings) -> Iterator[Shot]:
    """The variations of one shot (one, if it does not vary) that can be named and asked for."""
    problems, defaults = around.problems, around.defaults
    _check_level(section, problems)
    base_id = ids.read_id(section, problems)
    origins = Origins(section, defaults)
    form = _form(section, defaults)
    settings = _settings(section, defaults)
    takes = either("takes", section, defaults).scalar("takes")
    notes = either("notes", section, defaults).text("notes")
    model = either("model", section, defaults).text("model") or around.model
    after = tuple(nfc(name) for name, _ in either("after", section, defaults).items("after"))
    continues = read_previous(section, around)
    first_frame = _first_frame(section, around)
    vary = section.section("vary")
    used: set[str] = set()
    for suffix, values in read_variations(vary, problems):
        variables = {**around.variables, **values} if values else around.variables
        negative = _negative(section, defaults, variables, used, problems)
        prompt, references = _asked(section, form, variables, used, around)
        if base_id is None or prompt is None:
            continue
        yield Shot(
            id=base_id + suffix,
            base_id=base_id,
            form=form,
            model=model,
            prompt=prompt,
            negative_prompt=negative,
            references=references,
            first_frame=first_frame,
            settings=settings,
            takes=takes if isinstance(takes, int) else 1,
            after=after,
            continues=continues.frame_of if continues else None,
            notes=notes,
            origins=origins,
        )
    around.used |= used
    if section.text("prompt") is not None:
        _unused(vary, used, problems)


def _check_level(section: Section, problems: Problems) -> None:
    """Keys that exclude each other on one level."""
    if section.has("size"):
        for key in ("resolution", "ratio"):
            if section.has(key):
                problems.add(
                    section.key_origin(key),
                    f"size and {key} cannot stand together",
                    rule="size-and-resolution",
                    hint="keep size, or resolution with ratio",
                )
    if section.has("cast") and section.has("references"):
        problems.add(
            section.key_origin("references"),
            "cast and references cannot stand together",
            rule="two-forms",
            hint="keep cast and mention its names with @, or keep references and write character1",
        )


def _form(section: Section, defaults: Section) -> Form:
    for level in (section, defaults):
        if level.has("cast"):
            return "cast"
        if level.has("references"):
            return "reference"
    return "cast"


def _settings(section: Section, defaults: Section) -> dict[str, Any]:
    hidden: tuple[str, ...] = ()
    if section.has("size"):
        hidden = ("resolution", "ratio")
    elif section.has("resolution") or section.has("ratio"):
        hidden = ("size",)
    settings: dict[str, Any] = {}
    for key in SETTINGS:
        level = section if section.has(key) else defaults
        if level.has(key) and not (level is defaults and key in hidden):
            value = level.scalar(key)
            if value is not None:
                settings[key] = value
    return settings


def _negative(
    section: Section,
    defaults: Section,
    variables: Mapping[str, Variable],
    used: set[str],
    problems: Problems,
) -> str | None:
    level = either("negative_prompt", section, defaults)
    text = level.text("negative_prompt")
    if text is None:
        return None
    result = substitute(text, level.origin("negative_prompt"), variables, problems)
    used |= result.used
    return result.text


def _asked(
    section: Section,
    form: Form,
    variables: Mapping[str, Variable],
    used: set[str],
    around: Surroundings,
) -> tuple[PromptText | None, tuple[Reference, ...]]:
    """The prompt and the references of one variation."""
    problems = around.problems
    written = section.text("prompt")
    text, origin, names, sound = substitute(
        written or "", section.origin("prompt"), variables, problems
    )
    used |= names
    if written is not None and sound and not text.strip():
        hint = "say what is asked for"
        problems.add(section.origin("prompt"), "prompt is empty", rule="empty", hint=hint)
        written = None
    if form == "reference":
        references = _written_references(section, around)
        previous = read_previous(section, around)
        if previous:
            references = (*references, replace(previous, name=None))
        return (PromptText((text,), origin) if written else None), references
    prompt, found_all = read_prompt(text, origin, around.names, problems)
    sound = sound and found_all and written is not None
    references = cast_references(section, prompt, sound, around)
    return (prompt if written else None), references


def _first_frame(section: Section, around: Surroundings) -> Reference | None:
    """The picture that the clip opens on; not of `defaults`, for no two shots open alike."""
    text, origin = section.text("first_frame"), section.origin("first_frame")
    if text is None:
        return None
    return read_reference(text, "image", None, origin, around.folder, around.problems, FRAMES)


def _written_references(section: Section, around: Surroundings) -> tuple[Reference, ...]:
    if not section.has("references"):
        if around.references_of_defaults is None:
            around.references_of_defaults = _read_references(around.defaults, around)
        return around.references_of_defaults
    return _read_references(section, around)


def _read_references(section: Section, around: Surroundings) -> tuple[Reference, ...]:
    read = (
        read_reference(text, None, None, origin, around.folder, around.problems)
        for text, origin in section.items("references")
    )
    return tuple(reference for reference in read if reference is not None)


def _unused(vary: Section, used: set[str], problems: Problems) -> None:
    for key in vary.names():
        if is_variable(key) and nfc(key) not in used and vary.node(key) is not None:
            problems.add(
                vary.key_origin(key),
                f"{key} varies, but the prompt never takes it",
                rule="unused-name",
                hint=f"write ${{{key}}} where its values should go",
                severity="warning",
            )
