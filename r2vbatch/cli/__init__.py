"""argv to a verb to an exit code. Nothing outside this package prints or exits.

Verbs are imported when they are called, and heavy libraries when they are needed:
``r2vbatch --help`` must feel instant. One boundary turns exceptions into words.
"""

from __future__ import annotations

import importlib
import sys

import click

from r2vbatch import __version__
from r2vbatch.cli.boundary import guarded

_VERBS = {
    "run": "r2vbatch.cli.run:run",
    "resume": "r2vbatch.cli.run:resume",
    "check": "r2vbatch.cli.check:check",
    "plan": "r2vbatch.cli.plan:plan",
    "status": "r2vbatch.cli.status:status",
    "init": "r2vbatch.cli.init:init",
    "emulate": "r2vbatch.emulator.command:emulate",
}


class _Verbs(click.Group):
    """The verbs, in the order people meet them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _VERBS:
            return None
        module, _, name = _VERBS[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version")
def cli() -> None:
    """Storyboards to clips, and clips to a film, through the Wan reference-to-video models.

    \b
    Start here:
      r2vbatch init my-film            a starter project
      r2vbatch run my-film/storyboard.yaml
                                       a free preview: every shot as a slate
      r2vbatch plan my-film/storyboard.yaml
                                       what it would cost
      r2vbatch run my-film/storyboard.yaml --only sh010 --endpoint singapore
                                       the first live clip, after a yes to its price
    """


def main() -> None:
    """The program."""
    sys.exit(guarded(cli))
