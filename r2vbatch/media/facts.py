"""What a reference file is: image, video or sound, how large, how long."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from r2vbatch.media.files import digest
from r2vbatch.media.films import film
from r2vbatch.media.model import FileFacts, nothing
from r2vbatch.media.stills import still


class FactsCache(Protocol):
    """Where facts are remembered between runs. A changed size or time is another file."""

    def get(self, path: Path, size: int, mtime_ns: int) -> FileFacts | None: ...

    def put(self, path: Path, size: int, mtime_ns: int, facts: FileFacts) -> None: ...


def facts_of(files: Iterable[Path], cache: FactsCache | None = None) -> dict[Path, FileFacts]:
    """The facts of each file, once. One that is missing, is no file or may not
    be read is left out."""
    found: dict[Path, FileFacts] = {}
    for path in filter(Path.is_file, dict.fromkeys(files)):  # to open a pipe waits for its writer
        try:
            stat = path.stat()
            key = (path, stat.st_size, stat.st_mtime_ns)
            known = cache.get(*key) if cache else None
            found[path] = known or facts(path)
        except OSError:
            continue
        if cache and not known:
            cache.put(*key, found[path])
    return found


def looks_of(files: Iterable[Path]) -> dict[Path, FileFacts]:
    """What can be told of each file without reading all of it: its hash is left empty."""
    found = {}
    for path in filter(Path.is_file, dict.fromkeys(files)):
        with suppress(OSError), path.open("rb") as file:  # one that may not be read is left out
            found[path] = _look(path, "", file.seek(0, os.SEEK_END))
    return found


def facts(path: Path) -> FileFacts:
    """The facts of one file. Raises OSError only where it cannot be read at all."""
    return _look(path, *digest(path))


def _look(path: Path, sha256: str, size: int) -> FileFacts:
    with path.open("rb") as file:
        found = still(file, sha256, size)
    return found or film(path, sha256, size) or nothing(sha256, size)
