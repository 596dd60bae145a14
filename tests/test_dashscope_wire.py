"""The client against servers that speak bytes: what no well-behaved server does.

Each server here is a few lines over a real socket on a port the kernel chose.
"""

from __future__ import annotations

import asyncio
import re
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from r2vbatch.dashscope.client import Client, Retry
from r2vbatch.dashscope.faults import (
    LinkRefused,
    NotSent,
    Refused,
    ServiceError,
    Unreachable,
    Unsure,
)
from r2vbatch.dashscope.key import Key
from r2vbatch.dashscope.model import Status
from r2vbatch.dashscope.regions import find_endpoint
from r2vbatch.dashscope.times import LONGEST_WAIT
from r2vbatch.dashscope.transport import Broken, proxy_for, submission

SECRET = "sk-0123456789abcdefSECRET"
BODY = {"model": "m", "input": {"prompt": "p", "reference_urls": ["https://h.example/a.png"]}}
QUICK = Retry(attempts=3, seconds=5.0, base=0.01, cap=0.02)
Answer = Callable[[bytes, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Server:
    """Hands each connection to `answer`, and keeps what was asked on it."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked: list[bytes] = []
        self.url = ""

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            self.asked.append(head)
            await self.answer(head, reader, writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[Server]:
    server = Server(answer)
    listening = await asyncio.start_server(server, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        listening.close()


def client_of(url: str) -> Client:
    return Client(find_endpoint(f"{url}/api/v1"), Key(SECRET), retry=QUICK)


def http(status: str, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def saying(*answers: bytes) -> Answer:
    """Answers each connection with the next of `answers`, the last one for ever."""
    left = list(answers)

    async def answer(_: bytes, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(left.pop(0) if len(left) > 1 else left[0])
        await writer.drain()

    return answer


async def reset(_: bytes, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Reset the connection without a word."""
    made: socket.socket = writer.get_extra_info("socket")
    made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


CREATED = http("200 OK", b'{"output":{"task_id":"t","task_status":"PENDING"},"request_id":"r"}')


# --- submit --------------------------------------------------------------------------------


def test_a_submit_goes_on_a_fresh_connection_each_time() -> None:
    """Two submits are two connections, though the server would keep the first open."""
    keep = CREATED.replace(b"Connection: close\r\n", b"")

    async def story() -> None:
        async with serving(saying(keep)) as server, client_of(server.url) as client:
            for _ in range(2):
                assert (await client.submit(BODY)).status is Status.PENDING
            assert len(server.asked) == 2
            assert all(b"Connection: close" in head for head in server.asked)

    asyncio.run(story())


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(reset, id="reset"),
        pytest.param(saying(b""), id="hung up"),
        pytest.param(saying(b"HTTP/1.1 200 OK\r\nContent-Le"), id="half a head"),
        pytest.param(saying(CREATED[:-10]), id="half a body"),
        pytest.param(saying(b"\x00\x01nonsense\r\n\r\n"), id="not HTTP"),
        pytest.param(saying(http("307 T", b"", "Location: /elsewhere")), id="redirect"),
        pytest.param(saying(http("200 OK", b"{}")), id="no task id"),
        pytest.param(saying(http("200 OK", b"[" * 10**6)), id="a heap of brackets"),
        pytest.param(saying(http("404 Not Found", b"<html>")), id="404 of another server"),
    ],
)
def test_after_the_connection_stands_a_strange_end_is_a_doubt(answer: Answer) -> None:
    """One request arrives, it is not repeated, and nobody claims to know what it left behind."""

    async def story() -> None:
        async with serving(answer) as server, client_of(server.url) as client:
            with pytest.raises(Unsure) as doubt:
                await client.submit(BODY)
            assert len(server.asked) == 1
            assert SECRET not in repr(doubt.value) + str(doubt.value) + doubt.value.hint
            assert doubt.value.__cause__ is None and doubt.value.__context__ is None

    asyncio.run(story())


def test_a_silent_server_is_a_doubt() -> None:
    """No answer within the time allowed: the request may have been understood."""

    async def story() -> None:
        done = asyncio.Event()

        async def silent(*_: object) -> None:
            await done.wait()

        async with serving(silent) as server:
            answer = await submission(server.url, b"{}", {}, Key(SECRET), answer_seconds=0.05)
            done.set()
        assert isinstance(answer, Broken) and answer.connected
        assert "in time" in answer.reason

    asyncio.run(story())


