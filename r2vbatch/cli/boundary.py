"""The one place where exceptions become words and exit codes.

Expected problems: one sentence and what to do. Bugs of ours: one sentence and a log file ready
to paste into a report. The API key is taken out of both, should it ever have got there.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Literal, TextIO

import click

from r2vbatch import __version__
from r2vbatch.cli.slips import told
from r2vbatch.cli.text import say
from r2vbatch.errors import Exit, ManifestInvalid, R2VBatchError


def guarded(cli: click.Command) -> int:
    """Run the program; its exit code."""
    try:
        code = _outcome(cli)
    except OSError as problem:
        code = _unsaid(problem) if _was_printing(problem) else _bug(problem)
    return code if _all_said() else code or Exit.NOT_ALL_DONE


def _was_printing(problem: OSError) -> bool:
    import traceback

    frames = traceback.walk_tb(problem.__traceback__)
    return any(frame.f_code is click.echo.__code__ for frame, _ in frames)


def _outcome(cli: click.Command) -> int:
    try:
        result = cli.main(prog_name="r2vbatch", standalone_mode=False)
        return result if isinstance(result, int) else Exit.DONE
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except click.Abort as abort:  # click's name for a Ctrl-C, too, wherever it came
        interrupted = isinstance(abort.__cause__, KeyboardInterrupt)
        say("Interrupted." if interrupted else "Not done: no answer.", err=True)
        return Exit.INTERRUPTED
    except click.ClickException as problem:
        return _expected(told(problem))
    except ManifestInvalid as problem:  # its diagnostics have been shown, and counted
        return problem.exit_code
    except R2VBatchError as problem:
        return _expected(problem)
    except BrokenPipeError:  # the reader of a pipe has left; that is its right
        _drop(sys.stdout)
        return Exit.DONE
    except OSError:
        raise
    except Exception as bug:  # the boundary: whatever it is, a person gets a sentence
        return _bug(bug)


def _all_said() -> bool:
    """Whether stdout and stderr have taken everything that anyone stayed to read. One that has not
    is given up: Python would try again at exit, and complain."""
    said = True
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream:
                stream.flush()
        except OSError as problem:
            _drop(stream)
            said = said and isinstance(problem, BrokenPipeError)
    return said


def _drop(stream: TextIO) -> None:
    """Let what `stream` still holds, and all that follows, go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _unsaid(problem: OSError) -> int:
    with suppress(OSError):  # stderr may be what is full
        say(
            f"what there is to say cannot be written: {problem.strerror}",
            mark=_mark("error"),
            err=True,
        )
    return Exit.NOT_ALL_DONE


def _mark(word: Literal["error", "hint"]) -> str:
    style = (
        click.style(word, fg="red", bold=True) if word == "error" else click.style(word, fg="cyan")
    )
    return f"{style}: "


def _expected(problem: R2VBatchError) -> int:
    say(_clean(problem.message), mark=_mark("error"), err=True)
    if problem.hint:
        say(_clean(problem.hint), mark=_mark("hint"), err=True)
    return problem.exit_code


def _bug(bug: Exception) -> int:
    import platform
    import tempfile
    import traceback

    report = _clean(
        f"r2vbatch {__version__}, Python {platform.python_version()}, {platform.platform()}\n\n"
        + "".join(traceback.format_exception(bug))
    )
    with tempfile.NamedTemporaryFile(
        "w", prefix="r2vbatch-", suffix=".log", delete=False, encoding="utf-8", errors="replace"
    ) as log:
        log.write(report)
    say(
        f"a bug in r2vbatch ({type(bug).__name__}). Nothing paid for is lost: `resume` goes on"
        " from the ledger.",
        mark=_mark("error"),
        err=True,
    )
    say(f"please report it with {log.name}", mark=_mark("hint"), err=True)
    return Exit.BUG


def _clean(text: str) -> str:
    from r2vbatch.dashscope.key import VARIABLE

    key = os.environ.get(VARIABLE, "").strip()
    return text.replace(key, "[the API key]") if len(key) > 3 else text
