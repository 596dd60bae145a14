"""Names without a reference, and references without a name: a rule of ``lint``.

It reads the prompt as it is sent, so it sees what the model will see, whichever form the
shot is written in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache

from r2vbatch.catalogue import Naming
from r2vbatch.diagnostics import Diagnostic
from r2vbatch.manifest.model import diagnose
from r2vbatch.manifest.phrases import short
from r2vbatch.planning.subject import Subject

Name = tuple[str, int]
"""Kind and number, as the model counts; no kind where it numbers images and videos together."""


def names(subject: Subject) -> Iterator[Diagnostic]:
    """The prompt names what is not there, or never speaks of what is."""
    numbered = _numbered(subject)
    spoken_of: set[Name] = set()
    for kind, finder in _finders(subject.model.naming):
        for match in finder.finditer(subject.prompt):
            name = kind, _number(match[1])
            spoken_of.add(name)
            if name not in numbered:
                yield _out_of_range(subject, kind, match, numbered)
    for name, position in numbered.items():
        if name not in spoken_of:
            yield from _never_named(subject, position)


def _out_of_range(
    subject: Subject, kind: str, match: re.Match[str], numbered: Mapping[Name, int]
) -> Diagnostic:
    there = sum(kind == other for other, _ in numbered)
    given = f"{there} {kind or 'reference'}{'' if there == 1 else 's'}"
    return subject.at_prompt(
        match.start(),
        len(match[0]),
        f"the prompt names {short(match[0])}, but the shot has {given}",
        rule="reference-out-of-range",
        hint="they are numbered from 1, in the order given",
    )


def _never_named(subject: Subject, position: int) -> Iterator[Diagnostic]:
    shot, reference = subject.shot, subject.sent[position]
    if reference.name and reference.name.casefold() in subject.prompt.casefold():
        return  # a background is often spoken of in plain words
    who = reference.name or reference.token
    in_list = shot.form == "cast" and "cast" in shot.origins
    yield diagnose(
        shot.where("cast") if in_list else subject.given.references[position].origin,
        f"{who} is given to the model, but the prompt never names it",
        rule="reference-never-named",
        hint=f"fine for a background; else name it: {'@' if reference.name else ''}{who}",
        severity="warning",
    )


def _numbered(subject: Subject) -> dict[Name, int]:
    """Each name that means a reference, and the position of that."""
    numbered: dict[Name, int] = {}
    counts: dict[str, int] = {}
    for position, reference in enumerate(subject.references):
        kind = "" if subject.model.naming.shared else reference.kind or "image"
        counts[kind] = counts.get(kind, 0) + 1
        numbered[kind, counts[kind]] = position
    return numbered


def _number(digits: str) -> int:
    """Of a name. Nobody has a tenth digit, and Python reads no number of some thousands."""
    return int(digits[:10])


@cache
def _finders(naming: Naming) -> tuple[tuple[str, re.Pattern[str]], ...]:
    patterns = [("", naming.names["image"])] if naming.shared else list(naming.names.items())
    patterns += [(kind, also) for kind, all_also in naming.also.items() for also in all_also]
    return tuple((kind, _finder(pattern)) for kind, pattern in patterns)


def _finder(pattern: str) -> re.Pattern[str]:
    before, _, after = pattern.partition("{n}")
    first, rest = before[0], re.escape(before[1:].rstrip())
    if before.isascii():
        # a Latin name begins a word; Han characters run on. Both cases of the first letter are
        # spelled out, for the engine is quick to look for a letter and slow to look for a case
        first = rf"[{first.lower()}{first.upper()}](?<![A-Za-z0-9_].)"
    space = r"\s?" if before.endswith(" ") else ""
    return re.compile(f"{first}(?i:{rest}){space}([0-9]+){re.escape(after)}")
