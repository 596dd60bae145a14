"""The words of a shot list as a prompt: plain characters escaped, people mentioned as cast."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from r2vbatch.manifest.problems import folded, nfc

_BETWEEN = re.compile(r"[,;|/&+\n、，；]|\band\b", re.IGNORECASE)
_NO_WORD_BEFORE, _NO_WORD_BEHIND = "(?<![A-Za-z0-9_@])", "(?![A-Za-z0-9_\u0300-\u036f])"
"""Names of other scripts stand without blanks in a text; a letter's marks belong to the letter."""
_HEARD = re.compile(r"\s*\((?:v\.?o|o\.?[sc]|cont['’]?d)\.?\)", re.IGNORECASE)
"""What screenplays put behind a name, which is no part of it: ``(V.O.)``, ``(O.S.)``."""
_SPOKEN = re.compile(r"\s*([^:：\n]{1,40})[:：]\s*(.+)", re.DOTALL)


def sentences(cells: Mapping[str, str]) -> Iterator[str]:
    """What is seen and heard, apart from the camera, as sentences."""
    if description := _flat(cells.get("description", "")):
        yield _ended(description)
    if setting := _flat(cells.get("setting", "")):
        yield _ended(f"Setting: {setting}")
    for line in cells.get("dialogue", "").splitlines():
        spoken = _SPOKEN.fullmatch(line)
        words = _flat(spoken[2] if spoken else line).strip("\"“”'")
        if words:
            yield f'{_flat(spoken[1])} says: "{words}"' if spoken else f'Dialogue: "{words}"'


def _flat(text: str) -> str:
    return " ".join(text.split())


def _ended(sentence: str) -> str:
    return sentence if sentence[-1] in '.!?…。！？"”' else f"{sentence}."


def people(cell: str) -> list[str]:
    """The names in a cell, each once."""
    found = (" ".join(part.split()) for part in _BETWEEN.split(_HEARD.sub("", cell)))
    return list({cast_name(name): name for name in found if cast_name(name)}.values())


def cast_name(person: str) -> str:
    """A person's name as a member of the cast; empty if nothing of it can be used."""
    name = re.sub(r"[^\w-]+", "_", nfc(person).lower()).strip("_-")
    return f"{name}_" if name == "previous" else name


def prompt(text: str, people: Sequence[str]) -> tuple[str, bool]:
    """`text` as a prompt, with the names of `people` as mentions and all else taken literally;
    and whether some had to be added, because the text does not name them."""
    names = {folded(person): cast_name(person) for person in people}
    made, missing, done = "", dict.fromkeys(names.values()), 0
    for found in _named(people).finditer(text) if people else ():
        if name := names.get(folded(found[0])):
            made += f"{_literal(text[done : found.start()])}@{name}"
            missing.pop(name, None)
            done = found.end()
    made += _literal(text[done:])
    if not missing:
        return made, False
    *first, last = (f"@{name}" for name in missing)
    return f"{made} With {', '.join(first) + ' and ' if first else ''}{last}.", True


def _named(people: Sequence[str]) -> re.Pattern[str]:
    names = "|".join(map(re.escape, sorted(people, key=len, reverse=True)))
    return re.compile(f"{_NO_WORD_BEFORE}(?:{names}){_NO_WORD_BEHIND}", re.IGNORECASE)


def _literal(text: str) -> str:
    return text.replace("@", "@@").replace("$", "$$")
