"""A file of faults: one rule a line, as on the command line, with comments.

A line is a rule, is empty, or begins with ``#``; behind a rule, ``# `` begins a comment. Everything
that is wrong is found in one go, at its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from r2vbatch.diagnostics import Diagnostic, Position
from r2vbatch.emulator.faults import BadRule, Fault
from r2vbatch.errors import UsageProblem


def read(path: Path) -> tuple[list[Fault], list[Diagnostic]]:
    """The rules of a file, in order, and all that is wrong with the others.

    Raises:
        UsageProblem: the file is not text that can be read.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as problem:
        why = problem.strerror if isinstance(problem, OSError) else "it is not UTF-8 text"
        raise UsageProblem(f"{path} cannot be read: {why}", hint="check the path") from None
    faults: list[Fault] = []
    problems: list[Diagnostic] = []
    for number, line, rule in _rules(text):
        try:
            faults.append(Fault.parse(rule))
        except BadRule as bad:
            column = line.index(rule) + bad.start + 1
            width = max(1, bad.end - bad.start)
            place = Position(str(path), number, column, width, line)
            problems.append(Diagnostic(place, bad.message, rule="fault", hint=bad.hint))
    return faults, problems


def _rules(text: str) -> Iterator[tuple[int, str, str]]:
    """Number, line and rule of each line that holds one."""
    for number, line in enumerate(text.split("\n"), 1):
        line = line.removesuffix("\r")
        rule = re.split(r"\s#(?:\s|$)", line, maxsplit=1)[0].strip()
        if rule and not rule.startswith("#"):
            yield number, line, rule
