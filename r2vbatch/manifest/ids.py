"""Shot ids: they name files, on every system, so they are held to what all systems allow."""

from __future__ import annotations

import re
from collections.abc import Iterable

from r2vbatch.manifest.model import Shot
from r2vbatch.manifest.problems import Problems, folded, nfc
from r2vbatch.manifest.references import is_name
from r2vbatch.manifest.section import Section

LONGEST = 100
"""Characters; a file name of 255 bytes holds that many in most scripts, and a suffix."""

_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?\Z", re.IGNORECASE)


def read_id(section: Section, problems: Problems) -> str | None:
    """The id of a shot (NFC), or None, noted, if it cannot name a file."""
    text = section.text("id")
    if text is None:
        return None
    shot_id = nfc(text)
    if fault := _fault(shot_id):
        message, hint = fault
        problems.add(section.origin("id"), message, rule="bad-id", hint=hint)
        return None
    return shot_id


def _fault(text: str) -> tuple[str, str] | None:
    letters = "ids name files: letters, digits, . _ and - only"
    if not is_name(text.replace(".", "_")):
        wrong = next(c for c in text if not is_name(c) and c != ".")
        what = "a space" if wrong == " " else wrong
        better = _without_others(text)
        return f"an id cannot hold {what}", f"{letters}, such as {better}" if better else letters
    if text[0] in ".-":
        return f"an id cannot begin with {text[0]}", letters + ", and a letter or digit first"
    if text[-1] == ".":
        return "an id cannot end with a dot", letters
    if len(text) > LONGEST:
        return f"an id cannot be longer than {LONGEST} characters", f"this one has {len(text)}"
    if _RESERVED.match(text):
        name = text.split(".")[0]
        return f"Windows reserves the name {name} and could not store this clip", f"try {name}_1"
    return None


def _without_others(text: str) -> str:
    return re.sub(r"[^\w.-]+", "_", text).strip("._-")


def nearest_id(text: str) -> str:
    """What comes nearest to `text` and can be an id; empty if nothing does."""
    near = _without_others(nfc(text))[: LONGEST - 10].rstrip("._-")
    if near and _RESERVED.match(near):
        near = f"{near.split('.')[0]}_1{near[len(near.split('.')[0]) :]}"
    return near if near and _fault(near) is None else ""


def check_unique(shots: Iterable[Shot], problems: Problems) -> list[Shot]:
    """The shots that share no id with an earlier entry, without regard to case; of the others the
    first of each entry is noted. An entry that varies has its own id, too: `after` and the verbs
    mean all its variations by it."""
    first: dict[str, Shot] = {}
    noted: Shot | None = None
    kept = []
    for shot in shots:
        taken = [id for id in (shot.id, shot.base_id) if _other(first, id, shot)]
        if not taken:
            kept.append(shot)
        elif noted is None or noted.origins is not shot.origins:
            noted = shot
            _note_taken(shot, taken[0], first[folded(taken[0])], problems)
    return kept


def _other(first: dict[str, Shot], id: str, shot: Shot) -> bool:
    """Whether an earlier entry has `id`; where none has, it is `shot`'s from now on."""
    return first.setdefault(folded(id), shot).origins is not shot.origins


def _note_taken(shot: Shot, id: str, other: Shot, problems: Problems) -> None:
    theirs = other.id if folded(other.id) == folded(id) else other.base_id
    same = "" if theirs == id else f" as {theirs}"
    problems.add(
        shot.where("id"),
        f"the id {id} is already taken",
        rule="duplicate-id",
        hint=f"line {other.where('id').at().line} has it{same}; ids must differ in more than case",
    )


def check_after(
    sections: Iterable[Section], written: Iterable[str], shots: Iterable[Shot], problems: Problems
) -> None:
    """Note every `after` that names no shot. `written` are ids as written, usable or not."""
    known = dict.fromkeys(nfc(text) for text in written)
    everything = {*known, *(shot.id for shot in shots)}
    for section in sections:
        for text, origin in section.items("after"):
            if nfc(text) not in everything:
                problems.add(
                    origin,
                    f"there is no shot {text}",
                    rule="unknown-shot",
                    hint=problems.suggestion(text, known) or "after takes ids of other shots",
                )


def check_continues(
    sections: Iterable[Section], written: Iterable[str], shots: Iterable[Shot], problems: Problems
) -> None:
    """Note every `continues` that names no shot, or one with variations: which would be meant?"""
    varied: dict[str, list[str]] = {}
    for shot in shots:
        varied.setdefault(shot.base_id, []).append(shot.id)
    known = dict.fromkeys(nfc(text) for text in written)
    everything = {*known, *(id for ids in varied.values() for id in ids)}
    for section in sections:
        text, origin = section.text("continues"), section.origin("continues")
        if text is None:
            continue
        ids = varied.get(nfc(text), [])
        if len(ids) > 1:
            problems.add(
                origin,
                f"{text} has {len(ids)} variations, and a shot continues one",
                rule="unknown-shot",
                hint=f"name one of them: {', '.join(ids[:4])}{' …' if len(ids) > 4 else ''}",
            )
        elif nfc(text) not in everything:
            problems.add(
                origin,
                f"there is no shot {text}",
                rule="unknown-shot",
                hint=problems.suggestion(text, known) or "continues takes the id of another shot",
            )
