"""``init``: a starter project that runs. Only what is not there yet is written."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import click

from r2vbatch import datafiles
from r2vbatch.cli.text import say
from r2vbatch.cli.verb import Verb
from r2vbatch.errors import Exit, OutputUnavailable, UsageProblem

STORYBOARD, COOKBOOK, REFERENCES = "storyboard.yaml", "COOKBOOK.md", "refs"
SCHEMA = "../schemas/manifest.schema.json"
"""The schema as the starter names it, from where it lies here."""


@click.command(
    cls=Verb,
    cost="Nothing. It overwrites nothing, either.",
    examples=[
        ("r2vbatch init my-film", "a new folder; preview my-film/storyboard.yaml next"),
        ("r2vbatch init", "the same, in the folder you are in"),
    ],
    exits={
        Exit.DONE: "it is ready",
        Exit.USAGE: "something of it is there already; nothing was changed",
        Exit.OUTPUT: "DIR cannot be written to, or is a file",
    },
)
@click.argument("directory", default=".", type=click.Path(path_type=Path), metavar="[DIR]")
def init(directory: Path) -> int:
    """Put a starter project into DIR: a storyboard that explains itself, its references, and a
    cookbook.

    It runs as it is. The storyboard's first line tells editors of its schema, so that they
    complete and explain keys as you type.
    """
    for name in (STORYBOARD, COOKBOOK, REFERENCES):
        if (directory / name).exists() or (directory / name).is_symlink():
            raise UsageProblem(
                f"{directory / name} is there already",
                hint="choose another folder; nothing was changed",
            )
    try:
        directory.mkdir(parents=True, exist_ok=True)
        _write(directory)
    except OSError as problem:
        raise OutputUnavailable(
            f"{directory} cannot be written to: {problem.strerror}"
        ) from problem
    storyboard = directory / STORYBOARD
    say(f"{storyboard} is ready, with its references and a cookbook. Preview it, free of charge:")
    say(f"  r2vbatch run {shlex.quote(str(storyboard))}")
    return Exit.DONE


def _write(directory: Path) -> None:
    source = datafiles.folder("manifests")
    shutil.copytree(source / "refs", directory / REFERENCES)
    shutil.copyfile(source / "README.md", directory / COOKBOOK)
    text = (source / "starter.yaml").read_text(encoding="utf-8")
    (directory / STORYBOARD).write_text(_settled(text), encoding="utf-8")


def _settled(text: str) -> str:
    """The starter at home in its new folder: it and the cookbook under the names they have there,
    and the editor's schema line pointing at the schema that is installed here."""
    schema = datafiles.manifest_schema().as_uri()
    names = {SCHEMA: schema, "starter.yaml": STORYBOARD, "README.md": COOKBOOK}
    for here, there in names.items():
        text = text.replace(here, there)
    return text
