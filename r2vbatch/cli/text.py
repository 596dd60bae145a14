"""Small words that every verb uses, and the one way in which they are printed. Light to import."""

from __future__ import annotations

import click

from r2vbatch.visible import visible


def say(line: str, *, mark: str = "", err: bool = False) -> None:
    """Print `line`, harmless whatever it quotes, behind our own `mark`; to stderr if `err`."""
    click.echo(mark + visible(line), err=err)


def agree(question: str) -> None:
    """Ask, on stderr. Raises `click.Abort` for anything but a yes."""
    click.confirm(visible(question), abort=True, err=True)


def counted(number: int, word: str) -> str:
    """``1 take``, ``2 takes``."""
    return f"{number} {word}{'' if number == 1 else 's'}"