def refused_port() -> str:
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{made.getsockname()[1]}"


def test_what_fails_before_the_connection_stands_was_not_sent() -> None:
    """No name, no listener: the POST may go again by itself."""

    async def story() -> None:
        for url in (refused_port(), "https://nobody.invalid"):
            async with client_of(url) as client:
                with pytest.raises(NotSent):
                    await client.submit(BODY)

    asyncio.run(story())


def test_a_failed_tls_handshake_was_not_sent() -> None:
    """A server that does not speak TLS ends the handshake; not a byte of the request went."""

    async def story() -> None:
        heard = bytearray()

        async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heard.extend(await reader.read(4096))
            writer.write(b"HTTP/1.1 400 This is not TLS\r\n\r\n")
            writer.close()

        listening = await asyncio.start_server(listen, "127.0.0.1", 0)
        port = listening.sockets[0].getsockname()[1]
        async with client_of(f"https://127.0.0.1:{port}") as client:
            with pytest.raises(NotSent, match="secure"):
                await client.submit(BODY)
        listening.close()
        assert heard and SECRET.encode() not in heard

    asyncio.run(story())


def test_a_proxy_that_refuses_was_not_sent_and_never_hears_the_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """HTTPS_PROXY is used; its refusal of CONNECT happens before the request."""

    async def story() -> None:
        answer = saying(http("403 Forbidden"))
        async with serving(answer) as proxy:
            monkeypatch.setenv("HTTPS_PROXY", proxy.url)
            async with client_of("https://h.example") as client:
                with pytest.raises(NotSent, match="proxy"):
                    await client.submit(BODY)
            assert proxy.asked[0].startswith(b"CONNECT h.example:443")
            assert SECRET.encode() not in b"".join(proxy.asked)

    asyncio.run(story())


def test_loopback_never_goes_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of the environment is used for others, and NO_PROXY is honoured."""
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://proxy.example:3128")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "inside.example")
    assert proxy_for("http://127.0.0.1:9/api/v1") is None
    assert proxy_for("http://localhost:9/api/v1") is None
    assert proxy_for("https://inside.example/api/v1") is None
    assert proxy_for("https://h.example/api/v1") == "http://proxy.example:3128"


def test_a_cancelled_submit_cuts_its_connection_at_once() -> None:
    """Cancelling resets the connection, so that nothing still underway arrives later."""

    async def story() -> None:
        arrived, end = asyncio.Event(), asyncio.get_running_loop().create_future()

        async def wait(_: bytes, reader: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
            arrived.set()
            try:
                while await reader.read(4096):
                    pass
                end.set_result("closed")
            except ConnectionResetError:
                end.set_result("reset")

        async with serving(wait) as server, client_of(server.url) as client:
            submit = asyncio.create_task(client.submit(BODY))
            await arrived.wait()
            submit.cancel()
            with pytest.raises(asyncio.CancelledError):
                await submit
            async with asyncio.timeout(5):
                assert await end == "reset"

    asyncio.run(story())


# --- what leaves with a call ---------------------------------------------------------------


def test_a_slate_goes_to_loopback_and_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a slate shows is our business: a service elsewhere is not told."""

    async def story() -> None:
        async with serving(saying(CREATED)) as server:
            async with client_of(server.url) as client:
                await client.submit(BODY, slate={"shot": "sh010"})
            monkeypatch.setenv("HTTP_PROXY", server.url)
            async with client_of("http://h.example") as client:
                await client.submit(BODY, slate={"shot": "sh010"})
            here, away = server.asked
            assert b"X-R2VBatch-Slate" in here
            assert away.startswith(b"POST http://h.example/") and b"Slate" not in away

    asyncio.run(story())


def test_a_key_echoed_by_the_service_reaches_no_message() -> None:
    """A refusal that quotes the key is shown without it."""
    body = f'{{"code":"InvalidApiKey","message":"bad key {SECRET}","request_id":"{SECRET}"}}'

    async def story() -> None:
        answer = saying(http("401 Unauthorized", body.encode()))
        async with serving(answer) as server, client_of(server.url) as client:
            with pytest.raises(Refused) as refusal:
                await client.submit(BODY)
            with pytest.raises(ServiceError) as second:
                await client.query("t")
        for error in (refusal.value, second.value):
            assert SECRET not in f"{error!r} {error} {error.hint} {vars(error)}"
            assert "bad key" in error.message

    asyncio.run(story())


