"""The review server: who may come in, what is handed out, what is said, and what is heard of it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from boards import KEY, LINK, Shot, folder_with
from nursery import nursery
from yarl import URL

from r2vbatch.errors import UsageProblem
from r2vbatch.ledger import Ledger, State
from r2vbatch.review import serve
from r2vbatch.review.saying import LONGEST, price, say
from r2vbatch.storage import Folder

S = State
SHOTS = [
    Shot("sh010", live=[S.DONE, S.DONE]),
    Shot("sh020", preview=[S.DONE]),
    Shot("sh030", live=[S.RUNNING], preview=[S.DONE]),
    Shot("sh040", live=[S.HELD]),
]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Four shots: two clips, a slate, a take on its way, one held."""
    return folder_with(tmp_path / "out", SHOTS)


def opened(folder: Folder) -> Ledger:
    return Ledger.open(folder.path("ledger.db"), create=False)


class Visitor:
    """A browser of few virtues, at the door of a review."""

    def __init__(self, http: aiohttp.ClientSession, link: str) -> None:
        self.http, self.link = http, URL(link)
        self.origin = str(self.link.origin())

    async def get(self, path: str, **headers: str) -> aiohttp.ClientResponse:
        url = URL(self.origin + path, encoded=True)
        answer = await self.http.get(url, headers=headers, allow_redirects=False)
        await answer.read()
        return answer

    async def say(self, said: Any, **headers: str) -> aiohttp.ClientResponse:
        headers = {"Origin": self.origin, **headers}
        answer = await self.http.post(f"{self.origin}/say", json=said, headers=headers)
        await answer.read()
        return answer


def visited(folder: Folder, visit: Callable[[Visitor], Awaitable[None]], *, let_in: bool = True):
    """Serve the folder, and let somebody visit who has the link, and has used it if `let_in`."""

    @asynccontextmanager
    async def visitor() -> AsyncIterator[Visitor]:
        jar = aiohttp.CookieJar(unsafe=True)
        ledger = opened(folder)
        try:
            async with (
                serve(ledger, folder) as review,
                aiohttp.ClientSession(cookie_jar=jar, timeout=aiohttp.ClientTimeout(30)) as http,
            ):
                visitor = Visitor(http, review.link)
                if let_in:
                    assert (await visitor.get(visitor.link.raw_path_qs)).status == 200
                yield visitor
        finally:
            ledger.close()

    async def main() -> None:
        async with visitor() as each:
            await visit(each)

    asyncio.run(main())


# --- the door ----------------------------------------------------------------------------------


def test_without_the_link_nobody_comes_in(folder: Folder) -> None:
    """No page, no file, no news, no word, whatever cookie or token is made up."""

    async def visit(visitor: Visitor) -> None:
        for path in (
            "/",
            "/?token=",
            "/?token=x",
            "/clips/sh010_t01.mp4",
            "/events",
            "/price?shot=a",
        ):
            assert (await visitor.get(path)).status == 403, path
        made_up = f"r2vbatch-{visitor.link.port}=x"
        assert (await visitor.get("/", Cookie=made_up)).status == 403
        assert (await visitor.say({"do": "circle", "key": 1, "on": True})).status == 403
        # the token opens the door and nothing else
        token = visitor.link.query_string
        assert (await visitor.get(f"/clips/sh010_t01.mp4?{token}")).status == 403

    visited(folder, visit, let_in=False)


def test_the_token_leaves_the_address(folder: Folder) -> None:
    """It becomes a cookie that no script reads; the page itself, its errors and its headers do not
    have it, and no referrer is sent."""

    async def visit(visitor: Visitor) -> None:
        first = await visitor.get(visitor.link.raw_path_qs)
        token = visitor.link.query["token"]
        cookie = first.headers["Set-Cookie"]
        assert token in cookie and "HttpOnly" in cookie and "SameSite=Strict" in cookie
        assert first.headers["Refresh"] == "0; url=/"
        page = await visitor.get("/")
        assert page.status == 200
        for answer in (page, await visitor.get("/nothing")):
            assert token not in await answer.text()
            assert token not in str(answer.headers)
            assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")

    visited(folder, visit)


