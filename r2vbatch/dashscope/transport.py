"""HTTP, once: one request out, one `Reply` or one `Broken` back, never an exception of aiohttp.

What aiohttp would do by itself is switched off here: redirects, cookies, ``.netrc``, proxies for
loopback, a second try of what broke. `submission` is one POST on a connection of its own: fresh,
its socket set to die with us, and able to say whether the request can have left (design 6.2).
Exceptions end here because theirs carry request headers; what leaves this room is words.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from aiohttp import ClientTimeout

from r2vbatch.dashscope.decode import Reply
from r2vbatch.dashscope.key import Key, redact_bytes
from r2vbatch.dashscope.patience import host_of
from r2vbatch.dashscope.regions import is_loopback

if TYPE_CHECKING:
    from aiohttp.client_reqrep import ClientRequest
    from aiohttp.connector import Connection
    from aiohttp.tracing import Trace

CONNECT_SECONDS: Final = 30.0
SUBMIT_SECONDS: Final = 120.0
CALL_SECONDS: Final = 60.0
LARGEST_REPLY: Final = 8 * 1024 * 1024
_DIE_AT_ONCE: Final = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Broken:
    """There was no whole answer."""

    connected: bool
    """The connection stood, so that bytes of the request may have been written."""
    reason: str


def timeout(answer: float) -> ClientTimeout:
    """30 s to connect, `answer` seconds for any silence, and for the whole answer."""
    return ClientTimeout(
        total=CONNECT_SECONDS + answer,
        connect=CONNECT_SECONDS,
        sock_connect=CONNECT_SECONDS,
        sock_read=answer,
    )


def proxy_for(url: str) -> str | None:
    """The proxy that the environment sets for `url`; never one for loopback.

    aiohttp's ``trust_env`` is not used: it would send loopback through a proxy, and fails on a
    ``.netrc`` entry for a host whose Authorization header we set.
    """
    parts = urlsplit(url)
    if is_loopback(url) or not parts.hostname or proxy_bypass(parts.hostname):
        return None
    proxy = getproxies().get(parts.scheme)
    return proxy if proxy and urlsplit(proxy).scheme in ("http", "https") else None


class _Connector(aiohttp.TCPConnector):
    """A connector for one connection, which it remembers."""

    transport: asyncio.BaseTransport | None = None

    async def connect(
        self,
        req: ClientRequest,
        traces: list[Trace],
        timeout: ClientTimeout,  # noqa: ASYNC109  the signature is aiohttp's
    ) -> Connection:
        """The connection, standing: name, TCP, proxy and TLS are done, no byte of ours sent."""
        connection = await super().connect(req, traces, timeout)
        self.transport = connection.transport
        return connection


def _mortal_socket(address: tuple[Any, ...]) -> socket.socket:
    """A socket that takes what is unsent with it: without SO_LINGER (1, 0) a request still in
    the kernel was seen to arrive 53 s after a kill -9."""
    made = socket.socket(*address[:3])
    made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _DIE_AT_ONCE)
    return made


async def submission(
    url: str,
    body: bytes | None,
    headers: Mapping[str, str],
    key: Key,
    *,
    answer_seconds: float = SUBMIT_SECONDS,
) -> Reply | Broken:
    """One POST on a connection of its own, never sent twice, never redirected.

    However this ends, cancellation included, the connection is cut on the spot.
    """
    connector = _Connector(force_close=True, socket_factory=_mortal_socket)
    session = _session(connector)
    try:
        return await exchange(
            session, "POST", url, headers=headers, data=body, key=key, seconds=answer_seconds
        )
    finally:
        if isinstance(connector.transport, asyncio.WriteTransport):
            connector.transport.abort()
        await session.close()


def open_session() -> aiohttp.ClientSession:
    """A keep-alive session without cookies, environment or headers of its own."""
    return _session(aiohttp.TCPConnector(limit=0, keepalive_timeout=15))


def _session(connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=connector, cookie_jar=aiohttp.DummyCookieJar(), middlewares=(_once,)
    )


class _Lost(aiohttp.ClientConnectionError):
    """The connection broke; the cause says how."""


async def _once(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Sends `request` once. aiohttp sends a GET again by itself when its connection breaks,
    unseen by the budget of questions; it knows the fault by its class, so it gets another."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _Lost from error


async def exchange(
    session: aiohttp.ClientSession,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    key: Key | None = None,
    params: Mapping[str, str] | None = None,
    data: Any = None,
    seconds: float = CALL_SECONDS,
) -> Reply | Broken:
    """One request and its answer. With a `key` it is authorized by it, and the answer is cleaned
    of it."""
    sent = dict(headers)
    if key is not None:
        sent["Authorization"] = f"Bearer {key.reveal()}"
    try:
        async with session.request(
            method,
            url,
            params=params,
            data=data,
            headers=sent,
            proxy=proxy_for(url),
            allow_redirects=False,
            timeout=timeout(seconds),
        ) as response:
            body = await _read(response.content)
            return Reply(response.status, dict(response.headers), redact_bytes(body, key))
    except (aiohttp.ClientError, OSError, ValueError) as error:  # the last: a name, a proxy
        connector = session.connector
        connected = not isinstance(connector, _Connector) or connector.transport is not None
        return Broken(connected, reason_of(error, url))


async def _read(content: aiohttp.StreamReader) -> bytes:
    """The body; of one beyond all reason, its beginning."""
    body = bytearray()
    async for chunk in content.iter_any():
        body += chunk
        if len(body) > LARGEST_REPLY:
            break
    return bytes(body[:LARGEST_REPLY])


def reason_of(error: Exception, url: str) -> str:
    """What went wrong on the way to `url`, in words, without anything of the request."""
    host = host_of(url)
    if isinstance(error, _Lost) and isinstance(error.__cause__, Exception):
        error = error.__cause__
    for kind, words in _REASONS:
        if isinstance(error, kind):
            return words.format(host=host)
    return f"the connection to {host} broke ({type(error).__name__})"


_REASONS: Final[tuple[tuple[type[Exception], str], ...]] = (
    (aiohttp.ClientConnectorDNSError, "the name {host} was not found"),
    (aiohttp.ClientProxyConnectionError, "the proxy set for {host} cannot be reached"),
    (aiohttp.ClientHttpProxyError, "the proxy set for {host} refuses to connect to it"),
    (aiohttp.ClientConnectorCertificateError, "the certificate of {host} is not trusted"),
    (aiohttp.ClientConnectorSSLError, "no secure connection to {host} could be made"),
    (aiohttp.ConnectionTimeoutError, "{host} could not be connected to in time"),
    (aiohttp.ClientConnectorError, "{host} could not be connected to"),
    (aiohttp.ServerTimeoutError, "{host} did not answer in time"),
    (TimeoutError, "{host} did not answer in time"),
    (aiohttp.ServerDisconnectedError, "{host} hung up without an answer"),
    (aiohttp.ClientPayloadError, "the answer of {host} broke off"),
    (aiohttp.ClientResponseError, "{host} answered with something that is not HTTP"),
    (ValueError, "this is not a URL that can be asked"),
    (ConnectionResetError, "{host} reset the connection"),
    (aiohttp.ClientOSError, "the connection to {host} broke"),
)
