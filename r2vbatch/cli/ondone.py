"""``--on-done CMD``: a command of the user's, run when the batch has ended.

For people who leave a batch overnight. CMD is split into words as a POSIX shell splits them
(quotes and backslashes), and run without a shell: no variable, pipe or ``*`` means anything in
it, so that no name of a file or shot can; who wants them names a script, or ``sh -c '…'``. What is
wrong with CMD itself is said before the batch begins, not in the morning.

It learns the outcome as one JSON object on its standard input and from a few ``R2VBATCH_*``
variables, and never the API key. What it prints goes to stderr. Its failure is said, and changes
no exit code.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from r2vbatch.cli.text import say
from r2vbatch.dashscope.key import VARIABLE, Key, find_key, redact
from r2vbatch.errors import Exit, R2VBatchError, UsageProblem
from r2vbatch.visible import visible

if TYPE_CHECKING:
    from r2vbatch.batch.report import Report


def told(command: str | None, act: Callable[[OnDone], int]) -> int:
    """What `act` returns; `command` is run when it has ended, by an error of its own, too, but not
    where nothing was begun: a usage error, a no to a question, a dry run."""
    on_done = OnDone()
    words = _words(command) if command is not None else []
    try:
        code = act(on_done)
    except (UsageProblem, click.Abort):
        raise
    except Exception as problem:
        if words:
            _run(words, *on_done.outcome(_code(problem), problem))
        raise
    if words and on_done.report:
        _run(words, *on_done.outcome(code, None))
    return code


class OnDone:
    """Holds what a run came to, until it is told."""

    def __init__(self) -> None:
        self.report: Report | None = None
        self._lines: Sequence[str] = ()

    def ended(self, report: Report, lines: Sequence[str]) -> None:
        """The run has ended so; `lines` are the closing summary."""
        self.report, self._lines = report, lines

    def outcome(self, code: int, problem: Exception | None) -> tuple[str, dict[str, str]]:
        """The JSON, and the variables."""
        error = _error(problem) if problem else None
        summary = list(self._lines) or ([error] if error else [])
        found = {"exit_code": code, "error": error, "summary": summary}
        found |= {"output": "", "done": 0, "total": 0}
        found |= self.report.as_dict() if self.report else {}
        found["exit_code"] = code  # that of progress which could not be shown, say
        variables = {
            "R2VBATCH_EXIT_CODE": str(int(code)),
            "R2VBATCH_OUTPUT": str(found["output"]),
            "R2VBATCH_DONE": str(found["done"]),
            "R2VBATCH_TOTAL": str(found["total"]),
            "R2VBATCH_SUMMARY": visible(summary[0]) if summary else "",
        }
        return json.dumps(found), variables


def _words(command: str) -> list[str]:
    try:
        words = shlex.split(command)
    except ValueError as problem:
        raise UsageProblem(
            f"--on-done {command!r} cannot be split into words: {problem}",
            hint="quote it as for a shell: --on-done 'notify-send \"the batch is done\"'",
        ) from None
    if not words:
        raise UsageProblem("--on-done names no command")
    if shutil.which(words[0]) is None:
        if Path(words[0]).is_file():
            raise UsageProblem(
                f"--on-done: {words[0]} is not executable",
                hint=f"make it so: chmod +x {shlex.quote(words[0])}",
            )
        raise UsageProblem(
            f"--on-done: there is no command {words[0]!r}",
            hint="it is run without a shell; for pipes and variables use --on-done \"sh -c '…'\"",
        )
    return words


def _run(words: list[str], outcome: str, variables: Mapping[str, str]) -> None:
    """Run the command to its end. Ctrl-C ends it."""
    key = _key()
    env = {
        name: value
        for name, value in os.environ.items()
        if name != VARIABLE and redact(value, key) == value
    }
    given = f"{redact(outcome, key)}\n".encode()
    try:
        done = subprocess.run(words, input=given, env=env | dict(variables), stdout=_stderr())
    except KeyboardInterrupt:
        say(f"--on-done: {words[0]} was interrupted", err=True)
    except OSError as problem:
        say(f"--on-done: {words[0]} could not be run: {problem.strerror}", err=True)
    else:
        if done.returncode:
            say(f"--on-done: {words[0]} ended with exit code {done.returncode}", err=True)


def _key() -> Key | None:
    """The key that must not be handed on."""
    with suppress(UsageProblem):  # of none, or of one that nobody can use
        return find_key(os.environ, Path.home())
    return None


def _stderr() -> Any:
    """Where what it prints goes: stdout may be JSON lines for a program."""
    return sys.stderr if sys.stderr else subprocess.DEVNULL


def _code(problem: Exception) -> int:
    return problem.exit_code if isinstance(problem, R2VBatchError) else Exit.BUG


def _error(problem: Exception) -> str:
    if isinstance(problem, R2VBatchError):
        return problem.message
    return f"a bug in r2vbatch ({type(problem).__name__})"
