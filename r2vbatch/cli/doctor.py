"""``doctor``: key, endpoint, clock, task list, disk: what will work, found out at no cost."""

from __future__ import annotations

import asyncio
import os
import platform
from collections.abc import Iterator
from pathlib import Path

import click

from r2vbatch import __version__
from r2vbatch.cli import completing
from r2vbatch.cli.text import say
from r2vbatch.cli.verb import Verb
from r2vbatch.errors import Exit, UsageProblem
from r2vbatch.storage import Folder, on_shared_disk

_LITTLE = 2 * 10**9
"""Bytes: room for some two hundred clips of 5 s."""
_CLOCK = 60.0
"""Seconds our clock may be off without a word."""


@click.command(
    cls=Verb,
    cost="Nothing: the service is only asked for its task list.",
    examples=[
        ("r2vbatch doctor", "before the first live run"),
        ("r2vbatch doctor --endpoint beijing -o out/day-off", "another region, and that folder"),
        ("r2vbatch doctor --endpoint preview", "what a preview needs: no key, no network"),
    ],
    exits={Exit.DONE: "all of it will work", Exit.NOT_ALL_DONE: "something will not"},
)
@click.option("--endpoint", default="singapore", show_default=True, metavar="NAME|URL",
              shell_complete=completing.endpoints, help="The endpoint to try.")  # fmt: skip
@click.option("--workspace", metavar="ID", help="The workspace, where the endpoint has them.")
@click.option("-o", "--output", default=".", type=click.Path(path_type=Path), metavar="DIR",
              shell_complete=completing.folders, help="The output folder to look at.")  # fmt: skip
def doctor(endpoint: str, workspace: str | None, output: Path) -> int:
    """Say what will work: the key, the endpoint, the clock, the task list, the disk."""
    findings = [*_here(output), *asyncio.run(_there(endpoint, workspace))]
    for good, words in findings:
        mark = click.style("ok ", fg="green") if good else click.style("no ", fg="red", bold=True)
        say(words, mark=f"{mark} ")
    return Exit.DONE if all(good for good, _ in findings) else Exit.NOT_ALL_DONE


Finding = tuple[bool, str]


def _here(output: Path) -> Iterator[Finding]:
    import av

    yield True, f"r2vbatch {__version__}, Python {platform.python_version()}"
    yield "libx264" in av.codecs_available, "slates: H.264 can be written"
    folder = Folder(output)
    free = folder.free()
    yield free >= _LITTLE, f"disk: {free / 1e9:.1f} GB free at {output}"
    if on_shared_disk(output):
        yield True, "disk: a network or synced folder; the ledger is kept in a slower, safer way"
    nearest = next(p for p in (output.absolute(), *output.absolute().parents) if p.exists())
    yield os.access(nearest, os.W_OK), f"disk: {output} can be written to"


async def _there(name: str, workspace: str | None) -> list[Finding]:
    from r2vbatch.batch.endpoint import key_for, reader_of
    from r2vbatch.dashscope.faults import ServiceError
    from r2vbatch.dashscope.regions import find_endpoint

    try:
        endpoint = find_endpoint(name, workspace)
        if endpoint.kind == "preview":
            return [(True, "endpoint: preview, which needs no key and no network")]
        key = key_for(endpoint)
    except UsageProblem as problem:
        return [(False, f"{problem.message.rstrip('.')}: {problem.hint}".rstrip(": "))]
    found: list[Finding] = [(True, "key: found, and of the right form")]
    async with reader_of(endpoint.base_url, key, zone=None, rate=5.0) as reader:
        try:
            page = await reader.list_tasks(page_size=1)
        except ServiceError as failure:
            return [*found, (False, f"endpoint: {failure}. {failure.hint}")]
        found.append((True, f"endpoint: {endpoint.base_url} answers, and takes the key"))
        found.append((True, f"task list: {page.total} tasks of the last 24 hours are listed"))
        off = reader.clock_offset.total_seconds() if reader.clock_offset else 0.0
        words = (
            f"clock: ours is {abs(off):.0f} s {'behind' if off > 0 else 'ahead of'} the service's"
        )
        found.append((abs(off) <= _CLOCK, words))
    return found