SPEAKERS: list[tuple[dict[str, str], int]] = [
    ({"Host": "evil.example"}, 421),
    ({"Host": "evil.example:{port}"}, 421),
    ({"Host": "127.0.0.1"}, 421),
    ({"Host": "localhost:{port}"}, 403),  # our page's origin is another one
    ({"Origin": "https://evil.example"}, 403),
    ({"Origin": "http://127.0.0.1:1"}, 403),
    ({"Origin": "null"}, 403),
    ({"Origin": ""}, 403),
    ({"Content-Type": "text/plain"}, 415),
    ({}, 200),
    ({"Host": "localhost:{port}", "Origin": "http://localhost:{port}"}, 200),
]


def test_only_our_own_page_may_speak(folder: Folder) -> None:
    """Under another name, or from another site's page, a browser with the cookie is refused."""
    ledger = opened(folder)

    async def visit(visitor: Visitor) -> None:
        cookies = "; ".join(f"{c.key}={c.value}" for c in visitor.http.cookie_jar)
        for headers, status in SPEAKERS:
            given = {k: v.format(port=visitor.link.port) for k, v in headers.items()}
            given = {"Content-Type": "application/json", "Cookie": cookies, **given}
            answer = await visitor.say({"do": "circle", "key": 1, "on": True}, **given)
            assert answer.status == status, headers
            assert bool(ledger.circles()) == (status == 200), headers
            ledger.uncircle(1)

    visited(folder, visit)
    ledger.close()


# --- the files ---------------------------------------------------------------------------------


def test_what_is_handed_out(folder: Folder) -> None:
    """Clips, slates and posters, whole or in part; nothing else of the folder or beyond it."""
    outside = folder.root.parent / "secret.mp4"
    outside.write_bytes(b"secret")
    os.symlink(outside, folder.path("clips/link.mp4"))
    folder.path("clips/notes.txt").write_text("secret")
    folder.path("retired").mkdir()
    folder.path("retired/old.mp4").write_bytes(b"secret")
    fine = ["/clips/sh010_t01.mp4", "/posters/sh010_t01.jpg", "/preview/sh020_t01.jpg"]
    none = [
        "/ledger.db", "/clips/../ledger.db", "/clips/..%2fledger.db", "/clips/%2e%2e/ledger.db",
        "/clips/..", "/clips/", "/clips/link.mp4", "/clips/notes.txt", "/retired/old.mp4",
        "/clips/%2e%2e%2f%2e%2e%2fsecret.mp4", "/clips/..%5c..%5csecret.mp4", "/clips/a%00.mp4",
        "/posters/sh010_t01.mp4", "/clips/" + "x" * 300 + ".mp4", "/etc/passwd", "//etc/passwd",
    ]  # fmt: skip

    async def visit(visitor: Visitor) -> None:
        for path in fine:
            assert (await visitor.get(path)).status == 200, path
        for path in none:
            answer = await visitor.get(path)
            assert answer.status in (403, 404), path
            assert b"secret" not in await answer.read()
        part = await visitor.get(fine[0], Range="bytes=4-7")
        assert (part.status, await part.read()) == (206, b"ftyp")

    visited(folder, visit)


def test_a_sub_folder_that_leads_elsewhere(folder: Folder) -> None:
    """What lies behind a link in place of a folder of ours is not served."""
    folder.path("clips").rename(folder.root.parent / "clips")
    os.symlink(folder.root.parent / "clips", folder.path("clips"))

    async def visit(visitor: Visitor) -> None:
        assert (await visitor.get("/clips/sh010_t01.mp4")).status == 404

    visited(folder, visit)


