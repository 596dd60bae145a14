"""A reference as planned to a URL that the endpoint accepts: uploaded once, used by many takes.

A plan writes a local file as ``oss://PENDING/<sha256>/<name>``. Here the file is put up once for
each content and model; takes that need it meanwhile wait for that one upload, and one that failed
poisons nothing: the next need tries again. Before a byte goes up the file must still be the one
that was planned, else a clip would be paid for that its fingerprint does not describe.

This room refuses to know takes and plans beyond the URL, and where uploads are remembered from
run to run: a `Shelf` does that.
"""

from __future__ import annotations

import asyncio
import hashlib
from asyncio import gather
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from r2vbatch.dashscope.encode import PENDING
from r2vbatch.errors import R2VBatchError


class ReferenceChanged(R2VBatchError):
    """A local reference is gone or is not what was planned: its takes cannot be made as asked."""


Source = Path | Callable[[], Awaitable[Path]]
"""A file, or what makes one: a copy that conforms."""


class Uploader(Protocol):
    """What can put a file where the service reads it."""

    async def upload(self, file: Path, model: str) -> str:
        """The URL of `file` for tasks of `model`."""
        ...


class Shelf(Protocol):
    """Where uploads are remembered: by content and model, as the service binds them."""

    def get(self, sha256: str, model: str) -> str | None:
        """The URL of an upload that can still be used, or None."""
        ...

    def put(self, sha256: str, model: str, url: str) -> None:
        """Remember an upload made just now."""
        ...


@dataclass(slots=True)
class RunShelf:
    """Remembers for this run only."""

    _urls: dict[tuple[str, str], str] = field(default_factory=dict)

    def get(self, sha256: str, model: str) -> str | None:
        """The URL, if uploaded in this run."""
        return self._urls.get((sha256, model))

    def put(self, sha256: str, model: str, url: str) -> None:
        """Remember it until the end of this run."""
        self._urls[sha256, model] = url


class References:
    """Gives planned requests their real URLs."""

    def __init__(
        self, uploader: Uploader, files: Mapping[str, Source], shelf: Shelf | None = None
    ) -> None:
        """`files`: where each planned content lies, or what makes it, by SHA-256 (hex)."""
        self._uploader = uploader
        self._files = files
        self._shelf: Shelf = RunShelf() if shelf is None else shelf
        self._busy: dict[tuple[str, str], asyncio.Lock] = {}

    async def ready(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """A copy of the planned `request` that can be sent. Its files are uploaded at once, side
        by side.

        Raises `ReferenceChanged` for a file that is not as planned, and what the upload raises.
        """
        model = str(request["model"])
        pending = dict.fromkeys(_pending(request))
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
        sha256, _, name = url.removeprefix(PENDING).partition("/")
        # Locks are kept: there are as many as distinct references, which are few.
        async with self._busy.setdefault((sha256, model), asyncio.Lock()):
            known = self._shelf.get(sha256, model)
            if known is None:
                known = await self._upload(sha256, name, model)
                self._shelf.put(sha256, model, known)
        return known

    async def _upload(self, sha256: str, name: str, model: str) -> str:
        file = self._files.get(sha256)
        if file is None:
            raise ReferenceChanged(f"No file is known for the reference {name}.")
        if not isinstance(file, Path):  # a copy is known by what it shows, not by its bytes
            return await self._uploader.upload(await file(), model)
        try:
            found = await asyncio.to_thread(_hash, file)
        except OSError as error:
            raise ReferenceChanged(
                f"The reference {file} cannot be read: {error.strerror or error}."
            ) from None
        if found != sha256:
            raise ReferenceChanged(
                f"The reference {file} has changed since it was planned.",
                hint="Run again: the takes that use it are planned anew.",
            )
        return await self._uploader.upload(file, model)


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
