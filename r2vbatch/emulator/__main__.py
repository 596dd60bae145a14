"""``python -m r2vbatch.emulator``: the emulator alone, as its parent starts it."""

from __future__ import annotations

import io
import sys

import click

from r2vbatch.emulator.command import emulate
from r2vbatch.errors import R2VBatchError
from r2vbatch.visible import visible


def main() -> int:
    """Run the command; an expected problem is one sentence."""
    try:
        result = emulate.main(standalone_mode=False)
    except click.ClickException as problem:
        words = io.StringIO()
        problem.show(words)
        click.echo(visible(words.getvalue(), keep="\n\t"), nl=False, err=True)
        return problem.exit_code
    except R2VBatchError as problem:
        hint = f" ({problem.hint})" if problem.hint else ""
        click.echo(visible(problem.message + hint), err=True)
        return int(problem.exit_code)
    return result if isinstance(result, int) else 0


if __name__ == "__main__":
    sys.exit(main())
