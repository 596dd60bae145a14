"""``import``: a production shot list to a manifest to complete. Nothing is overwritten."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from r2vbatch import catalogue, datafiles
from r2vbatch.cli import completing, loading
from r2vbatch.cli.text import counted, say
from r2vbatch.cli.verb import Verb
from r2vbatch.errors import Exit, ManifestInvalid, OutputUnavailable, UsageProblem

MODEL = "wan2.6-r2v-flash"
"""The cheapest; a person changes it in one place."""


@click.command(
    "import",
    cls=Verb,
    cost="Nothing. It overwrites nothing, either.",
    examples=[
        ("r2vbatch import shots.csv", "writes shots.yaml beside it, with comments"),
        ('r2vbatch import "Ep 4 - shots.csv" -o ep04.yaml', "under another name"),
        ("r2vbatch check ep04.yaml", "what is left to do: mostly a reference for each of the cast"),
    ],
    exits={
        Exit.DONE: "the manifest is written",
        Exit.USAGE: "no shot list, no folder for the manifest, or it is there already; nothing"
        " was written",
        Exit.MANIFEST: "rows of the list are broken; nothing was written",
        Exit.OUTPUT: "the manifest cannot be written there",
    },
)
@click.argument("shot_list", metavar="SHOTLIST", type=click.Path(path_type=Path),
                shell_complete=completing.shot_lists)  # fmt: skip
@click.option("-o", "--output", metavar="FILE", type=click.Path(path_type=Path),
              help="The manifest to write.  [SHOTLIST with .yaml, beside it]")  # fmt: skip
def import_(shot_list: Path, output: Path | None) -> int:
    """Turn SHOTLIST, a CSV or TSV from Kitsu, StudioBinder or a sheet of your own, into a manifest.

    Columns are known by their names: Sequence or Scene, Shot or Name, Description, Shot Size,
    Camera Angle, Movement, Lens, Characters, Dialogue, Nb Frames, FPS, Frame In, Frame Out,
    Duration, Notes. Frames become whole seconds that the model makes, the camera's words lead the
    prompt, names of characters become mentions. What was guessed or left out is said in comments.

    A table whose columns are named as the keys of a shot (id, prompt, duration) needs no import:
    write `shots: FILE` in a manifest.
    """
    from r2vbatch.shotlist import draft, manifest_text, read_shot_list

    target = output or shot_list.with_suffix(".yaml")
    if target.exists() or target.is_symlink():
        raise UsageProblem(f"{target} is there already", hint="choose another name with -o")
    if not target.parent.is_dir():
        folder = shlex.quote(str(target.parent))
        raise UsageProblem(
            f"there is no folder {target.parent}", hint=f"make it first: mkdir -p {folder}"
        )
    try:
        found = read_shot_list(shot_list, str(shot_list))
    except ManifestInvalid as invalid:
        loading.show(invalid.diagnostics)
        raise
    model = catalogue.load().model(MODEL)
    assert model is not None
    drafts = draft(found, model)
    _write(target, manifest_text(found, drafts, model, datafiles.manifest_schema().as_uri()))
    cast = len({name for shot in drafts for name in shot.cast})
    say(f"{target}: {counted(len(drafts), 'shot')}, {cast} in the cast. Read its comments, then see"
        " what is missing:")  # fmt: skip
    say(f"  r2vbatch check {shlex.quote(str(target))}")
    return Exit.DONE


def _write(target: Path, text: str) -> None:
    try:
        with target.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as problem:
        raise OutputUnavailable(f"{target} cannot be written: {problem.strerror}") from problem