def test_neither_storage_nor_result_hosts_see_the_key(tmp_path: Path) -> None:
    """Upload and download carry no Authorization; the question for leave does."""
    picture = tmp_path / "a.png"
    picture.write_bytes(b"picture")

    async def story() -> None:
        async with serving(saying(http("200 OK", b"clip"))) as files:
            leave = (
                f'{{"data":{{"upload_host":"{files.url}","upload_dir":"d","policy":"p",'
                '"signature":"s","oss_access_key_id":"k","expire_in_seconds":300}}'
            )
            answer = saying(http("200 OK", leave.encode()))
            async with serving(answer) as api, client_of(api.url) as client:
                assert (await client.upload(picture, "m")).startswith("oss://d/a-")
                await client.download(f"{files.url}/x.mp4", tmp_path / "x.part")
                assert SECRET.encode() in api.asked[0]
            assert len(files.asked) == 2
            assert b"uthorization" not in b"".join(files.asked)
            assert SECRET.encode() not in b"".join(files.asked)

    asyncio.run(story())


def test_a_netrc_file_does_not_get_in_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A login kept for this host neither replaces the key nor breaks the call."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))

    async def story() -> None:
        async with serving(saying(CREATED)) as server, client_of(server.url) as client:
            await client.submit(BODY)
            assert f"Bearer {SECRET}".encode() in server.asked[0]

    asyncio.run(story())


# --- reading calls -------------------------------------------------------------------------


def test_a_query_waits_as_long_as_it_is_told() -> None:
    """A Retry-After beyond the budget ends the call at once, and is handed to the caller."""
    busy = http("429 Too Many", b'{"code":"Throttling","message":"m"}', "Retry-After: 3600")

    async def story() -> None:
        async with serving(saying(busy)) as server, client_of(server.url) as client:
            with pytest.raises(ServiceError) as error:
                await client.query("t")
            assert error.value.retry_after == LONGEST_WAIT < 3600
            assert len(server.asked) == 1

    asyncio.run(story())


def test_a_query_asks_its_gate_before_each_attempt() -> None:
    """Retries are counted against the shared budget of questions."""
    passed: list[int] = []

    async def gate() -> None:
        passed.append(1)

    async def story() -> None:
        async with serving(reset) as server:
            endpoint = find_endpoint(f"{server.url}/api/v1")
            async with Client(endpoint, Key(SECRET), retry=QUICK, gate=gate) as client:
                with pytest.raises(Unreachable):
                    await client.query("t")
            assert len(passed) == QUICK.attempts

    asyncio.run(story())


def test_what_hits_every_take_is_not_retried() -> None:
    """A bad key ends a query at its first answer."""
    refusal = http("401 Unauthorized", b'{"code":"InvalidApiKey","message":"m"}')

    async def story() -> None:
        async with serving(saying(refusal)) as server, client_of(server.url) as client:
            with pytest.raises(ServiceError):
                await client.query("t")
            assert len(server.asked) == 1

    asyncio.run(story())


# --- downloads -----------------------------------------------------------------------------

CLIP = bytes(range(256)) * 8192
"""2 MiB: more than fits between two sockets, so that a break finds some of it on disk."""


