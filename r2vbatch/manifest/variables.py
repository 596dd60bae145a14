"""`vars` and `vary`: names with texts as written, and the combinations of a shot."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator

from r2vbatch.manifest.model import Origin
from r2vbatch.manifest.problems import Problems, nfc
from r2vbatch.manifest.section import Section
from r2vbatch.manifest.texts import Variable

MOST_VARIATIONS = 1_000
"""Of one shot. Each is paid for; more is a slip."""

_NAME = re.compile(r"[^\W\d]\w*\Z")


def read_vars(section: Section, problems: Problems) -> dict[str, Variable]:
    """`vars` by name. Values are texts as written: ``1e3`` stays ``1e3``."""
    variables = {}
    for key in section.names():
        written = section.written(key)
        if _is_usable(key, section.key_origin(key), problems) and written is not None:
            variables[nfc(key)] = Variable(written, section.origin(key))
    return variables


def read_variations(vary: Section, problems: Problems) -> Iterator[tuple[str, dict[str, Variable]]]:
    """Each variation's id suffix and values, in order; one without suffix if nothing varies."""
    names: list[str] = []
    choices: list[list[Variable]] = []
    for key in vary.names():
        choice = [Variable(text, origin) for text, origin in vary.items(key)]
        if _is_usable(key, vary.key_origin(key), problems) and choice:
            names.append(nfc(key))
            choices.append(choice)
    count = math.prod(len(choice) for choice in choices)
    if count > MOST_VARIATIONS:
        problems.add(
            vary.first(),
            f"this makes {count:,} variations of one shot",
            rule="too-many-variations",
            hint=f"at most {MOST_VARIATIONS:,}: each combination of values is one",
        )
        return
    if not names:
        yield "", {}
        return
    for number, values in enumerate(itertools.product(*choices), 1):
        yield f"-{number}", dict(zip(names, values, strict=True))


def check_used(vars_section: Section, used: set[str], problems: Problems) -> None:
    """Warn of variables that no prompt takes."""
    for key in vars_section.names():
        if nfc(key) not in used and _NAME.match(key) and vars_section.node(key) is not None:
            problems.add(
                vars_section.key_origin(key),
                f"no prompt takes the variable {key}",
                rule="unused-name",
                hint=f"write ${{{key}}} where it should go, or remove it",
                severity="warning",
            )


def _is_usable(key: str, origin: Origin, problems: Problems) -> bool:
    if _NAME.match(nfc(key)):
        return True
    problems.add(
        origin,
        f'"{key}" cannot be a variable: ${{{key}}} would not find it',
        rule="bad-name",
        hint="names of variables are letters, digits and _, beginning with a letter",
    )
    return False
