"""``film``: the reel, the timelines and the contact sheet of an output folder, made again."""

from __future__ import annotations

from pathlib import Path

import click

from r2vbatch.cli import params
from r2vbatch.cli.folders import ledger_of
from r2vbatch.cli.text import tell
from r2vbatch.cli.verb import Verb
from r2vbatch.errors import Exit

_FORMS = ("otio", "edl", "fcpxml")


@click.command(
    cls=Verb,
    cost="Nothing, and it touches no network. It reads the ledger, also while a batch runs.",
    examples=[
        ("r2vbatch film out/day-off", "the film again, after another take was circled"),
        (
            "r2vbatch film out/day-off --timeline edl --timeline fcpxml",
            "with timelines for an editor that does not read OpenTimelineIO",
        ),
    ],
    exits={
        Exit.DONE: "the film is there, as a whole",
        Exit.NOT_ALL_DONE: "a shot is left out, or a file could not be written; each is named",
        Exit.OUTPUT: "the output folder or its ledger cannot be used",
        Exit.INTERRUPTED: "interrupted; the film that was there is as it was",
    },
)
@params.output_argument
@params.ledger
@click.option(
    "--timeline", "forms", type=click.Choice(_FORMS), multiple=True,
    help="A timeline in this form, too: otio (always made), edl (CMX 3600, 30 frames a second,"
    " pictures alone) or fcpxml (Final Cut Pro, DaVinci Resolve); may be repeated.",
)  # fmt: skip
def film(output: Path, ledger: Path | None, forms: tuple[str, ...]) -> int:
    """Make the film of OUTPUT again: reel.mp4, timeline.otio and report.html.

    The circled take of each shot in manifest order: the one a person circled, else the newest.
    Where there is no clip, the slate stands in, marked PREVIEW. Clips that are alike are copied as
    they are; else all are encoded to what is most common among them.
    """
    from r2vbatch.batch.delivering import deliver
    from r2vbatch.cli.filming import film_lines, watch
    from r2vbatch.ledger import Ledger
    from r2vbatch.storage import Folder

    opened = Ledger.open(ledger_of(output, ledger), create=False)
    try:
        folder = Folder(output.absolute())
        folder.refuse_links()
        timelines = tuple(dict.fromkeys(("otio", *forms)))
        delivery = deliver(opened, folder, watch(), timelines=timelines, anew=True)
    finally:
        opened.close()
    for line in film_lines(delivery, folder.root):
        tell(line)
    whole = delivery.shots and not (delivery.missing or delivery.troubles)
    return Exit.DONE if whole else Exit.NOT_ALL_DONE