def file_server(*manners: str) -> Answer:
    """Serves `CLIP`, each request in the next of `manners`."""
    left = list(manners)

    async def answer(head: bytes, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        start = range_of(head)
        span = f"Content-Range: bytes {start}-{len(CLIP) - 1}/{len(CLIP)}"
        manner = {
            "whole": http("200 OK", CLIP),
            "broken off": http("200 OK", CLIP)[: len(CLIP) // 4 * 3],
            "the rest": http("206 Partial", CLIP[start:], span),
            "another rest": http("206 Partial", CLIP, f"Content-Range: bytes 0-9/{len(CLIP)}"),
            "no such range": http("416 No"),
            "elsewhere": http("302 Found", b"", "Location: /there"),
            "busy": http("503 Busy"),
        }
        writer.write(manner[left.pop(0)])
        await writer.drain()

    return answer


def range_of(head: bytes) -> int:
    found = re.search(rb"Range: bytes=(\d+)-", head)
    return int(found[1]) if found else 0


@pytest.mark.parametrize(
    "manners",
    [
        ["whole"],
        ["elsewhere", "whole"],
        ["busy", "busy", "whole"],
        ["broken off", "the rest"],
        ["broken off", "whole"],
        ["broken off", "another rest", "whole"],
        ["broken off", "no such range", "whole"],
        ["broken off", "busy", "the rest"],
    ],
    ids=", ".join,
)
def test_a_download_ends_whole(tmp_path: Path, manners: list[str]) -> None:
    """However it is served and broken, the part ends as the clip; after a break the next
    request asks only for what is missing."""

    async def story() -> None:
        async with serving(file_server(*manners)) as server, client_of(server.url) as client:
            fetched = await client.download(f"{server.url}/x.mp4", tmp_path / "x.part")
            assert (tmp_path / "x.part").read_bytes() == CLIP
            assert (fetched.bytes, fetched.announced) == (len(CLIP), True)
            assert len(server.asked) == len(manners)
            resumed = [range_of(head) > 0 for head in server.asked]
            assert resumed[:2] == [False, manners[0] == "broken off"][: len(manners)]

    asyncio.run(story())


def test_a_part_longer_than_the_clip_is_begun_again(tmp_path: Path) -> None:
    """Left-overs of something else do not survive in a clip; without resume nothing is kept."""
    (tmp_path / "x.part").write_bytes(b"?" * (len(CLIP) + 1))
    past = http("416 No", b"", f"Content-Range: bytes */{len(CLIP)}")

    async def story() -> None:
        answer = saying(past, http("200 OK", CLIP))
        async with serving(answer) as server, client_of(server.url) as client:
            await client.download(f"{server.url}/x.mp4", tmp_path / "x.part")
            assert (tmp_path / "x.part").read_bytes() == CLIP
            (tmp_path / "x.part").write_bytes(b"?")
            await client.download(f"{server.url}/x.mp4", tmp_path / "x.part", resume=False)
            assert (tmp_path / "x.part").read_bytes() == CLIP
            assert b"Range" not in server.asked[-1]

    asyncio.run(story())


def test_a_length_nobody_announced_is_said_to_be_unproven(tmp_path: Path) -> None:
    """A body that simply ends may be cut: the caller is told, and must look inside."""
    bare = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + CLIP

    async def story() -> None:
        async with serving(saying(bare)) as server, client_of(server.url) as client:
            fetched = await client.download(f"{server.url}/x.mp4", tmp_path / "x.part")
            assert (fetched.bytes, fetched.announced) == (len(CLIP), False)

    asyncio.run(story())


@pytest.mark.parametrize("where", ["file:///etc/passwd", "ftp://h.example/x", "data:,x"])
def test_a_redirect_out_of_http_is_not_followed(tmp_path: Path, where: str) -> None:
    """A result's host cannot point the program at a local file or another protocol."""
    away = http("302 Found", b"", f"Location: {where}")

    async def story() -> None:
        async with serving(saying(away)) as server, client_of(server.url) as client:
            with pytest.raises(LinkRefused):
                await client.download(f"{server.url}/x.mp4", tmp_path / "x.part")
            assert len(server.asked) == 1

    asyncio.run(story())


@pytest.mark.parametrize("status", ["403 Forbidden", "404 Not Found", "410 Gone"])
def test_a_refused_link_is_not_tried_again(tmp_path: Path, status: str) -> None:
    """A dead link is reported at once, with its status; the signed URL is in no message."""

    async def story() -> None:
        async with serving(saying(http(status))) as server, client_of(server.url) as client:
            with pytest.raises(LinkRefused) as error:
                link = f"{server.url}/x.mp4?Signature=hush"
                await client.download(link, tmp_path / "x.part")
            assert len(server.asked) == 1
            assert "hush" not in f"{error.value!r}{error.value}"

    asyncio.run(story())


def test_a_download_without_progress_gives_up(tmp_path: Path) -> None:
    """A host that only resets is given as many attempts as the budget has."""

    async def story() -> None:
        async with serving(reset) as server, client_of(server.url) as client:
            with pytest.raises(Unreachable):
                await client.download(f"{server.url}/x.mp4", tmp_path / "x.part")
            assert len(server.asked) == QUICK.attempts

    asyncio.run(story())


def test_a_disk_that_cannot_be_written_is_not_a_network_fault(tmp_path: Path) -> None:
    """The disk's own error comes through, so that it is not mistaken for a bad link."""

    async def story() -> None:
        answer = saying(http("200 OK", CLIP))
        async with serving(answer) as server, client_of(server.url) as client:
            with pytest.raises(FileNotFoundError):
                await client.download(f"{server.url}/x.mp4", tmp_path / "no" / "x.part")
            assert len(server.asked) == 1

    asyncio.run(story())
