"""Small words that every verb uses, and the one way in which they are printed. Light to import."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import click

from r2vbatch.visible import visible

_NAMED = 8
"""Names that are said where there are many."""


def say(line: str, *, mark: str = "", err: bool = False) -> None:
    """Print `line`, harmless whatever it quotes, behind our own `mark`; to stderr if `err`."""
    click.echo(mark + visible(line), err=err)


def tell(line: str, *, err: bool = False) -> None:
    """Print `line` as `say` does, broken between words where the terminal is narrower."""
    from r2vbatch.progress.words import folded

    stream = sys.stderr if err else sys.stdout
    if not stream or not stream.isatty():
        say(line, err=err)
        return
    for part in folded(visible(line), os.get_terminal_size(stream.fileno()).columns).splitlines():
        say(part, err=err)


def agree(question: str) -> None:
    """Ask, on stderr. Raises `click.Abort` for anything but a yes."""
    click.confirm(visible(question), abort=True, err=True)


def named(names: Sequence[str]) -> str:
    """All of them; of many the first ones and the last."""
    if len(names) <= _NAMED:
        return ", ".join(names)
    return f"{', '.join(names[: _NAMED - 1])} … {names[-1]}"


def seconds(length: Decimal) -> str:
    """``12.5``, to the millisecond."""
    return f"{length.quantize(Decimal('0.001')).normalize():f}"


def counted(number: int, word: str) -> str:
    """``1 take``, ``2 takes``."""
    return f"{number} {word}{'' if number == 1 else 's'}"


def place(path: Path) -> str:
    """A path as people would type it: from the folder they are in, where it lies below that."""
    try:
        return str(path.absolute().relative_to(Path.cwd()))
    except (OSError, ValueError):
        return str(path)


def command(verb: str, where: Path, *words: str) -> str:
    """A command line as it is typed in a shell, from the folder people are in."""
    return shlex.join(["r2vbatch", verb, place(where), *words])
