"""``review``: the contact sheet live in a browser, to watch, circle, note and ask again."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import AsyncExitStack, closing, contextmanager, suppress
from pathlib import Path

import click

from r2vbatch.cli import params
from r2vbatch.cli.folders import ledger_of
from r2vbatch.cli.text import say
from r2vbatch.cli.verb import MEANINGS, Verb
from r2vbatch.errors import Exit, UsageProblem
from r2vbatch.ledger import Ledger
from r2vbatch.storage import Folder, unwritable

_WAY = ".review.html"
"""Beside the clips: a browser in a box of its own may not read the machine's temporary files."""


@click.command(
    cls=Verb,
    cost="Nothing by itself. Another take of a clip is asked for with a yes to its price, and spent"
    " by a run: one that goes on already, or the next, which asks again.",
    examples=[
        ("r2vbatch review out/day-off", "prints a link to open; Ctrl-C ends it"),
        ("r2vbatch review out/day-off --open", "opens it in your browser, too"),
        (
            "ssh -L 8765:127.0.0.1:8765 studio r2vbatch review out/day-off --port 8765",
            "a folder on another machine, in the browser of this one",
        ),
    ],
    exits={
        Exit.DONE: "ended by Ctrl-C",
        Exit.USAGE: "the port is taken, or there is no such output folder",
        Exit.OUTPUT: MEANINGS[Exit.OUTPUT],
    },
)
@params.output_argument
@click.option("--open", "opens", is_flag=True, help="Open the link in your browser.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, metavar="N",
              help="A fixed port of this machine.  [any free one]")  # fmt: skip
@params.ledger
def review(output: Path, opens: bool, port: int, ledger: Path | None) -> int:
    """Show the takes of OUTPUT in a browser, while a batch runs and after it.

    Watch them, side by side or frame by frame; circle the good one, write notes, ask for another
    take: all of it goes into the ledger at once. The page is served on this machine alone, to
    whoever has the link; keys: J K L, arrows, C to circle, R for another take, N for a note.
    """
    with closing(Ledger.open(ledger_of(output, ledger), create=False)) as opened:
        folder = Folder(output)
        folder.refuse_links()
        with suppress(KeyboardInterrupt):
            asyncio.run(_serve(opened, folder, port, opens=opens))
    return Exit.DONE


async def _serve(ledger: Ledger, folder: Folder, port: int, *, opens: bool) -> None:
    from r2vbatch.review import serve

    async with AsyncExitStack() as stack:
        try:
            served = await stack.enter_async_context(serve(ledger, folder, port))
        except OSError as problem:
            raise UsageProblem(
                f"port {port} cannot be used: {problem.strerror}", hint="leave --port out"
            ) from problem
        say(f"review: {served.link}")
        say("only this machine, only with this link; Ctrl-C ends it")
        if opens:
            stack.enter_context(_opened(served.link, folder))
        await asyncio.Event().wait()


@contextmanager
def _opened(link: str, folder: Folder) -> Iterator[None]:
    """Open the link by way of a file that only this person may read: whatever stands in a browser's
    command line is shown to everybody on the machine."""
    way = folder.path(_WAY)
    try:
        way.unlink(missing_ok=True)
        with open(way, "x", encoding="utf-8", opener=_only_mine) as file:
            file.write(f'<!doctype html><meta http-equiv="refresh" content="0;url={link}">')
    except OSError as problem:
        raise unwritable(folder.root, problem) from problem
    try:
        click.launch(str(way))
        yield
    finally:
        way.unlink(missing_ok=True)


def _only_mine(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
