"""A service that answers oddly, or with intent: one take fails or waits, the batch goes on, and
nothing is silent, endless or larger than it may be."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from hostile import Hostile, Say, hostile, http
from studio import KEY

from r2vbatch.dashscope import decode
from r2vbatch.dashscope.client import Client, Retry
from r2vbatch.dashscope.decode import Reply
from r2vbatch.dashscope.download import fetch
from r2vbatch.dashscope.faults import LinkRefused, Reach, ServiceError, Unsure
from r2vbatch.dashscope.key import Key
from r2vbatch.dashscope.patience import Patience
from r2vbatch.dashscope.regions import find_endpoint
from r2vbatch.dashscope.times import link_expiry, parse_http_date, parse_time
from r2vbatch.ledger.rows import unsigned
from r2vbatch.pacing import QueryPlan, Watch

BODY = {"model": "m", "input": {"prompt": "p", "reference_urls": ["https://h.example/a.png"]}}
QUICK = Retry(attempts=3, seconds=5.0, base=0.01, cap=0.02)


def client_of(service: Hostile, patience: Patience | None = None) -> Client:
    endpoint = find_endpoint(service.base_url)
    return Client(endpoint, Key(KEY), retry=QUICK, patience=patience)


def always(answer: bytes | dict[str, Any]) -> Say:
    return lambda service, method, path: answer


# --- links ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "link",
    [
        "http://[::1",
        "http://h:99999/a.mp4",
        "http://h:x/a.mp4",
        "http:///a.mp4",
        f"http://{'a' * 70}.example/a.mp4",
        "http://../a.mp4",
        "//h/a.mp4",
        "file:///etc/passwd",
        "ftp://h/a.mp4",
        "\ud800",
        "",
    ],
)
def test_a_link_that_is_no_url_is_refused(tmp_path: Path, link: str) -> None:
    """Whatever a task names as its clip: there is nothing to try again, and it is said."""

    async def story() -> None:
        async with client_of(service) as client:
            with pytest.raises(LinkRefused, match="link"):
                await client.download(link, tmp_path / "a.part")

    with hostile(always(http("200 OK"))) as service:
        asyncio.run(story())
    assert not service.asked and not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "place", ["http://[::1", "//127.0.0.1:99999/", "http:///a", "file:///etc/passwd", "\xff\xfe://"]
)
def test_a_redirect_to_no_url_is_refused(tmp_path: Path, place: str) -> None:
    """A redirect leads no farther than a link may."""
    moved = f"HTTP/1.1 302 Found\r\nLocation: {place}\r\nConnection: close\r\n\r\n"

    async def story() -> None:
        async with client_of(service) as client:
            with pytest.raises(ServiceError, match=r"link|404"):
                await client.download(f"{service.url}/moved", tmp_path / "a.part")

    def say(_: Hostile, __: str, path: str) -> bytes:
        return moved.encode("latin-1") if path == "/moved" else http("404 Not Found")

    with hostile(say) as service:
        asyncio.run(story())
    assert not list(tmp_path.iterdir())


def test_a_clip_without_end_is_given_up(tmp_path: Path) -> None:
    """More bytes than a clip can have, announced or not, are not poured onto the disk."""
    part = tmp_path / "a.part"
    endless = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + bytes(5 * 2**20)
    announced = b"HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\n"
    odd_range = b"HTTP/1.1 206 P\r\nContent-Range: bytes 0-1/" + b"9" * 5000 + b"\r\n\r\n"

    async def story(service: Hostile) -> None:
        async with aiohttp.ClientSession() as session:
            with pytest.raises(ServiceError, match=r"MiB|serve what it announces"):
                await fetch(
                    session, f"{service.url}/clip", part, resume=True, headers={}, attempts=2,
                    pause=lambda _: asyncio.sleep(0), patience=Patience(None), largest=3 * 2**20,
                )  # fmt: skip

    for answer in (endless, announced, odd_range):
        with hostile(always(answer)) as service:
            asyncio.run(story(service))
        assert not part.exists() or part.stat().st_size == 0


# --- task ids and other texts ----------------------------------------------------------------


@pytest.mark.parametrize("task_id", ["a" * 1_000_000, "a b", "../../x", "é", "a\n", "", [], {}])
def test_a_task_id_that_cannot_be_kept_leaves_doubt(task_id: Any) -> None:
    """A submit answered with no usable id may still have made a task."""

    async def story() -> None:
        async with client_of(service) as client:
            with pytest.raises(Unsure) as doubt:
                await client.submit(BODY)
        assert len(doubt.value.message) <= decode.LONGEST_MESSAGE

    with hostile(always({"output": {"task_id": task_id, "task_status": "PENDING"}})) as service:
        asyncio.run(story())


def test_what_a_service_says_is_cut_before_it_is_kept() -> None:
    """No code, message, request id or link goes on at the length of a hostile answer."""
    long = "x" * 1_000_000
    text = f'"code": "{long}", "message": "{long}", "video_url": "http://{long}", "task_id": "t"'
    body = f'{{"output": {{{text}, "task_status": "FAILED"}}, "request_id": "{long}"}}'
    found = decode.decode_task(Reply(200, {}, body.encode()), "t", timedelta(0))
    for said in (found.code, found.message, found.request_id):
        assert 0 < len(said) <= decode.LONGEST_MESSAGE
    assert found.link is None
    refusal = decode.error_of(Reply(400, {}, f'{{"code": "{long}"}}'.encode()))
    assert len(refusal.code) <= decode.LONGEST_MESSAGE
    assert decode.number("9" * 1_000_000) is None


@pytest.mark.parametrize("text", ["a" * 2_000_000, "http://" * 300_000, "://" * 700_000, "?" * 10])
def test_the_longest_text_is_cleaned_of_signatures_in_no_time(text: str) -> None:
    """Time grows with the length and not with its square: that took hours for these."""
    assert unsigned(text + " http://h/a?Signature=s").endswith("http://h/a")


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("see https://h/a.mp4?Expires=1&Signature=s.", "see https://h/a.mp4"),
        ('{"u": "oss://b/k?x=1", "n": 1}', '{"u": "oss://b/k", "n": 1}'),
        ("https://h/a#frag then https://h/b?c d", "https://h/a then https://h/b d"),
        ("why? no://thing, http://h/plain", "why? no://thing, http://h/plain"),
    ],
)
def test_signatures_are_cut_off_and_nothing_else(written: str, kept: str) -> None:
    """A URL loses its query, the words around it stay."""
    assert unsigned(written) == kept


# --- one task id for two takes ---------------------------------------------------------------


def test_a_plan_bears_tasks_twice_and_tasks_it_never_had() -> None:
    """A task watched by two is watched until both have gone; of others there is no news."""
    plan = QueryPlan()
    for note in (plan.asked, plan.pending, plan.running, plan.unknown, plan.ended):
        note("never", 1.0)
    assert plan.next_at("never", 2.0) == 2.0
    plan.add("t", 1.0)
    plan.add("t", 2.0)
    plan.ended("t", 3.0, 2.0)
    assert "t" in plan
    plan.ended("t", 4.0)
    assert "t" not in plan and len(plan) == 0


def test_no_time_that_a_service_tells_puts_a_question_off_for_ever() -> None:
    """Run times of years, and tasks that begin to run next century, are asked for all the same."""
    plan = QueryPlan()
    plan.add("old", 0.0)
    plan.ended("old", 1.0, 9e9)
    plan.add("new", 1.0)
    plan.add("taken up", 1.0, running_for=-9e9)
    assert all(plan.next_at(task, 1.0) <= 301.0 for task in ("new", "taken up"))
    plan.asked("new", 301.0)
    assert plan.next_at("new", 301.0) <= 601.0


@pytest.mark.parametrize(
    "moment",
    ["9999-12-31 23:59:59", "0001-01-01 00:00:00", 99999999999, "99999999999999999", -(10**18)],
)
def test_times_at_the_ends_of_the_calendar_are_none(moment: object) -> None:
    """No sum with one can overflow, for there is none."""
    assert parse_time(moment, timedelta(hours=8)) is None
    assert parse_http_date("Fri, 31 Dec 9999 23:59:59 GMT") is None
    assert link_expiry("https://h/a?Expires=99999999999") is None


def test_a_list_of_a_billion_pages_is_none() -> None:
    """It would be read for ever."""
    body = b'{"data": [], "total": 0, "total_page": 1000000000}'
    with pytest.raises(ServiceError):
        decode.decode_page(Reply(200, {}, body), 1, 50, timedelta(0))


def test_both_watchers_of_one_task_are_woken() -> None:
    """Neither waits for ever because the other has had the turn."""

    async def story() -> None:
        plan = QueryPlan()
        watch = Watch(plan)
        for _ in range(2):
            plan.add("t", asyncio.get_running_loop().time())
        async with asyncio.timeout(10):
            await asyncio.gather(watch.turn("t"), watch.turn("t"))

    asyncio.run(story())


# --- waits -----------------------------------------------------------------------------------


@pytest.mark.parametrize("header", ["Retry-After: 99999999", "retry-after-ms: 1e300",
                                    "Retry-After: Fri, 31 Dec 2150 23:59:59 GMT"])  # fmt: skip
def test_no_service_stops_a_batch_with_one_header(header: str) -> None:
    """However long it asks to be left alone, five minutes are given."""
    busy = http(
        "429 Too Many", '{"code": "Throttling"}', header, "Date: Sun, 22 Nov 2026 10:00:00 GMT"
    )

    async def story() -> None:
        async with client_of(service) as client:
            with pytest.raises(ServiceError) as refusal:
                await client.query("t")
            assert refusal.value.retry_after == 300

    with hostile(always(busy)) as service:
        asyncio.run(story())


@pytest.mark.parametrize("answer", [http("200 OK", "<html>Welcome to the hotel</html>"),
                                    http("200 OK", '{"hello": "world"}'),
                                    http("503 Busy"), b""])  # fmt: skip
def test_trouble_that_lasts_is_said_once_and_not_again(answer: bytes) -> None:
    """A sentence names the host and the reason; the next call has nothing to add."""
    said: list[str] = []

    async def story() -> None:
        async with client_of(service, Patience(said.append, after=0.0)) as client:
            for _ in range(3):
                with pytest.raises(ServiceError):
                    await client.query("t")

    with hostile(always(answer)) as service:
        asyncio.run(story())
    assert len(said) == 1 and said[0].startswith("waiting for 127.0.0.1: ")


def test_a_rest_that_is_asked_for_is_said_at_once() -> None:
    """Whoever waits is told how long it may be."""
    said: list[str] = []
    busy = http("429 Too Many", '{"code": "Throttling", "message": "m"}', "Retry-After: 99999999")

    async def story() -> None:
        async with client_of(service, Patience(said.append)) as client:
            with pytest.raises(ServiceError):
                await client.query("t")

    with hostile(always(busy)) as service:
        asyncio.run(story())
    assert said == ["waiting for 127.0.0.1: Throttling: m (HTTP 429); it asks for a rest of 300 s"]


def test_passing_trouble_is_not_worth_a_word() -> None:
    """What is over within ten seconds is not said."""
    said: list[str] = []
    answers = [http("503 Busy"), http("503 Busy")]

    def say(service: Hostile, method: str, path: str) -> bytes | None:
        return answers.pop() if answers else None

    async def story() -> None:
        async with client_of(service, Patience(said.append)) as client:
            await client.query("t")

    with hostile(say) as service:
        asyncio.run(story())
    assert not answers and not said


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda c, part: c.query("t"), "it has not answered yet"),
        (lambda c, part: c.submit(BODY), "it has not answered a submit yet"),
        (lambda c, part: c.download(f"{c.endpoint.base_url}/a", part), "it does not begin to send"),
    ],
)
def test_a_host_that_says_nothing_is_named_meanwhile(
    tmp_path: Path, call: Callable[[Client, Path], Any], words: str
) -> None:
    """While an answer is waited for, the sentence comes before the time-out does."""

    async def story() -> None:
        spoken = asyncio.Event()
        said: list[str] = []

        def hear(sentence: str) -> None:
            said.append(sentence)
            spoken.set()

        async def mute(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await spoken.wait()
            writer.close()

        server = await asyncio.start_server(mute, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api/v1"
        patience = Patience(hear, after=0.05)
        async with Client(find_endpoint(url), Key(KEY), retry=QUICK, patience=patience) as client:
            with pytest.raises(ServiceError):
                await call(client, tmp_path / "a.part")
        server.close()
        assert words in said[0]

    asyncio.run(story())


def test_a_clip_that_trickles_in_is_named_meanwhile(tmp_path: Path) -> None:
    """Bytes that come, but hardly, are no reason for silence."""

    async def story() -> None:
        spoken = asyncio.Event()
        said: list[str] = []

        def hear(sentence: str) -> None:
            said.append(sentence)
            if "does not begin" not in sentence:  # which a machine that stands still makes true
                spoken.set()

        async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
            while not spoken.is_set():
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.01)
            writer.close()

        server = await asyncio.start_server(trickle, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api/v1"
        patience = Patience(hear, after=0.05, every=0.0)
        async with Client(find_endpoint(url), Key(KEY), retry=QUICK, patience=patience) as client:
            await client.download(f"{url}/a", tmp_path / "a.part")
        server.close()
        assert said[-1] == "waiting for 127.0.0.1: a clip comes in slowly, or not at all"

    asyncio.run(story())


# --- uploads ---------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["file:///etc/passwd", "ftp://h/up", "http://[::1", "h", "http:"])
def test_files_are_uploaded_nowhere_but_over_http(tmp_path: Path, host: str) -> None:
    """A leave for anywhere else is a fault of the endpoint, found once and not asked for again."""
    (tmp_path / "a.png").write_bytes(b"x")
    policy = {"upload_host": host, "upload_dir": "d", "policy": "p", "signature": "s",
              "oss_access_key_id": "k", "expire_in_seconds": 300}  # fmt: skip

    async def story() -> None:
        async with client_of(service) as client:
            with pytest.raises(ServiceError, match="no http") as refusal:
                await client.upload(tmp_path / "a.png", "m")
            assert refusal.value.verdict.reach is Reach.BATCH

    with hostile(always({"data": policy})) as service:
        asyncio.run(story())
    assert service.count("GET", "/api/v1/uploads") == 1
