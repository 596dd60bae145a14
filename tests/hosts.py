"""A host of links, as well or as badly behaved as the first part of the path says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web


class Host:
    """Serves the files of one folder on loopback, at ``/<behaviour>/<file>``, and remembers what it
    was asked and how many bytes it gave."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        """Method, path and headers of each request."""
        self.given = 0
        self.at_once = self.most_at_once = 0
        self.port = 0

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}/{path}"

    @asynccontextmanager
    async def serve(self, address: str = "127.0.0.1") -> AsyncIterator[Host]:
        """Serve for the length of the block."""
        app = web.Application()
        app.router.add_route("*", "/{how}/{name}", self._answer)
        runner = web.AppRunner(app, shutdown_timeout=0, handler_cancellation=True)
        await runner.setup()
        site = web.TCPSite(runner, address, 0)
        await site.start()
        self.port = runner.addresses[0][1]
        try:
            yield self
        finally:
            await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.method, request.path, dict(request.headers)))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return await self._behave(request)
        finally:
            self.at_once -= 1

    async def _behave(self, request: web.Request) -> web.StreamResponse:
        how, name = request.match_info["how"], request.match_info["name"]
        if how.isdigit():
            return web.Response(status=int(how))
        if how == "head-dropped" and request.method == "HEAD" and request.transport:
            request.transport.close()
        elif how.startswith("head-") and request.method == "HEAD":
            return web.Response(status=int(how[5:]))
        special: dict[str, Callable[[web.Request, str], Awaitable[web.StreamResponse]]] = {
            "moved": self._moved, "round": self._round, "out": self._out, "silent": self._silent,
            "all": self._all, "unannounced": self._unannounced, "other-part": self._other_part,
            "cut": self._cut, "endless": self._endless,
        }  # fmt: skip
        if how in special:
            return await special[how](request, name)
        kind = how.removeprefix("as-").replace("-", "/") if how.startswith("as-") else None
        return self._part(request, (self.folder / name).read_bytes(), kind)

    def _part(self, request: web.Request, content: bytes, kind: str | None) -> web.Response:
        """As a good host does."""
        headers = {"Content-Type": kind} if kind else {}
        if request.method == "HEAD":
            return web.Response(headers={**headers, "Content-Length": str(len(content))})
        first, _, last = request.headers["Range"].removeprefix("bytes=").partition("-")
        part = content[int(first) : int(last) + 1]
        if not part:
            return web.Response(status=416, headers={"Content-Range": f"bytes */{len(content)}"})
        self.given += len(part)
        end = int(first) + len(part) - 1
        headers["Content-Range"] = f"bytes {first}-{end}/{len(content)}"
        return web.Response(status=206, body=part, headers=headers)

    async def _moved(self, request: web.Request, name: str) -> web.StreamResponse:
        raise web.HTTPFound(f"/good/{name}")

    async def _round(self, request: web.Request, name: str) -> web.StreamResponse:
        raise web.HTTPFound(request.path)

    async def _out(self, request: web.Request, name: str) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": "ftp://media.invalid/a.png"})

    async def _silent(self, request: web.Request, name: str) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError("nobody sets it")

    async def _all(self, request: web.Request, name: str) -> web.StreamResponse:
        """Knows no parts."""
        content = (self.folder / name).read_bytes()
        return await self._stream(request, content, len(content))

    async def _unannounced(self, request: web.Request, name: str) -> web.StreamResponse:
        """Says nowhere how long it is."""
        return await self._stream(request, (self.folder / name).read_bytes(), None)

    async def _cut(self, request: web.Request, name: str) -> web.StreamResponse:
        """Announces more than it sends."""
        content = (self.folder / name).read_bytes()
        return await self._stream(request, content[:1000], len(content))

    async def _stream(
        self, request: web.Request, content: bytes, length: int | None
    ) -> web.StreamResponse:
        answer = web.StreamResponse()
        if length is not None:
            answer.content_length = length
        await answer.prepare(request)
        if request.method != "HEAD":
            for at in range(0, len(content), 16_384):
                await answer.write(content[at : at + 16_384])
                self.given += len(content[at : at + 16_384])
        if length not in (None, len(content)) and request.method == "GET" and request.transport:
            request.transport.close()
        return answer

    async def _other_part(self, request: web.Request, name: str) -> web.StreamResponse:
        content = (self.folder / name).read_bytes()
        headers = {"Content-Range": f"bytes 7-{len(content) - 1}/{len(content)}"}
        return web.Response(status=206, body=content[7:], headers=headers)

    async def _endless(self, request: web.Request, name: str) -> web.StreamResponse:
        """A film of a thousand gigabytes that begins with one idle box after another."""
        box = (1000).to_bytes(4, "big") + b"free" + bytes(992)
        content = (20).to_bytes(4, "big") + b"ftypqt  " + bytes(8) + 9000 * box
        answer = self._part(request, content, None)
        if request.method != "HEAD":
            span = answer.headers["Content-Range"].partition("/")[0]
            answer.headers["Content-Range"] = f"{span}/{10**12}"
        return answer
