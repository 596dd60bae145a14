"""argv to a verb to an exit code. Nothing outside this package prints or exits.

Verbs are imported when they are called, and heavy libraries when they are needed:
``r2vbatch --help`` must feel instant. One boundary turns exceptions into words.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

import click

from r2vbatch import __version__
from r2vbatch.cli.boundary import guarded
from r2vbatch.cli.slips import unknown_verb
from r2vbatch.cli.verb import write_examples

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_TASKS = {
    "Make it": {
        "init": ("r2vbatch.cli.init:init", "Start a project that runs."),
        "import": ("r2vbatch.cli.importing:import_", "Start from a shot list (CSV) you have."),
        "run": ("r2vbatch.cli.run:run", "Make every take that is not made yet: preview or live."),
    },
    "Go on": {
        "resume": (
            "r2vbatch.cli.resume:resume",
            "Go on with a batch from its output folder alone.",
        ),
        "collect": ("r2vbatch.cli.collect:collect", "Fetch what is paid for; never submits."),
        "cancel": ("r2vbatch.cli.cancel:cancel", "Cancel what is still queued at the service."),
    },
    "Look": {
        "plan": ("r2vbatch.cli.plan:plan", "What a run would do and why, and what it would cost."),
        "status": ("r2vbatch.cli.status:status", "Where a batch stands, also while it runs."),
        "film": ("r2vbatch.cli.film:film", "Make the film again: reel, timeline, report."),
    },
    "Choose": {
        "review": ("r2vbatch.cli.review:review", "Watch and judge the takes in a browser."),
        "retake": ("r2vbatch.cli.retake:retake", "Ask for another take of a shot."),
        "circle": ("r2vbatch.cli.circle:circle", "Say which take of a shot is the good one."),
        "note": ("r2vbatch.cli.note:note", "Write something about a take."),
    },
    "Check": {
        "check": ("r2vbatch.cli.check:check", "Everything that is wrong with manifests."),
        "models": ("r2vbatch.cli.models:models", "What models take and cost, and where they are."),
        "doctor": ("r2vbatch.cli.doctor:doctor", "What will work: key, endpoint, clock, disk."),
    },
    "Around it": {
        "schema": ("r2vbatch.cli.schema:schema", "The manifest's JSON Schema, for editors."),
        "completion": ("r2vbatch.cli.completion:completion", "Let TAB complete, in your shell."),
        "emulate": ("r2vbatch.emulator.command:emulate", "Serve the service's API locally."),
    },
}
"""By what a person wants to do, the verbs in the order in which people meet them: where each is
defined, and one line about it."""
_VERBS = {name: entry for verbs in _TASKS.values() for name, entry in verbs.items()}

_START = [
    ("r2vbatch init my-film", "a starter project, with a storyboard that explains itself"),
    ("r2vbatch run my-film/storyboard.yaml", "its preview: every take as a slate, free"),
    ("r2vbatch plan my-film/storyboard.yaml", "what it would cost, take by take"),
    (
        "r2vbatch run my-film/storyboard.yaml --only sh010 --endpoint singapore",
        "the first live clip, after a yes to its price",
    ),
]
_END = """\
`r2vbatch VERB --help` tells what a verb costs, with examples. Only `run` and `resume` can spend,
at a live endpoint, after a yes to the price.
"""


class _Verbs(click.Group):
    """The verbs by task, each imported when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _VERBS:
            return None
        module, _, name = _VERBS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does; without a word, the help."""
        bare = not args and not ctx.resilient_parsing
        return super().parse_args(ctx, ["--help"] if bare else args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with a "did you mean"."""
        unknown = args[0] not in _VERBS and not args[0].startswith("-")
        if unknown and not ctx.resilient_parsing:
            raise unknown_verb(args, _VERBS)
        return super().resolve_command(ctx, args)

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_help_text(ctx, formatter)
        write_examples(formatter, "Start here", _START)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The verbs first: they are what is looked for."""
        self.format_commands(ctx, formatter)
        click.Command.format_options(self, ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """By task, and without importing the verbs."""
        width = max(map(len, _VERBS))
        for task, verbs in _TASKS.items():
            with formatter.section(task):
                formatter.write_dl([(f"{name:{width}}", line) for name, (_, line) in verbs.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """As click does, without importing the verbs."""
        from click.shell_completion import CompletionItem

        names = [name for name in _VERBS if name.startswith(incomplete)]
        verbs = [CompletionItem(name, help=_VERBS[name][1]) for name in names]
        return [*verbs, *click.Command.shell_complete(self, ctx, incomplete)]


@click.group(
    cls=_Verbs,
    context_settings={"help_option_names": ["-h", "--help"]},
    subcommand_metavar="VERB ...",
    options_metavar="",
    epilog=_END,
)
@click.version_option(__version__, "-V", "--version")
def cli() -> None:
    """Storyboards to clips, and clips to a film: previewed for free, paid for once.

    It drives the Wan reference-to-video models of Alibaba Model Studio (DashScope).
    """


def main() -> None:
    """The program."""
    sys.exit(guarded(cli))
