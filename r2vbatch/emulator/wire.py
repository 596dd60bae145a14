"""How an answer goes out: whole, late, half, broken, or not at all.

The only room that touches a transport. It is told which faults struck a call, and plays those
that concern the answer; the rest are played where the work is done.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from r2vbatch.emulator.faults import Fault
from r2vbatch.emulator.refusals import Refusal

Struck = Mapping[str, Fault]
LONGEST_STALL = 3600.0
NOWHERE = "http://no-such-host.invalid"
"""A name that is promised to nobody (RFC 6761, 6.4)."""
RESET = struct.pack("ii", 1, 0)


class Cut(Exception):
    """The connection was cut on order; there is nothing left to answer."""


async def before(request: web.Request, struck: Struck) -> web.StreamResponse | None:
    """Play what happens in place of the work: an answer, or None to go on.

    Raises:
        Refusal: refused on order.
        Cut: the connection was reset.
    """
    if "reset_before" in struck:
        reset(request)
    if "redirect" in struck:
        return web.Response(status=307, headers={"Location": request.path_qs})
    if "status" in struck:
        return _status_page(struck["status"])
    for kind in ("throttle", "refuse"):
        if kind in struck:
            raise Refusal.of(struck[kind].value)
    if "code_in_200" in struck:
        usual = Refusal.of(struck["code_in_200"].value)
        raise Refusal(200, usual.code, usual.message)
    return None


def origin(request: web.Request, struck: Struck) -> str:
    """Where links of an answer lead: here, or on order to a name that no resolver knows."""
    return NOWHERE if "no_host" in struck else str(request.url.origin())


async def answer(request: web.Request, body: Any, struck: Struck) -> web.StreamResponse:
    """Send `body` as JSON, as the faults that struck will have it."""
    text = json.dumps(body, ensure_ascii=False).encode(errors="replace")  # half a surrogate pair
    return await send(request, text, struck, kind="application/json")


async def send(
    request: web.Request, content: bytes, struck: Struck, status: int = 200, kind: str = "text/html"
) -> web.StreamResponse:
    """Send `content`, as the faults that struck will have it."""
    if "slow" in struck:
        await asyncio.sleep(struck["slow"].number)
    if "reset_after" in struck:
        reset(request)
    if "error_after" in struck:
        return _status_page(struck["error_after"])
    if "malformed_json" in struck:
        content = content[: len(content) // 2] + b"<html>\x00"
    if "stall" in struck or "truncated" in struck:
        return await _break_off(request, content, struck, kind)
    return web.Response(body=content, status=status, content_type=kind, charset="utf-8")


async def _break_off(
    request: web.Request, content: bytes, struck: Struck, kind: str
) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": kind})
    response.content_length = len(content)
    await response.prepare(request)
    if "stall" in struck:
        await stall(request)
    await response.write(content[: len(content) // 2])
    hang_up(request)
    return response


async def stall(request: web.Request) -> None:
    """Say nothing until the client has gone or the server stops."""
    waited = 0.0
    while request.transport is not None and waited < LONGEST_STALL:
        await asyncio.sleep(0.05)
        waited += 0.05
    raise Cut


def reset(request: web.Request) -> None:
    """Cut the connection with a TCP reset.

    Raises:
        Cut: always.
    """
    transport = request.transport
    if transport is not None:
        line: socket.socket = transport.get_extra_info("socket")
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        transport.abort()
    raise Cut


def hang_up(request: web.Request) -> None:
    """Close the connection once what was written has gone out.

    Raises:
        Cut: always.
    """
    if request.transport is not None:
        request.transport.close()
    raise Cut


def is_gone(request: web.Request) -> bool:
    """The client has left before its answer."""
    return request.transport is None or request.transport.is_closing()


def _status_page(fault: Fault) -> web.Response:
    status = int(fault.number)
    text = f"<html><body><h1>{status} error</h1></body></html>"
    return web.Response(status=status, text=text, content_type="text/html")
