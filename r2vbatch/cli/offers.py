"""The answers to TAB: manifests, output folders, shots, takes, endpoints.

It is asked while a person types, so every answer is cheap (a bounded look around, a ledger, a
manifest of moderate size) and nothing that goes wrong is said: then nothing is offered, or what
the shell itself would offer. Manifests and output folders are found some folders down, so that one
TAB reaches ``my-film/out/storyboard``.
"""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from r2vbatch import catalogue, manifest
from r2vbatch.batch.settings import LEDGER, Options, output_of
from r2vbatch.dashscope.regions import NAMES
from r2vbatch.errors import R2VBatchError
from r2vbatch.ledger import AT_SERVICE, Ledger, State
from r2vbatch.manifest.model import Manifest

Offer = list[CompletionItem]

_DEPTH = 3
"""Folders below what is typed that are looked into."""
_ENTRIES = 2000
"""Directory entries looked at, at most."""
_LONGEST = 256 * 1024
"""Bytes of a manifest that is still read for the ids in it: a fraction of a second."""
_PLAIN = re.compile(r"[\w./@%+=,-]+")
"""Names that no shell wants quoted; with others the shell's own completion does it right."""


def manifests(ctx: click.Context, param: click.Parameter, typed: str) -> Offer:
    """Manifests near what is typed."""
    found = (path for path in _around(typed) if path.endswith((".yaml", ".yml")))
    return _paths(found, typed, "file")


def shot_lists(ctx: click.Context, param: click.Parameter, typed: str) -> Offer:
    """Tables near what is typed."""
    found = (path for path in _around(typed) if path.lower().endswith((".csv", ".tsv")))
    return _paths(found, typed, "file")


def output_folders(ctx: click.Context, param: click.Parameter, typed: str) -> Offer:
    """Folders near what is typed that hold a ledger."""
    parts = (path.rpartition("/") for path in _around(typed))
    return _paths((folder or "." for folder, _, name in parts if name == LEDGER), typed, "dir")


def folders(ctx: click.Context, param: click.Parameter, typed: str) -> Offer:
    """Folders, as the shell offers them."""
    return [CompletionItem(typed, type="dir")]


def endpoints(ctx: click.Context, param: click.Parameter, typed: str) -> Offer:
    """The preview and the regions."""
    return _items(NAMES, typed)


def regions(ctx: click.Context, param: click.Parameter, typed: str) -> Offer:
    """The regions that have a price table."""
    return _items(catalogue.load().regions, typed)


def shots(ctx: click.Context, param: click.Parameter, typed: str) -> Offer:
    """The shots of the manifest, or of the output folder, that stands on the line already."""
    return _items(_quietly(_shots, ctx), typed)


def queued_takes(ctx: click.Context, param: click.Parameter, typed: str) -> Offer:
    """The takes that are at the service, which is what can be canceled."""
    return _items(_quietly(_takes, ctx, AT_SERVICE), typed)


def done_takes(ctx: click.Context, param: click.Parameter, typed: str) -> Offer:
    """The takes that can be watched."""
    return _items(_quietly(_watchable, ctx), typed)


def takes_in_doubt(ctx: click.Context, param: click.Parameter, typed: str) -> Offer:
    """The takes in doubt."""
    return _items(_quietly(_takes, ctx, {State.IN_DOUBT}), typed)


def _items(words: Iterable[str], typed: str) -> Offer:
    """Those that go on as typed, but none that a shell would not take as it stands: a ledger may
    have been written by someone else, and TAB puts words on the line unquoted."""
    plain = (word for word in dict.fromkeys(words) if _PLAIN.fullmatch(word))
    return [CompletionItem(word) for word in plain if word.startswith(typed)]


def _quietly(ask: Callable[..., list[str]], *args: object) -> list[str]:
    try:
        return ask(*args)
    except (R2VBatchError, OSError):
        return []


# --- files ---------------------------------------------------------------------------------


def _paths(found: Iterable[str], typed: str, kind: str) -> Offer:
    """What was found; what the shell itself offers where that is nothing, or needs quotes."""
    try:
        words = [path for path in found if path.startswith(typed)]
    except OSError:  # a folder that cannot be looked into
        words = []
    if not words or not all(map(_PLAIN.fullmatch, words)):
        return [CompletionItem(typed, type=kind)]
    return [CompletionItem(word) for word in words]


def _around(typed: str) -> Iterator[str]:
    """Files near what is typed, the nearest first, each as it would be typed. Hidden folders are
    left out, and nothing below an output folder is a manifest."""
    base, slash, start = typed.rpartition("/")
    left, waiting = _ENTRIES, deque([(base + slash, 0)])
    while waiting and left > 0:
        folder, depth = waiting.popleft()
        entries = _entries(folder, left)
        left -= len(entries)
        names = [e for e in entries if depth or e.name.startswith(start)]
        yield from (folder + entry.name for entry in names if not entry.is_dir())
        if depth < _DEPTH and not any(entry.name == LEDGER for entry in entries):
            waiting.extend((f"{folder}{e.name}/", depth + 1) for e in names if _is_open(e))


def _entries(folder: str, at_most: int) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder or ".") as entries:
            return sorted(islice(entries, at_most), key=lambda entry: entry.name)
    except OSError:
        return []


def _is_open(entry: os.DirEntry[str]) -> bool:
    return not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False)


# --- what is in them -----------------------------------------------------------------------


def _shots(ctx: click.Context) -> list[str]:
    if "manifest" in ctx.params:
        found = _manifest(ctx)
        return [name for shot in found.shots for name in (shot.base_id, shot.id)] if found else []
    with closing(Ledger.open(_ledger(ctx), create=False)) as opened:
        return [row.shot for row in (*opened.wanted("live"), *opened.wanted("preview"))]


def _takes(ctx: click.Context, states: Iterable[State]) -> list[str]:
    with closing(Ledger.open(_ledger(ctx), create=False)) as opened:
        return [row.take for row in opened.in_states("live", states)]


def _watchable(ctx: click.Context) -> list[str]:
    with closing(Ledger.open(_ledger(ctx), create=False)) as opened:
        return [row.take for row in opened.shown() if row.state is State.DONE]


def _manifest(ctx: click.Context) -> Manifest | None:
    """The manifest on the line, if it can be read, and soon."""
    file = _named(ctx, "manifest")
    return manifest.load(file).manifest if file and file.stat().st_size <= _LONGEST else None


def _ledger(ctx: click.Context) -> Path:
    """The ledger that the line names, directly, by its folder or through a manifest."""
    if given := ctx.params.get("ledger"):
        return Path(given)
    if "manifest" not in ctx.params:
        return (_named(ctx, "output") or Path()) / LEDGER
    found = _manifest(ctx)
    return output_of(found, Options(ctx.params["output"])) / LEDGER if found else Path(LEDGER)


def _named(ctx: click.Context, argument: str) -> Path | None:
    """The first argument of the line. While an option still waits for its value, click leaves
    arguments in a list of their own."""
    value: Path | None = ctx.params.get(argument)
    return value or (Path(ctx.args[0]) if ctx.args else None)