def test_another_file_of_the_same_name_is_another_address(folder: Folder) -> None:
    """A shot that is made anew keeps its names; a browser must not show what it has loaded."""
    ledger = opened(folder)

    async def visit(visitor: Visitor) -> None:
        path = "clips/sh010_t01.mp4?v=abababab"
        assert f'data-clip="{path}"' in await (await visitor.get("/")).text()
        assert (await visitor.get(f"/{path}")).status == 200
        ledger.amend(1, "made anew", sha256="cd" * 32)
        assert 'data-clip="clips/sh010_t01.mp4?v=cdcdcdcd"' in await (await visitor.get("/")).text()

    visited(folder, visit)
    ledger.close()


# --- what is said ------------------------------------------------------------------------------


def test_circles_and_notes_are_in_the_ledger_at_once(folder: Folder) -> None:
    """As another process reads it, before the next word is said."""

    async def visit(visitor: Visitor) -> None:
        assert (await visitor.say({"do": "circle", "key": 1, "on": True})).status == 200
        assert ledger.circles().keys() == {1}
        said = {"do": "note", "key": 1, "text": " keep\nit ", "seconds": 1.234567}
        assert (await visitor.say(said)).status == 200
        (note,) = ledger.notes()
        assert (note.key, note.text, note.seconds) == (1, "keep\nit", 1.23)
        assert (await visitor.say({"do": "unnote", "note": note.id})).status == 200
        assert ledger.notes() == []
        assert (await visitor.say({"do": "circle", "key": 1, "on": False})).status == 200
        assert not ledger.circles()

    ledger = opened(folder)
    visited(folder, visit)
    ledger.close()


def test_a_retake_wants_a_yes_to_its_price(folder: Folder) -> None:
    """Of a clip to the very price that was shown; of a slate none. Nothing is spent by asking."""
    ledger = opened(folder)
    asked = price(ledger, "sh010")
    assert (asked["kind"], asked["price"]) == ("live", "1.50 USD")
    for agreed in (None, "1.49 USD", "1.50 CNY", "yes"):
        with pytest.raises(UsageProblem, match="price"):
            say(ledger, {"do": "retake", "shot": "sh010", "agreed": agreed})
    assert ledger.retakes() == []
    say(ledger, {"do": "retake", "shot": "sh010", "agreed": "1.50 USD"})
    (retake,) = ledger.retakes()
    assert (retake.shot, retake.kind, retake.number) == ("sh010", "live", 3)
    assert str(retake.agreed) == "1.50 USD"
    slate = price(ledger, "sh020")
    assert (slate["kind"], slate["price"]) == ("preview", None)
    say(ledger, {"do": "retake", "shot": "sh020", "agreed": None})
    assert ledger.retakes()[1].agreed is None
    ledger.close()


NONSENSE: list[Any] = [
    [], "circle", 7, {}, {"do": "spend"}, {"do": "circle"},
    {"do": "circle", "key": "1", "on": True}, {"do": "circle", "key": 99, "on": True},
    {"do": "circle", "key": 2**80, "on": True}, {"do": "circle", "key": 1, "on": "yes"},
    {"do": "circle", "key": 3, "on": True},
    {"do": "note", "key": 1, "text": "  ", "seconds": None},
    {"do": "note", "key": 1, "text": "x" * (LONGEST + 1), "seconds": None},
    {"do": "note", "key": 99, "text": "x", "seconds": None},
    {"do": "unnote", "note": 2**80}, {"do": "retake", "shot": "nowhere", "agreed": None},
    {"do": "retake", "shot": "sh040", "agreed": "1.50 USD"},
]  # fmt: skip


def test_what_makes_no_sense_is_refused_in_words(folder: Folder) -> None:
    """From a page that is old, or from no page at all: a sentence, and the ledger as it was."""
    ledger = opened(folder)
    before = ledger.revision()

    async def visit(visitor: Visitor) -> None:
        for said in NONSENSE:
            answer = await visitor.say(said)
            assert answer.status == 409, said
            assert (await answer.json())["error"], said

    visited(folder, visit)
    assert ledger.revision() == before
    ledger.close()


