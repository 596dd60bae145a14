"""``schema``: the manifest's JSON Schema for editors and other tools, or where it lies."""

from __future__ import annotations

import click

from r2vbatch import datafiles
from r2vbatch.cli.verb import Verb
from r2vbatch.errors import Exit


@click.command(
    cls=Verb,
    cost="Nothing.",
    examples=[
        ("r2vbatch schema --path", "where it lies, for an editor's settings"),
        ("r2vbatch schema > manifest.schema.json", "a copy, to keep beside a storyboard"),
    ],
)
@click.option("--path", is_flag=True, help="Print the path of the schema instead.")
def schema(path: bool) -> int:
    """Print the JSON Schema of a manifest, by which an editor completes and explains its keys.

    Editors with the YAML language server (VS Code with its YAML extension, Neovim, Emacs …) take
    it from the first line of a manifest, as a path or URL. `r2vbatch init` writes that line:

    \b
      # yaml-language-server: $schema=/the/path/of/manifest.schema.json
    """
    file = datafiles.manifest_schema()
    click.echo(file if path else file.read_text(encoding="utf-8"), nl=path)
    return Exit.DONE
