"""A reference as planned to a URL that the endpoint accepts: uploaded once, used by many takes.

A plan writes a local file as ``oss://PENDING/<sha256>/<name>``. Here the file is put up once for
each content and model, while that upload lives; takes that need it meanwhile wait for that one
upload, and one that failed poisons nothing: the next need tries again. Before a byte goes up the
file must still be the one that was planned, else a clip would be paid for that its fingerprint
does not describe. Uploads cannot be listed or looked at (dossier 8): whether the service still
knows one is learned from its refusal alone, and then the file is put up once more.

This room refuses to know takes and plans beyond the URL, and where uploads are remembered from
run to run: a `Shelf` does that.
"""

from __future__ import annotations

import asyncio
import hashlib
from asyncio import gather
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import unquote

from r2vbatch.clock import now
from r2vbatch.dashscope.encode import PENDING
from r2vbatch.dashscope.model import Upload
from r2vbatch.dashscope.upload import link_unknown
from r2vbatch.errors import R2VBatchError
from r2vbatch.threads import in_thread

LIFE: Final = 48 * 3600.0
"""Seconds the service keeps an upload (dossier 8)."""
EARLY: Final = 3 * 3600.0
"""Seconds before its end from which an upload is not used any more: a task that is submitted now
may wait and run so long before its references are read, and no run waits for it longer."""


class ReferenceChanged(R2VBatchError):
    """A local reference is gone or is not what was planned: its takes cannot be made as asked."""


Source = Path | Callable[[], Awaitable[Path]]
"""A file, or what makes one: a copy that conforms."""


class Uploader(Protocol):
    """What can put a file where the service reads it."""

    async def upload(self, file: Path, model: str, name: str) -> str:
        """The URL of `file` for tasks of `model`, put up under a name like `name`."""
        ...


class Shelf(Protocol):
    """Where uploads are remembered: by content and model, as the service binds them."""

    async def get(self, sha256: str, model: str) -> Upload | None:
        """The latest upload, whether or not it still lives."""
        ...

    async def put(self, sha256: str, model: str, upload: Upload) -> None:
        """Remember an upload made just now, in place of an earlier one."""
        ...


@dataclass(slots=True)
class RunShelf:
    """Remembers for this run only."""

    _uploads: dict[tuple[str, str], Upload] = field(default_factory=dict)

    async def get(self, sha256: str, model: str) -> Upload | None:
        """The latest upload of this run."""
        return self._uploads.get((sha256, model))

    async def put(self, sha256: str, model: str, upload: Upload) -> None:
        """Remember it until the end of this run."""
        self._uploads[sha256, model] = upload


