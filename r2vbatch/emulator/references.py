"""From the URLs of a request to files on this machine: uploads, remote files, data URIs.

A remote file is fetched once for ten minutes, and so is the knowledge that it cannot be had.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import ipaddress
import time
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp

from r2vbatch.emulator.ask import Reference
from r2vbatch.emulator.media import IMAGE_BYTES, VIDEO_BYTES, Medium, inspect
from r2vbatch.emulator.refusals import Refusal
from r2vbatch.emulator.service import Task
from r2vbatch.emulator.storage import Storage, oss_key
from r2vbatch.emulator.voices import Voice, inspect_voice
from r2vbatch.threads import in_thread

TIMEOUT = aiohttp.ClientTimeout(total=10, sock_connect=3, connect=3)
KEPT_SECONDS = 600.0


class Missing(Exception):
    """A reference that could not be had or opened; says why, as the service would."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal


class References:
    """Finds the files of a task's references. One object a server, for the caches."""

    def __init__(self, storage: Storage, *, remote: bool) -> None:
        """`remote`: False leaves the network alone; remote references are then missing."""
        self._storage = storage
        self._remote = remote
        self._fetched: dict[str, tuple[float, asyncio.Task[Path]]] = {}
        self._measured: dict[Path, Medium] = {}

    async def find(self, task: Task, reference: Reference) -> Medium:
        """The file behind a reference, measured.

        Raises:
            Refusal: what no service would accept (a scheme, an upload of someone else).
            Missing: a remote file that cannot be had, or a file that cannot be opened.
        """
        inline = reference.role in ("reference_image", "first_frame")
        path = await self._path(task, reference.url, inline=inline)
        if path not in self._measured:
            try:
                self._measured[path] = await in_thread(inspect, path)
            except Refusal as refusal:
                raise Missing(refusal) from refusal
        return self._measured[path]

    async def voice(self, task: Task, url: str) -> Voice:
        """The recording behind `url`.

        Raises:
            Refusal: what no service would accept.
            Missing: a remote file that cannot be had.
        """
        path = await self._path(task, url, inline=False)
        return await in_thread(inspect_voice, path)

    async def stop(self) -> None:
        """Drop what is being fetched."""
        fetching = [task for _, task in self._fetched.values()]
        for each in fetching:
            each.cancel()
        await asyncio.gather(*fetching, return_exceptions=True)

    async def _path(self, task: Task, url: str, *, inline: bool) -> Path:
        """`inline`: the content may stand in the URL itself."""
        scheme = urlsplit(url).scheme.lower()
        if scheme == "oss":
            return self._uploaded(task, url)
        if scheme in ("http", "https"):
            return await self._fetch(url)
        if scheme == "data" and inline:
            return self._inline(url)
        raise Refusal.of("InvalidURL")

    def _uploaded(self, task: Task, url: str) -> Path:
        account, model = task.lane.account.name, task.ask.model
        key = oss_key(url)
        path = self._storage.uploaded(key, account, model) if task.resolves_oss else None
        if path is None:
            raise Refusal.of("InvalidParameter.DataInspection")
        return path

    def _inline(self, url: str) -> Path:
        head, _, data = url.partition(",")
        try:
            content = base64.b64decode(data, validate=True)
        except binascii.Error as problem:
            raise Refusal.of("InvalidURL") from problem
        if not head.startswith("data:image/") or not head.endswith(";base64"):
            raise Refusal.of("InvalidURL")
        if len(content) > IMAGE_BYTES:
            raise Refusal.of("InvalidFile.Size")
        path = self._storage.new_file()
        path.write_bytes(content)
        return path

    async def _fetch(self, url: str) -> Path:
        if not self._remote:
            raise Missing(Refusal.of("InvalidParameter.DataInspection"))
        born, fetching = self._fetched.get(url, (0.0, None))
        if fetching is None or time.monotonic() > born + KEPT_SECONDS:
            fetching = asyncio.create_task(self._download(url), name=f"fetch {url[:80]}")
            self._fetched[url] = (time.monotonic(), fetching)
        return await asyncio.shield(fetching)

    async def _download(self, url: str) -> Path:
        path = self._storage.new_file()
        try:
            async with (
                aiohttp.ClientSession(timeout=TIMEOUT, trust_env=not _is_loopback(url)) as session,
                session.get(url) as response,
            ):
                response.raise_for_status()
                size = 0
                with path.open("wb") as file:
                    async for chunk in response.content.iter_chunked(2**16):
                        size += len(chunk)
                        if size > VIDEO_BYTES:
                            raise Missing(Refusal.of("InvalidFile.Size"))
                        file.write(chunk)
        except TimeoutError as problem:
            raise Missing(Refusal.of("InvalidURL.Timeout")) from problem
        except aiohttp.ClientConnectorDNSError as problem:
            raise Missing(Refusal.of("InvalidParameter.DataInspection")) from problem
        except aiohttp.ClientConnectorError as problem:
            raise Missing(Refusal.of("InvalidURL.ConnectionRefused")) from problem
        except (aiohttp.ClientError, ValueError, OSError) as problem:
            raise Missing(Refusal.of("InvalidParameter.DataInspection")) from problem
        return path


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
