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
    """`vars` by name. Values are texts as written: ``1e3`` stays ``1e3``.

    One whose value failed the schema is empty, so that prompts are not blamed for it.
    """
    variables = {}
    for key in section.names():
        if _is_usable(key, section.key_origin(key), problems):
            variables[nfc(key)] = Variable(section.written(key) or "", section.origin(key))
    return variables


def read_variations(vary: Section, problems: Problems) -> Iterator[tuple[str, dict[str, Variable]]]:
    """Each variation's id suffix and values, in order; one without suffix if nothing varies.

    Too many are noted, and only the first is given, so that its prompt is checked.
    """
    names: list[str] = []
    choices: list[list[Variable]] = []
    for key in vary.names():
        choice = [Variable(text, origin) for text, origin in vary.items(key)]
        if _is_usable(key, vary.key_origin(key), problems):
            names.append(nfc(key))
            choices.append(choice or [Variable("", vary.origin(key))])
    count = math.prod(len(choice) for choice in choices)
    if count > MOST_VARIATIONS:
        problems.add(
            vary.first(),
            f"this makes {count:,} variations of one shot",
            rule="too-many-variations",
            hint=f"at most {MOST_VARIATIONS:,}: each combination of values is one",
        )
        choices = [choice[:1] for choice in choices]
    if not names:
        yield "", {}
        return
    for number, values in enumerate(itertools.product(*choices), 1):
        yield f"-{number}", dict(zip(names, values, strict=True))


def check_used(vars_section: Section, used: set[str], problems: Problems) -> None:
    """Warn of variables that no prompt takes, unless a misspelt name may be the reason."""
    if problems.has("unknown-variable"):
        return
    for key in vars_section.names():
        if is_variable(key) and nfc(key) not in used and vars_section.node(key) is not None:
            problems.add(
                vars_section.key_origin(key),
                f"no prompt takes the variable {key}",
                rule="unused-name",
                hint=f"write ${{{key}}} where it should go, or remove it",
                severity="warning",
            )


def is_variable(key: str) -> bool:
    """Whether ``${key}`` would find `key`."""
    return bool(_NAME.match(nfc(key)))


def _is_usable(key: str, origin: Origin, problems: Problems) -> bool:
    if is_variable(key):
        return True
    problems.add(
        origin,
        f'"{key}" cannot be a variable: ${{{key}}} would not find it',
        rule="bad-name",
        hint="names of variables are letters, digits and _, beginning with a letter",
    )
    return False
