"""``init``: a starter project that runs."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from r2vbatch import datafiles
from r2vbatch.cli.text import say
from r2vbatch.errors import Exit, OutputUnavailable, UsageProblem

STORYBOARD = "storyboard.yaml"


@click.command()
@click.argument("directory", default=".", type=click.Path(path_type=Path), metavar="[DIR]")
def init(directory: Path) -> int:
    """Put a starter project into DIR: a storyboard that runs, and its references."""
    source = datafiles.folder("manifests")
    storyboard = directory / STORYBOARD
    taken = [p for p in (storyboard, directory / "refs") if p.exists()]
    if taken:
        raise UsageProblem(
            f"{taken[0]} is there already", hint="choose an empty folder; nothing was changed"
        )
    try:
        directory.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source / "refs", directory / "refs")
        text = (source / "quickstart.yaml").read_text(encoding="utf-8")
        storyboard.write_text(_settled(text), encoding="utf-8")
    except OSError as problem:
        raise OutputUnavailable(
            f"{directory} cannot be written to: {problem.strerror}"
        ) from problem
    say(f"{storyboard} and its references are ready. Preview it, free of charge:")
    say(f"  r2vbatch run {storyboard}")
    return Exit.DONE


def _settled(text: str) -> str:
    """The quickstart at home in its new folder: its own name, its own output, and the editor's
    schema line pointing at the schema that is installed."""
    schema = (datafiles.folder("schemas") / "manifest.schema.json").resolve().as_uri()
    return (
        text.replace("../schemas/manifest.schema.json", schema)
        .replace("manifests/quickstart.yaml", STORYBOARD)
        .replace("output: ../out/", "output: out/")
    )
