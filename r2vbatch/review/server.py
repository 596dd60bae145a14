"""The server: a page, its files, its news, and what is said on it. One output folder, one person,
this machine only."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, suppress
from typing import Any

from aiohttp import web
from aiohttp.http import HttpProcessingError

from r2vbatch.errors import OutputUnavailable, R2VBatchError
from r2vbatch.film.report import policy
from r2vbatch.ledger import Ledger, LedgerThread
from r2vbatch.review.door import Door
from r2vbatch.review.files import file_response
from r2vbatch.review.following import Following, News
from r2vbatch.review.saying import price, say
from r2vbatch.storage import Folder

_HEARTBEAT = 15.0
"""Seconds after which an idle stream says that it is there, and so finds out who has left."""
_LARGEST = 256 * 1024
"""Bytes of what may be said at once."""


class Review:
    """One folder, served."""

    def __init__(self, ledger: Ledger, folder: Folder) -> None:
        self.door = Door()
        self._thread = LedgerThread(ledger)
        self._folder = folder
        self._following = Following(self._thread, folder)
        self._closing = asyncio.Event()

    @property
    def link(self) -> str:
        """What to open in a browser."""
        return self.door.link

    def app(self) -> web.Application:
        """The routes."""
        app = web.Application(middlewares=[self.door.middleware], client_max_size=_LARGEST)
        app.on_response_prepare.append(self.door.headers)
        app.add_routes(
            [
                web.get("/", self._page),
                web.get("/events", self._events),
                web.get("/price", self._price),
                web.post("/say", self._say),
                web.get("/favicon.ico", self._no_icon),
                web.get("/{place}/{name}", self._file),
            ]
        )
        return app

    async def follow(self) -> None:
        """Look for changes until cancelled. A ledger that cannot be read now may be, later."""
        while True:
            with suppress(OutputUnavailable):
                await self._following.follow()
            await asyncio.sleep(1.0)

    def say_goodbye(self) -> None:
        """End the streams, which would go on for ever."""
        self._closing.set()

    def close(self) -> None:
        """Wait for what was begun in the ledger. Nobody may ask any more."""
        self._thread.close()

    async def _page(self, _: web.Request) -> web.StreamResponse:
        try:
            text = await self._following.page()
        except OutputUnavailable as problem:
            raise web.HTTPServiceUnavailable(text=f"{problem.message}\n{problem.hint}\n") from None
        return web.Response(
            text=text,
            content_type="text/html",
            headers={"Content-Security-Policy": policy(live=True)},
        )

    async def _no_icon(self, _: web.Request) -> web.StreamResponse:
        return web.Response(status=204)  # browsers ask unasked

    async def _file(self, request: web.Request) -> web.StreamResponse:
        return file_response(self._folder, request.match_info["place"], request.match_info["name"])

    async def _price(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(price, request.query.get("shot", ""))

    async def _say(self, request: web.Request) -> web.StreamResponse:
        if request.content_type != "application/json":  # what a form of another page cannot send
            raise web.HTTPUnsupportedMediaType(text="JSON is expected\n")
        try:
            said = await request.json()
        except (ValueError, RecursionError, LookupError):  # of the text, its depth, its encoding
            raise web.HTTPBadRequest(text="that is no JSON\n") from None
        answer = await self._answer(_told, said)
        with suppress(OutputUnavailable):
            await self._following.look()
        return answer

    async def _answer(self, ask: Any, *words: Any) -> web.Response:
        try:
            return web.json_response(await self._thread.do(ask, *words))
        except R2VBatchError as problem:
            status = 503 if isinstance(problem, OutputUnavailable) else 409
            told = {"error": problem.message, "hint": problem.hint}
            return web.json_response(told, status=status)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events: the parts of the page that have changed."""
        asked = request.headers.get("Last-Event-ID") or request.query.get("since", "0")
        since = int(asked) if asked.isdecimal() and len(asked) < 16 else 0
        stream = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await stream.prepare(request)
        with suppress(ConnectionResetError):
            async with aclosing(self._lines(since)) as lines:
                async for line in lines:
                    await stream.write(line)
        return stream

    async def _lines(self, since: int) -> AsyncGenerator[bytes]:
        """Events as they stand in the stream, and a sign of life where there is none for long."""
        news = self._following.news(since)
        coming: asyncio.Task[News] | None = None
        closing = asyncio.create_task(self._closing.wait(), name="closing")
        try:
            while not self._closing.is_set():
                coming = coming or asyncio.create_task(_next(news), name="coming")
                await asyncio.wait(
                    [coming, closing], timeout=_HEARTBEAT, return_when=asyncio.FIRST_COMPLETED
                )
                if not coming.done():
                    yield b": still here\n\n"
                    continue
                found, coming = coming.result(), None
                told = {"head": found.head, "shots": found.shots, "other": found.other}
                yield f"id: {found.version}\ndata: {json.dumps(told)}\n\n".encode()
        finally:
            left = [closing, coming] if coming else [closing]
            for each in left:
                each.cancel()
            await asyncio.wait(left)
            await news.aclose()


async def _next(news: AsyncGenerator[News]) -> News:
    return await anext(news)  # which is no coroutine, as a task has to be


def _logger() -> logging.Logger:
    """For what goes wrong in here, and not for requests that are none: any page of any site can
    send those, and the log would show them with their addresses."""
    logger = logging.getLogger(__name__)
    logger.addFilter(_is_ours)
    return logger


def _is_ours(record: logging.LogRecord) -> bool:
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


def _told(ledger: Ledger, said: Any) -> dict[str, str]:
    return {"told": say(ledger, said if isinstance(said, dict) else {})}


@asynccontextmanager
async def serve(ledger: Ledger, folder: Folder, port: int = 0) -> AsyncIterator[Review]:
    """Serve a folder on 127.0.0.1 while the block runs; port 0 lets the kernel choose.

    Raises OSError where the port is taken.
    """
    review = Review(ledger, folder)
    runner = web.AppRunner(review.app(), access_log=None, logger=_logger(), shutdown_timeout=1.0)
    async with AsyncExitStack() as stack:
        stack.callback(review.close)  # last: what is under way may still ask the ledger
        stack.push_async_callback(runner.cleanup)
        stack.callback(review.say_goodbye)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        review.door.port = runner.addresses[0][1]
        following = asyncio.create_task(review.follow(), name="following")
        stack.push_async_callback(asyncio.wait, [following])
        stack.callback(following.cancel)
        yield review