def test_words_that_are_no_json(folder: Folder) -> None:
    """Broken, or larger than anything a person says: refused, and the server goes on."""

    async def visit(visitor: Visitor) -> None:
        headers = {"Origin": visitor.origin, "Content-Type": "application/json"}
        for body, status in (
            (b"{", 400),
            (b"\xff", 400),
            (b" " * 300_000, 413),
            (b"[" * 9000, 400),
        ):
            answer = await visitor.http.post(f"{visitor.origin}/say", data=body, headers=headers)
            assert answer.status == status
        headers["Content-Type"] += "; charset=nonsense"
        answer = await visitor.http.post(f"{visitor.origin}/say", data=b"{}", headers=headers)
        assert answer.status == 400
        assert (await visitor.get("/")).status == 200

    visited(folder, visit)


@pytest.mark.parametrize("seconds", [2.0, 0, -1, 1e308, 10**400, float("nan"), "2", None])
def test_a_moment_that_no_clip_has(folder: Folder, seconds: Any) -> None:
    """Is none: the note is about the whole take."""
    ledger = opened(folder)
    say(ledger, {"do": "note", "key": 1, "text": "hands", "seconds": seconds})
    assert ledger.notes()[0].seconds == (seconds if seconds in (2.0, 0) else None)
    ledger.close()


BAD_REQUESTS = [
    "GET /?token={token}\xff HTTP/1.1\r\nHost: {host}\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}=\xff\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: {host}\r\nX: {long}\r\n\r\n",
    "\x16\x03\x01\r\n\r\n",
]


def test_what_is_no_request_is_not_logged(
    folder: Folder, capfd: pytest.CaptureFixture[str]
) -> None:
    """Any page of any site can send it: refused, and neither it nor a token in it is shown."""

    async def visit(visitor: Visitor) -> None:
        names = {"token": visitor.link.query["token"], "host": visitor.link.authority}
        names |= {"cookie": f"r2vbatch-{visitor.link.port}", "long": "x" * 9000}
        for text in BAD_REQUESTS:
            reader, writer = await asyncio.open_connection("127.0.0.1", visitor.link.port)
            writer.write(text.format(**names).encode("latin-1"))
            status = (await reader.readline()).split()[1]
            assert status in (b"400", b"403"), text
            writer.close()

    visited(folder, visit, let_in=False)
    assert capfd.readouterr() == ("", "")


# --- what is heard -----------------------------------------------------------------------------


async def heard(answer: aiohttp.ClientResponse) -> tuple[int, dict[str, Any]]:
    """The next event of a stream: its id, and what it says."""
    number = 0
    async for line in answer.content:
        if line.startswith(b"id: "):
            number = int(line[4:])
        if line.startswith(b"data: "):
            return number, json.loads(line[6:])
    raise AssertionError("the stream has ended")


def test_what_another_process_does_is_heard(folder: Folder) -> None:
    """A batch moves a take on: its shot, and no other, comes down the stream as it now looks."""
    ledger = opened(folder)

    async def visit(visitor: Visitor) -> None:
        page = await (await visitor.get("/")).text()
        since = page.partition('data-version="')[2].partition('"')[0]
        async with visitor.http.get(f"{visitor.origin}/events?since={since}") as stream:
            key = next(k.key for k in ledger.known("live") if k.shot == "sh030")
            ledger.move(key, S.FAILED, error_message="its <hands>")
            number, told = await heard(stream)
            assert list(told["shots"]) == ["sh030"]
            assert "its &lt;hands&gt;" in told["shots"]["sh030"]
            assert "failed" in told["head"]
            assert not told["other"]
        # who comes back later hears what was missed, and only that
        ledger.circle(1)
        headers = {"Last-Event-ID": str(number)}
        async with visitor.http.get(f"{visitor.origin}/events", headers=headers) as stream:
            _, told = await heard(stream)
            assert list(told["shots"]) == ["sh010"]
        ledger.set_board([("sh020_t01", "f-sh020_t01")])
        async with visitor.http.get(f"{visitor.origin}/events", headers=headers) as stream:
            told = {"other": False}
            while not told["other"]:
                _, told = await heard(stream)

    visited(folder, visit)
    ledger.close()


