"""What the help of a verb tells, in this order: what it does, what it costs, examples, options
and, where people act on them, exit codes.

The cost stands before the examples because it is what people fear before they type. Light to
import: the help of every verb, and what TAB offers, pass through here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from r2vbatch.errors import Exit

Example = tuple[str, str]
"""A command line as it is typed, and what it is for."""

MEANINGS = {
    Exit.DONE: "all done",
    Exit.NOT_ALL_DONE: "some takes not done",
    Exit.USAGE: "the command line cannot be carried out; nothing was done",
    Exit.MANIFEST: "the manifest has errors; nothing was submitted",
    Exit.REFUSED: "refused by the service, or held by a cap",
    Exit.OUTPUT: "the output folder or its ledger is in use, or cannot be used",
    Exit.INTERRUPTED: "interrupted; nothing is lost, the same command goes on",
}
"""What exit codes mean where a verb has nothing closer to say; a bug tells its own."""


class Verb(click.Command):
    """A verb whose help says what it costs, and shows how it is used."""

    def __init__(
        self,
        *args: Any,
        cost: str = "",
        examples: Sequence[Example] = (),
        exits: Mapping[Exit, str] | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(*args, **settings)
        self.cost = cost
        self.examples = examples
        self.exits = exits or {}

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """What it does, what it costs, and examples."""
        super().format_help_text(ctx, formatter)
        with formatter.section("Cost"):
            formatter.write_text(self.cost)
        write_examples(formatter, "Examples", self.examples)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The exit codes that matter."""
        if self.exits:
            with formatter.section("Exit codes"):
                formatter.write_dl([(str(code.value), words) for code, words in self.exits.items()])
        super().format_epilog(ctx, formatter)


def write_examples(formatter: click.HelpFormatter, title: str, examples: Sequence[Example]) -> None:
    """Each command on a line of its own, never wrapped: it is there to be copied."""
    with formatter.section(title):
        for command, purpose in examples:
            formatter.write(f"{'':{formatter.current_indent}}{command}\n")
            with formatter.indentation(), formatter.indentation():
                formatter.write_text(purpose)
