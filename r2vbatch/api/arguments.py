"""What a program may hand to `run`, told before anything is begun.

A wrong type would otherwise surface deep inside, after a yes to the price; a text such as ``"no"``
would pass for a yes. It refuses to know what is done with them.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from r2vbatch.batch.settings import parse_money
from r2vbatch.errors import UsageProblem
from r2vbatch.manifest.model import Manifest, Money


def a_manifest(value: object) -> None:
    """Raise TypeError for what `load` has not made."""
    if not isinstance(value, Manifest):
        raise TypeError(f"manifest: wanted what load() returns, not {_kind(value)}")


def a_text(value: object, name: str) -> None:
    """Raise TypeError for what is neither a text nor None."""
    if value is not None and not isinstance(value, str):
        raise TypeError(f"{name}: wanted a text, not {_kind(value)}")


def a_truth(value: object, name: str) -> None:
    """Raise TypeError for what is neither True nor False: the text "no" would be a yes."""
    if not isinstance(value, bool):
        raise TypeError(f"{name}: wanted True or False, not {_kind(value)}")


def a_listener(value: Callable[..., Any] | None) -> None:
    """Raise TypeError for what cannot be called, or would have to be awaited."""
    if value is not None and (not callable(value) or inspect.iscoroutinefunction(value)):
        raise TypeError(f"on_event: wanted a plain function, not {_kind(value)}")


def a_number(value: object, name: str) -> None:
    """Raise TypeError for what is no number."""
    if not isinstance(value, int | float):
        raise TypeError(f"{name}: wanted a number, not {_kind(value)}")


def money(value: Money | str | None) -> Money | None:
    """`value` as a cap that can be held. Raises `UsageProblem` for anything else: a bare number,
    say, has no currency. One made by hand is judged as one in words is."""
    if value is None:
        return None
    amount = f"{value.amount} {value.currency}" if isinstance(value, Money) else str(value)
    return parse_money(amount)


def path(value: str | os.PathLike[str] | None, name: str) -> Path | None:
    """`value` as a path. Raises `UsageProblem` for what no file system takes."""
    found = None if value is None else Path(value)
    if found and "\0" in str(found):
        raise UsageProblem(f"{name} holds a NUL, which no path can")
    return found


def globs(value: str | Iterable[str], name: str) -> tuple[str, ...]:
    """One glob or several. Raises TypeError for anything else."""
    given = (value,) if isinstance(value, str) else value
    if isinstance(given, Iterable):
        found = tuple(given)
        if all(isinstance(each, str) for each in found):
            return found
    raise TypeError(f"{name}: wanted a glob or several, not {_kind(value)}")


def _kind(value: object) -> str:
    return "a coroutine function" if inspect.iscoroutinefunction(value) else type(value).__name__
