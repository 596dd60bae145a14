"""The one place where exceptions become words and exit codes.

Expected problems: one sentence and what to do. Bugs of ours: one sentence and a log file ready
to paste into a report. The API key is taken out of both, should it ever have got there.
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import traceback
from pathlib import Path

import click

from r2vbatch import __version__
from r2vbatch.errors import Exit, ManifestInvalid, R2VBatchError


def guarded(cli: click.Command) -> int:
    """Run the program; its exit code."""
    try:
        result = cli.main(standalone_mode=False)
        return result if isinstance(result, int) else Exit.DONE
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except click.Abort:
        click.echo("Not done: no answer.", err=True)
        return Exit.INTERRUPTED
    except click.ClickException as problem:
        problem.show()
        return Exit.USAGE
    except ManifestInvalid as problem:  # its diagnostics have been shown, and counted
        return problem.exit_code
    except R2VBatchError as problem:
        return _expected(problem)
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except BrokenPipeError:  # the reader of a pipe has left; that is its right
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.DONE
    except Exception as bug:  # the boundary: whatever it is, a person gets a sentence
        return _bug(bug)


def _expected(problem: R2VBatchError) -> int:
    click.echo(f"{click.style('error', fg='red', bold=True)}: {_clean(problem.message)}", err=True)
    if problem.hint:
        click.echo(f"{click.style('hint', fg='cyan')}: {_clean(problem.hint)}", err=True)
    return problem.exit_code


def _bug(bug: Exception) -> int:
    report = _clean(
        f"r2vbatch {__version__}, Python {platform.python_version()}, {platform.platform()}\n\n"
        + "".join(traceback.format_exception(bug))
    )
    with tempfile.NamedTemporaryFile(
        "w", prefix="r2vbatch-", suffix=".log", delete=False, encoding="utf-8"
    ) as log:
        log.write(report)
    click.echo(
        f"{click.style('error', fg='red', bold=True)}: a bug in r2vbatch"
        f" ({type(bug).__name__}). Nothing paid for is lost: `resume` goes on from the ledger.\n"
        f"hint: please report it with {Path(log.name)}",
        err=True,
    )
    return Exit.BUG


def _clean(text: str) -> str:
    from r2vbatch.dashscope.key import VARIABLE

    key = os.environ.get(VARIABLE, "").strip()
    return text.replace(key, "[the API key]") if len(key) > 3 else text