class References:
    """Gives planned requests their real URLs."""

    def __init__(
        self,
        uploader: Uploader,
        files: Mapping[str, Source],
        shelf: Shelf | None = None,
        clock: Callable[[], float] = now,
    ) -> None:
        """`files`: where each planned content lies, or what makes it, by SHA-256 (hex); `clock`:
        seconds since 1970 UTC."""
        self._uploader = uploader
        self._files = files
        self._shelf: Shelf = RunShelf() if shelf is None else shelf
        self._clock = clock
        # Locks are kept: there are as many as distinct references, which are few.
        self._busy: defaultdict[tuple[str, str], asyncio.Lock] = defaultdict(asyncio.Lock)
        self._refused: dict[tuple[str, str], str] = {}
        """By content and model: the one upload that was given up in this run although it should
        live."""

    async def ready(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """A copy of the planned `request` that can be sent. Its files are uploaded at once, side
        by side.

        Raises `ReferenceChanged` for a file that is not as planned, and what the upload raises.
        """
        model = str(request["model"])
        pending = dict.fromkeys(_pending(request))
        if not pending:
            return dict(request)
        urls = await gather(*(self.resolve(url, model) for url in pending), return_exceptions=True)
        for failure in urls:
            if isinstance(failure, BaseException):
                raise failure
        real = dict(zip(pending, map(str, urls), strict=True))
        return {key: _replaced(value, real) for key, value in request.items()}

    async def resolve(self, url: str, model: str) -> str:
        """The URL to send for `url`: itself, unless it stands for a local file."""
        if not url.startswith(PENDING):
            return url
        sha256, name = _parts(url)
        async with self._busy[sha256, model]:
            known = await self._shelf.get(sha256, model)
            if known is None or not self._lives(known) or self._given_up(known, sha256, model):
                began = self._clock()
                known = Upload(await self._upload(sha256, name, model), began)
                await self._shelf.put(sha256, model, known)
        return known.url

    async def renew(self, request: Mapping[str, Any], code: str, sent: float) -> bool:
        """Whether the planned `request` may be taken with other uploads than those it was sent
        with: the service refused it with `code`, which may mean that it no longer knows one.

        `sent`: seconds since 1970 UTC; what was uploaded later is not at fault. In one run an
        upload is given up once for each content and model: a file that is refused again is at
        fault itself.
        """
        if not link_unknown(code):
            return False
        model = str(request["model"])
        return any([await self._give_up(url, model, sent) for url in _pending(request)])

    async def _give_up(self, url: str, model: str, sent: float) -> bool:
        """Whether another upload of the file will be, or has been, made in place of the one used
        at `sent`."""
        sha256, _ = _parts(url)
        known = await self._shelf.get(sha256, model)
        if known is None or known.made_at > sent or self._given_up(known, sha256, model):
            return True
        if (sha256, model) in self._refused:
            return False
        self._refused[sha256, model] = known.url
        return True

    def _lives(self, upload: Upload) -> bool:
        """An upload from the future tells that a clock was put right: its age is not known."""
        return 0.0 <= self._clock() - upload.made_at < LIFE - EARLY

    def _given_up(self, upload: Upload, sha256: str, model: str) -> bool:
        return self._refused.get((sha256, model)) == upload.url

    async def _upload(self, sha256: str, name: str, model: str) -> str:
        file = self._files.get(sha256)
        if file is None:
            raise ReferenceChanged(f"No file is known for the reference {name}.")
        if not isinstance(file, Path):  # a copy is known by what it shows, not by its bytes
            return await self._uploader.upload(await file(), model, name)
        try:
            seen = _stamp(file)
            found = await in_thread(_hash, file)
        except OSError as error:
            raise ReferenceChanged(
                f"The reference {file} cannot be read: {error.strerror or error}."
            ) from None
        if found != sha256:
            raise _changed(file)
        url = await self._uploader.upload(file, model, name)
        with suppress(OSError):  # one that is gone by now has gone up as it was
            if _stamp(file) != seen:  # while it went up: whose bytes these are is not known
                raise _changed(file)
        return url


def _stamp(file: Path) -> tuple[int, int, int]:
    """What changes with the content of a file."""
    looked = file.stat()
    return looked.st_ino, looked.st_size, looked.st_mtime_ns


def _changed(file: Path) -> ReferenceChanged:
    return ReferenceChanged(
        f"The reference {file} has changed since it was planned.",
        hint="Run again: the takes that use it are planned anew.",
    )


def _parts(url: str) -> tuple[str, str]:
    """Content and file name of a local reference as planned."""
    sha256, _, name = url.removeprefix(PENDING).partition("/")
    return sha256, unquote(name)


def _pending(value: object) -> list[str]:
    if isinstance(value, str):
        return [value] if value.startswith(PENDING) else []
    if isinstance(value, Mapping):
        return [url for part in value.values() for url in _pending(part)]
    if isinstance(value, list | tuple):
        return [url for part in value for url in _pending(part)]
    return []


def _replaced(value: Any, real: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return real.get(value, value)
    if isinstance(value, Mapping):
        return {key: _replaced(part, real) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_replaced(part, real) for part in value]
    return value


def _hash(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
