"""argv to a verb to an exit code. Nothing outside this package prints or exits.

Verbs are imported when they are called, and heavy libraries when they are needed:
``r2vbatch --help`` must feel instant. One boundary turns exceptions into words.
"""

from __future__ import annotations

import importlib
import sys
from difflib import get_close_matches

import click

from r2vbatch import __version__
from r2vbatch.cli.boundary import guarded

_VERBS = {
    "init": ("r2vbatch.cli.init:init", "Start a project that runs."),
    "check": ("r2vbatch.cli.check:check", "Say everything that is wrong with manifests."),
    "plan": ("r2vbatch.cli.plan:plan", "Show what a run would do, and what it would cost."),
    "run": ("r2vbatch.cli.run:run", "Make every clip of a manifest that is not made yet."),
    "resume": ("r2vbatch.cli.run:resume", "Go on with a batch from its output folder alone."),
    "collect": ("r2vbatch.cli.collect:collect", "Fetch what is paid for; never submits."),
    "cancel": ("r2vbatch.cli.cancel:cancel", "Cancel what is still queued at the service."),
    "status": ("r2vbatch.cli.status:status", "Say where a batch stands, also while it runs."),
    "doctor": ("r2vbatch.cli.doctor:doctor", "Say what will work, at no cost."),
    "emulate": ("r2vbatch.emulator.command:emulate", "Serve the service's API locally."),
}


class _Verbs(click.Group):
    """The verbs, in the order people meet them, each imported when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _VERBS:
            return None
        module, _, name = _VERBS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with a "did you mean"."""
        if args[0] not in _VERBS and not args[0].startswith("-"):
            raise click.UsageError(f"there is no verb {args[0]!r}; {_meant(args[0])}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """As click does, without importing the verbs."""
        with formatter.section("Verbs"):
            formatter.write_dl([(name, help) for name, (_, help) in _VERBS.items()])


def _meant(word: str) -> str:
    if word.lower().endswith((".yaml", ".yml")):
        return f"did you mean `r2vbatch run {word}`?"
    near = get_close_matches(word, _VERBS, 1)
    return f"did you mean {near[0]}?" if near else "`r2vbatch --help` lists the verbs"


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
