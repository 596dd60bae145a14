"""A service that answers what it likes: a few lines that speak bytes on a port the kernel chose.

It runs on a thread of its own, so that the program under test may be another process.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

Say = Callable[["Hostile", str, str], bytes | dict[str, Any] | None]
"""Method and path to a whole answer, to the object of a 200, or to what an honest one says."""


class Hostile:
    """Lists nothing, creates a task for each submit, and says of each that it has succeeded,
    with a link to ``/clip`` here; unless `say` says something else."""

    def __init__(self, say: Say) -> None:
        self.say = say
        self.url = ""
        self.asked: list[bytes] = []
        """The head of each request."""

    @property
    def base_url(self) -> str:
        return f"{self.url}/api/v1"

    def count(self, method: str, path: str) -> int:
        """How many requests began so."""
        return sum(head.startswith(f"{method} {path}".encode()) for head in self.asked)

    def honest(self, method: str, path: str) -> dict[str, Any]:
        if method == "POST":
            task_id = f"task-{self.count('POST', '/')}"
            return {"output": {"task_id": task_id, "task_status": "PENDING"}, "request_id": "r"}
        if path.startswith("/api/v1/tasks/?"):
            return {"data": [], "total": 0, "request_id": "r"}
        task_id = path.rpartition("/")[2]
        output = {"task_id": task_id, "task_status": "SUCCEEDED", "video_url": f"{self.url}/clip"}
        return {"output": output, "usage": {"duration": 2}, "request_id": "r"}

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            if found := re.search(rb"(?i)content-length: (\d+)", head):
                await reader.readexactly(int(found[1]))
            self.asked.append(head)
            method, path, _ = head.decode().split(" ", 2)
            said = self.say(self, method, path)
            said = self.honest(method, path) if said is None else said
            writer.write(said if isinstance(said, bytes) else http("200 OK", json.dumps(said)))
            await writer.drain()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


def http(status: str, body: str | bytes = b"", *headers: str) -> bytes:
    """A whole answer."""
    body = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def task(**output: Any) -> dict[str, Any]:
    """What a query says of a task, the id left out as it may be."""
    return {"output": output, "request_id": "r"}


@contextlib.contextmanager
def hostile(say: Say) -> Iterator[Hostile]:
    """Such a service, for the length of the block."""
    service = Hostile(say)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="hostile")
    thread.start()

    async def open_() -> asyncio.Server:
        return await asyncio.start_server(service, "127.0.0.1", 0)

    async def close(server: asyncio.Server) -> None:
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for other in others:
            other.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    server = asyncio.run_coroutine_threadsafe(open_(), loop).result(10)
    service.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield service
    finally:
        asyncio.run_coroutine_threadsafe(close(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
