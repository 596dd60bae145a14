"""Problems in the words of a Python program: `only=` where the command line says ``--only``.

The rooms below say what is wrong, and what to do, as it is typed on the command line, which most
people do. Rather than each of them knowing two ways of being called, their words are put into the
other one here, where a problem leaves the package.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, ParamSpec, TypeVar

from r2vbatch.errors import ManifestInvalid, R2VBatchError

P = ParamSpec("P")
T = TypeVar("T")

_ARGUMENTS = {
    "--catalogue": "catalogue=",
    "--endpoint": "endpoint=",
    "--grace": "grace=",
    "--ledger": "ledger=",
    "--max-cost": "max_cost=",
    "--only": "only=",
    "--prices": "prices=",
    "--yes": "consent=True",
    "-o": "output=",
}
_OPTION = re.compile(rf"(?<![\w-])({'|'.join(_ARGUMENTS)})(?![\w-])( (?=['\"]))?")
_REPEATED = re.compile(r"--only \S+(?: --only \S+)+")


def in_python(text: str) -> str:
    """`text` with the options of the command line as arguments."""
    several = _REPEATED.sub(lambda m: f"only={m[0].split()[1::2]}", text)
    return _OPTION.sub(lambda m: _ARGUMENTS[m[1]], several)


@contextmanager
def for_python() -> Iterator[None]:
    """The block with its expected problems in the words of Python."""
    try:
        yield
    except R2VBatchError as problem:
        problem.message, problem.hint = in_python(problem.message), in_python(problem.hint)
        problem.args = (problem.message,)
        problem.__notes__ = [f"hint: {problem.hint}"] if problem.hint else []
        if isinstance(problem, ManifestInvalid):
            problem.diagnostics = [replace(d, hint=in_python(d.hint)) for d in problem.diagnostics]
        raise


def awaited_for_python(act: Callable[P, Awaitable[T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """`act` with its expected problems in the words of Python."""

    @functools.wraps(act)
    async def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        with for_python():
            return await act(*args, **kwargs)

    return wrapped
