"""``completion``: the script that teaches a shell what TAB means here. click writes it; what is
offered is decided in `offers`."""

from __future__ import annotations

import os
from pathlib import Path

import click
from click.shell_completion import get_completion_class

from r2vbatch.cli.verb import Verb
from r2vbatch.errors import Exit, UsageProblem

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_R2VBATCH_COMPLETE"
"""click's name for the variable in which such a script asks."""


@click.command(
    cls=Verb,
    cost="Nothing. It prints a script and changes no file.",
    examples=[
        (
            """echo 'eval "$(r2vbatch completion bash)"' >> ~/.bashrc""",
            "bash 4.4 or newer, from the next shell on",
        ),
        (
            """echo 'eval "$(r2vbatch completion zsh)"' >> ~/.zshrc""",
            "zsh; it belongs below the line with compinit",
        ),
        ("r2vbatch completion fish > ~/.config/fish/completions/r2vbatch.fish", "fish"),
    ],
)
@click.argument("shell", type=click.Choice(SHELLS), required=False)
@click.pass_context
def completion(ctx: click.Context, shell: str | None) -> int:
    """Print the script that makes TAB complete r2vbatch in bash, zsh or fish.

    TAB then offers verbs, options, endpoints, manifests, output folders, the shots of a manifest
    for --only and the takes of a batch for `cancel`. Without a name, the script is for the shell
    in $SHELL.
    """
    name = shell or Path(os.environ.get("SHELL", "")).name
    if name not in SHELLS:
        raise UsageProblem(
            f"there is no completion for the shell {name!r}",
            hint=f"name one of {', '.join(SHELLS)}",
        )
    script = get_completion_class(name)
    assert script is not None
    click.echo(script(ctx.find_root().command, {}, "r2vbatch", VARIABLE).source())
    return Exit.DONE
