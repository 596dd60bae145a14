"""``python -m r2vbatch.emulator``: the emulator alone, as its parent starts it."""

from __future__ import annotations

import sys

import click

from r2vbatch.emulator.command import emulate
from r2vbatch.errors import R2VBatchError


def main() -> int:
    """Run the command; an expected problem is one sentence."""
    try:
        emulate.main(standalone_mode=False)
    except click.ClickException as problem:
        problem.show()
        return problem.exit_code
    except R2VBatchError as problem:
        click.echo(problem.message + (f" ({problem.hint})" if problem.hint else ""), err=True)
        return int(problem.exit_code)
    return 0


if __name__ == "__main__":
    sys.exit(main())
