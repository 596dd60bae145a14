"""Drafts to the text of a manifest, with a comment wherever something was guessed.

Written by hand rather than dumped: comments and the order of keys are the point of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import yaml

from r2vbatch.catalogue import Model
from r2vbatch.shotlist.camera import ROLES
from r2vbatch.shotlist.drafts import LOOK, Draft
from r2vbatch.shotlist.reading import ShotList
from r2vbatch.visible import visible

_USED_FOR = {
    "project": "the title",
    "episode": "the id",
    "sequence": "the id",
    "shot": "the id",
    "dialogue": "the prompt",
    "description": "the prompt",
    "setting": "the prompt",
    "cast": "the cast, and mentions in the prompt",
    "frames": "the duration",
    "frame_in": "the duration, where frames are not counted",
    "frame_out": "the duration, where frames are not counted",
    "fps": "the duration",
    "duration": "the duration, where frames are not counted",
    "notes": "notes",
    **dict.fromkeys(ROLES, "the prompt"),
}


def manifest_text(found: ShotList, drafts: Sequence[Draft], model: Model, schema: str) -> str:
    """The manifest, for editors that know it by the URL `schema`."""
    return "".join(f"{line}\n" for line in _lines(found, drafts, model, schema))


def _lines(found: ShotList, drafts: Sequence[Draft], model: Model, schema: str) -> Iterator[str]:
    yield f"# yaml-language-server: $schema={schema}"
    yield "#"
    yield from map(_comment, _story(found, drafts))
    yield "version: 1"
    title = next((row.cells["project"] for row in found.rows if "project" in row.cells), "")
    if title:
        yield f"title: {_quoted(title)}"
    yield f"model: {model.name}"
    yield "endpoint: preview"
    yield ""
    yield "# Who and what may appear: put a picture here for each, or say video: and give a video."
    yield "cast:"
    for name in dict.fromkeys(name for draft in drafts for name in draft.cast) or (LOOK,):
        about = "  # for shots that name nobody: a place, or the style" if name == LOOK else ""
        yield f"  {_key(name)}: {{image: refs/{name}.png}}{about}"
    yield ""
    yield "defaults:"
    yield "  resolution: 720P"
    yield '  ratio: "16:9"'
    yield f"  duration: {model.default('duration')}    # where the list tells no length"
    yield ""
    yield "shots:"
    for draft in drafts:
        yield from _shot(draft)


def _story(found: ShotList, drafts: Sequence[Draft]) -> Iterator[str]:
    """What was done, and what is left to do."""
    shots = f"{len(drafts)} shot{'s' * (len(drafts) != 1)}"
    yield f"From {found.file.name} by `r2vbatch import`: {shots}. Left to do:"
    yield "  1. a reference for each member of the cast, at the paths below or at others"
    yield "  2. read the prompts; what was guessed or changed is said behind a # at its place"
    yield "  3. `r2vbatch check` says what is missing, `r2vbatch run` shows it all as slates, free"
    yield ""
    yield "What the columns of the list became:"
    for role, name in found.names.items():
        yield f"  {name}: {_USED_FOR[role]}"
    if found.left_out:
        yield f"Left out: {', '.join(dict.fromkeys(found.left_out))}"
    yield ""


def _comment(line: str) -> str:
    return f"# {visible(' '.join(line.splitlines()))}".rstrip()


def _shot(draft: Draft) -> Iterator[str]:
    values: Mapping[str, str] = {
        "id": _key(draft.id),
        "prompt": _quoted(draft.prompt),
        "duration": "" if draft.duration is None else str(draft.duration),
        "notes": _quoted(draft.notes) if draft.notes else "",
    }
    mark = "- "
    for key, value in values.items():
        comment = draft.comments.get(key, "")
        if comment and (key == "prompt" or not value):
            yield f"    {_comment(comment)}"
            comment = ""
        if value:
            yield f"  {mark}{key}: {value}" + (f"  {_comment(comment)}" if comment else "")
            mark = "  "


def _key(text: str) -> str:
    """`text` as a plain word if YAML takes it for that very text, else in quotes."""
    plain = text.replace("_", "").replace("-", "").replace(".", "")
    is_word = plain.isalnum() and text[0].isalpha()
    return text if is_word and yaml.safe_load(text) == text else _quoted(text)


def _quoted(text: str) -> str:
    made: str = yaml.safe_dump(text, default_style='"', allow_unicode=True, width=10**9)
    return made.strip()