def test_no_secret_is_on_the_page_or_in_its_news(folder: Folder) -> None:
    """No signed link, no key, no path of this machine."""

    async def visit(visitor: Visitor) -> None:
        page = await (await visitor.get("/")).text()
        async with visitor.http.get(f"{visitor.origin}/events?since=0") as stream:
            news = json.dumps(await heard(stream))
        for secret in (LINK, "Signature", KEY, str(folder.root)):
            assert secret not in page
            assert secret not in news

    visited(folder, visit)


def test_it_ends_while_it_is_asked(folder: Folder) -> None:
    """Whenever that is: a page under way is handed out or breaks off, and nothing goes wrong in the
    server; the news come to an end, and nothing is left to the garbage collector."""

    async def outcome(http: aiohttp.ClientSession, url: str) -> int:
        try:
            async with http.get(url) as answer:
                await answer.read()
                return answer.status
        except aiohttp.ClientError:
            return 0

    async def story(ledger: Ledger, steps: int) -> int:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
            async with serve(ledger, folder) as review:
                url = str(URL(review.link).origin())
                assert await outcome(http, review.link) == 200
                news = await http.get(f"{url}/events?since=9999")
                assert await outcome(http, url) == 200
                asked = asyncio.create_task(outcome(http, url))
                for _ in range(steps):
                    await asyncio.sleep(0)
            names = {each.get_name() for each in asyncio.all_tasks()}
            assert not names & {"closing", "coming", "following"}
            assert b"data" not in await news.read()
            return await asked

    for steps in range(0, 40, 4):
        ledger = opened(folder)
        assert asyncio.run(story(ledger, steps)) in {0, 200}
        ledger.close()


def test_the_verb(folder: Folder, tmp_path: Path) -> None:
    """It prints the link, serves it, opens no browser, and ends with Ctrl-C and exit code 0."""
    program = nursery().start(["review", "out"], tmp_path, dict(os.environ))
    with program:
        link = URL(program.stdout.readline().split()[-1])

        async def visit() -> int:
            async with aiohttp.ClientSession() as http, http.get(link) as answer:
                return answer.status

        assert asyncio.run(visit()) == 200
        program.send_signal(signal.SIGINT)
        out, err = program.communicate(timeout=30)
        assert (program.wait(), err) == (0, "")
        assert "token" not in out


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it is not xdg-open that opens")
def test_the_link_is_opened_by_way_of_a_file(folder: Folder, tmp_path: Path) -> None:
    """A browser's command line is seen by everybody on the machine: it names a file that only this
    person may read, and that is gone with the server, whose SIGTERM is a Ctrl-C."""
    opener = tmp_path / "bin" / "xdg-open"
    opener.parent.mkdir()
    opener.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/argv.part\nmv {tmp_path}/argv.part'
                      f" {tmp_path}/argv\n")  # fmt: skip
    opener.chmod(0o755)
    env = {**os.environ, "PATH": f"{opener.parent}:{os.environ['PATH']}"}
    with nursery().start(["review", "out", "--open"], tmp_path, env) as program:
        link = program.stdout.readline().split()[-1]
        while not (tmp_path / "argv").exists():
            assert program.poll() is None
            time.sleep(0.01)
        way = tmp_path / (tmp_path / "argv").read_text().strip()
        assert link not in str(way)
        assert link in way.read_text(encoding="utf-8")
        assert way.stat().st_mode & 0o777 == 0o600
        program.send_signal(signal.SIGTERM)
        program.communicate(timeout=30)
        assert program.wait() == 0
    assert not way.exists()


def test_a_port_that_is_taken(folder: Folder, tmp_path: Path) -> None:
    """A sentence, with what to do."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        program = nursery().start(["review", "out", "--port", port], tmp_path, dict(os.environ))
        with program:
            _, err = program.communicate(timeout=30)
            assert program.wait() == 2
    assert f"port {port} cannot be used" in err
