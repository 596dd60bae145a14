"""The object store over HTTP: form uploads in, clips out, with Range and expiry.

Stands beside the service on the same port, knows no API keys, and refuses to be sent one.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from r2vbatch.emulator import wire
from r2vbatch.emulator.faults import Faults
from r2vbatch.emulator.refusals import Refusal
from r2vbatch.emulator.service import Service, Task
from r2vbatch.emulator.storage import Storage, StoreRefusal
from r2vbatch.emulator.wire import Cut, Struck

LONGEST_FIELD = 64 * 1024


class Objects:
    """Handlers for uploads and downloads."""

    def __init__(
        self,
        service: Service,
        storage: Storage,
        faults: Faults,
        clip: Callable[[Task], Awaitable[Path | None]],
    ) -> None:
        """`clip`: the file of a task's clip, if it has one."""
        self._clip = clip
        self._service = service
        self._storage = storage
        self._faults = faults

    async def upload(self, request: web.Request) -> web.StreamResponse:
        """A form upload under a policy; the file is its last part."""
        struck = self._faults.strike("upload")
        try:
            played = await wire.before(request, struck)
            if played is not None:
                return played
            status = await self._receive(request)
            return await wire.send(request, b"", struck, status)
        except (ValueError, HttpProcessingError, web.RequestPayloadError):
            return _xml(StoreRefusal(400, "MalformedPOSTRequest", "The form cannot be read."))
        except StoreRefusal as refused:
            return _xml(refused)
        except Refusal as refused:
            return _xml(StoreRefusal(refused.status, refused.code, refused.message))
        except Cut:
            return web.Response(status=500)

    async def _receive(self, request: web.Request) -> int:
        if "Authorization" in request.headers:
            message = "An upload is signed by its form; it must carry no Authorization header."
            raise StoreRefusal(400, "InvalidArgument", message)
        if not request.content_type.startswith("multipart/form-data"):
            raise StoreRefusal(412, "PreconditionFailed", "Content-Type must be form-data.")
        form: dict[str, str] = {}
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader):
                raise StoreRefusal(400, "MalformedPOSTRequest", "nested multipart")
            if part.name != "file":
                form[part.name or ""] = _text(await part.read(decode=True))
                continue
            grant = self._storage.grant(form)
            path = self._storage.new_file()
            await _save(part, path, self._storage.largest)
            self._storage.keep(form["key"], path, grant)
            account = self._service.accounts[grant.account]
            account.counters.uploads += 1
            return 200 if form.get("success_action_status") == "200" else 204
        raise StoreRefusal(400, "InvalidArgument", "The file must be the last field of the form.")

    async def download(self, request: web.Request) -> web.StreamResponse:
        """A clip by its signed link."""
        struck = self._faults.strike("download")
        try:
            self._storage.check_link(request.path, request.query)
            task = self._service.any_task(request.match_info["name"].removesuffix(".mp4"))
            clip = await self._clip(task) if task else None
            if task is None or clip is None:
                raise StoreRefusal(404, "NoSuchKey", "The specified key does not exist.")
            played = await wire.before(request, struck)
            if played is not None:
                return played
            if request.method == "GET":
                task.downloads += 1
                task.lane.account.counters.downloads += 1
            return await self._send(request, clip, struck)
        except StoreRefusal as refused:
            return _xml(refused)
        except Cut:
            return web.Response(status=500)

    async def _send(self, request: web.Request, clip: Path, struck: Struck) -> web.StreamResponse:
        if not struck and not self._storage.options.no_ranges:
            return web.FileResponse(clip, headers={"Content-Type": "video/mp4"})
        content = await asyncio.to_thread(clip.read_bytes)
        if "corrupted" in struck:
            content = _scrambled(content)
        return await wire.send(request, content, struck, kind="video/mp4")


def _text(field: bytes | bytearray) -> str:
    return field[:LONGEST_FIELD].decode(errors="replace")


async def _save(part: BodyPartReader, path: Path, largest: int) -> None:
    size = 0
    with path.open("wb") as file:  # blocks for a chunk's write, which is what a test server may
        while chunk := await part.read_chunk(2**16):
            size += len(chunk)
            if size > largest:
                message = "Your proposed upload exceeds the maximum allowed size."
                raise StoreRefusal(400, "EntityTooLarge", message)
            file.write(chunk)


def _scrambled(content: bytes) -> bytes:
    """The same length, with a stretch in the middle that is not what was drawn."""
    start, end = len(content) // 3, len(content) // 3 * 2
    noise = hashlib.shake_256(b"corrupted").digest(end - start)
    return content[:start] + noise + content[end:]


def _xml(refused: StoreRefusal) -> web.Response:
    return web.Response(status=refused.status, text=refused.xml, content_type="application/xml")
