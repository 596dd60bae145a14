"""The client against the emulator, over HTTP."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from r2vbatch.dashscope.client import Client, Reader, Retry
from r2vbatch.dashscope.faults import LinkRefused, Reach, Refused, ServiceError, Unsure
from r2vbatch.dashscope.key import Key
from r2vbatch.dashscope.model import Status, Task
from r2vbatch.dashscope.regions import find_endpoint
from r2vbatch.emulator.options import Fault, Options
from r2vbatch.emulator.server import Emulator
from r2vbatch.pacing import Throttle

KEY = Key("sk-client-tests")
BODY: dict[str, Any] = {
    "model": "wan2.6-r2v-flash",
    "input": {"prompt": "character1 waves", "reference_urls": ["https://h.example/a.png"]},
    "parameters": {"size": "1280*720", "duration": 2, "audio": False},
}
QUICK = Retry(attempts=3, seconds=5.0, base=0.01, cap=0.02)


@dataclass
class Pair:
    server: Emulator
    client: Client


@asynccontextmanager
async def pair(*faults: str, key: Key = KEY, **options: Any) -> AsyncIterator[Pair]:
    """An emulator with these faults and switches, and a client of it."""
    rules = tuple(Fault.parse(text) for text in faults)
    quick = {"render": False, "workers": 1, **options, "faults": rules}
    async with Emulator(Options(**quick)).serve() as server:
        endpoint = find_endpoint("preview").at(server.base_url)
        async with Client(endpoint, key, retry=QUICK) as client:
            yield Pair(server, client)


async def until_ended(client: Reader, task_id: str) -> Task:
    while (task := await client.query(task_id)).status in (Status.PENDING, Status.RUNNING):
        await asyncio.sleep(0.05)
    return task


def counted(server: Emulator, what: str) -> int:
    return int(server.stats()["total"][what])


def test_a_take_from_submit_to_clip(tmp_path: Path) -> None:
    """Submit, query, download: the clip's bytes are on disk and its figures are decoded."""

    async def story() -> None:
        async with pair() as p:
            created = await p.client.submit(BODY)
            assert created.status is Status.PENDING
            task = await until_ended(p.client, created.task_id)
            assert task.status is Status.SUCCEEDED
            assert task.prompt == "character1 waves"
            assert task.usage is not None and task.usage.billed_seconds == 2
            assert task.link_expires is not None and task.link_expires > datetime.now(UTC)
            fetched = await p.client.download(task.link or "", tmp_path / "x.part")
            clip = (tmp_path / "x.part").read_bytes()
            assert fetched.announced and fetched.bytes == len(clip) > 1000
            assert clip[4:8] == b"ftyp"

    asyncio.run(story())


@pytest.mark.parametrize("zone", ["+08:00", "+00:00", "-07:00", "+05:45"])
def test_the_endpoints_zone_is_inferred_from_its_first_answer(zone: str) -> None:
    """Wherever the service stands, and though our clocks differ by 10 minutes, times are right."""

    async def story() -> None:
        async with pair(zone=zone, clock_offset=600.0) as p:
            await p.client.list_tasks()
            before = datetime.now(UTC)
            created = await p.client.submit(BODY)
            task = await p.client.query(created.task_id, before)
            clock = p.client.clock_offset
            assert clock is not None and abs(clock - timedelta(minutes=10)) < timedelta(seconds=5)
            assert p.client.offset_known
            assert task.submitted_at is not None
            assert abs(task.submitted_at - before - clock) < timedelta(seconds=10)

    asyncio.run(story())


def test_a_listing_shows_every_task_once_over_all_pages() -> None:
    """Pages are walked to the end, and carry the model and an absolute time."""

    async def story() -> None:
        async with pair(submits_per_second=None, queries_per_second=None) as p:
            made = {(await p.client.submit(BODY)).task_id for _ in range(7)}
            first = await p.client.list_tasks(page_size=3)
            rest = [await p.client.list_tasks(page=n, page_size=3) for n in (2, 3)]
            listed = [task for page in (first, *rest) for task in page.tasks]
            assert (first.page, first.pages, first.total) == (1, 3, 7)
            assert len(listed) == 7 and {task.task_id for task in listed} == made
            now = datetime.now(UTC)
            assert all(abs(task.created_at - now) < timedelta(minutes=1) for task in listed)
            assert {task.model for task in listed} == {BODY["model"]}
            nothing = await p.client.list_tasks(model="wan2.7-r2v")
            assert nothing.tasks == ()
            around = (now - timedelta(hours=1), now + timedelta(hours=1))
            assert (await p.client.list_tasks(*around)).total == 7

    asyncio.run(story())


def test_only_a_queued_task_can_be_canceled() -> None:
    """Cancelling a queued task ends it; cancelling any other is refused with its code."""

    async def story() -> None:
        async with pair(in_flight=1, latency=60.0) as p:
            running = await p.client.submit(BODY)
            queued = await p.client.submit(BODY)
            await p.client.cancel(queued.task_id)
            assert (await p.client.query(queued.task_id)).status is Status.CANCELED
            while (await p.client.query(running.task_id)).status is Status.PENDING:
                await asyncio.sleep(0.06)
            with pytest.raises(ServiceError) as refusal:
                await p.client.cancel(running.task_id)
            assert refusal.value.code == "UnsupportedOperation"

    asyncio.run(story())


def test_an_unknown_task_is_no_error() -> None:
    """A task nobody made is UNKNOWN."""

    async def story() -> None:
        async with pair() as p:
            task = await p.client.query("0e6fc6e8-0000-4000-8000-000000000001")
            assert task.status is Status.UNKNOWN

    asyncio.run(story())


def test_an_uploaded_file_serves_as_a_reference(tmp_path: Path) -> None:
    """A local file is uploaded and accepted in a submit; one leave serves two files."""
    picture = tmp_path / "Мой кот.png"
    Image.new("RGB", (320, 240)).save(picture)

    async def story() -> None:
        async with pair() as p:
            urls = [await p.client.upload(picture, BODY["model"]) for _ in range(2)]
            assert len(set(urls)) == 2
            assert counted(p.server, "policies") == 1
            assert all(url.startswith("oss://") and url.endswith(".png") for url in urls)
            body = {**BODY, "input": {**BODY["input"], "reference_urls": urls}}
            created = await p.client.submit(body)
            assert (await until_ended(p.client, created.task_id)).status is Status.SUCCEEDED

    asyncio.run(story())


def test_a_stale_leave_is_asked_for_again(tmp_path: Path) -> None:
    """A leave that the storage no longer takes (reset, 403) is replaced, and the upload done."""
    picture = tmp_path / "a.png"
    Image.new("RGB", (320, 240)).save(picture)

    async def story() -> None:
        async with pair("upload:status=403:#1", "upload:reset_before:#2") as p:
            assert (await p.client.upload(picture, BODY["model"])).startswith("oss://")

    asyncio.run(story())


def test_a_refusal_is_told_from_a_doubt() -> None:
    """A bad key, a throttle and a bad parameter create nothing and say what they are."""

    async def story() -> None:
        async with pair(
            "submit:throttle=Throttling.Concurrency:#1", "submit:refuse=Arrearage:#2"
        ) as p:
            with pytest.raises(Refused) as busy:
                await p.client.submit(BODY)
            assert busy.value.verdict.throttle is Throttle.CONCURRENCY
            with pytest.raises(Refused) as arrears:
                await p.client.submit(BODY)
            assert arrears.value.verdict.reach is Reach.BATCH
            with pytest.raises(Refused) as wrong:
                await p.client.submit({**BODY, "input": {}})
            assert wrong.value.verdict.reach is Reach.TAKE
            assert counted(p.server, "tasks_created") == 0
        async with pair(keys=("sk-another",)) as p:
            with pytest.raises(Refused) as key:
                await p.client.submit(BODY)
            assert (key.value.code, key.value.verdict.reach) == ("InvalidApiKey", Reach.BATCH)

    asyncio.run(story())


@pytest.mark.parametrize(
    ("fault", "made"),
    [
        ("submit:reset_before", 0),
        ("submit:reset_after", 1),
        ("submit:error_after=502", 1),
        ("submit:status=500", 0),
        ("submit:status=400", 0),
        ("submit:no_task_id", 0),
        ("submit:truncated", 1),
        ("submit:malformed_json", 1),
        ("submit:redirect", 0),
    ],
)
def test_what_cannot_be_told_is_in_doubt_and_sent_once(fault: str, made: int) -> None:
    """Whatever happens after the connection stood, one POST went out and the caller is told."""

    async def story() -> None:
        async with pair(fault) as p:
            with pytest.raises(Unsure):
                await p.client.submit(BODY)
            assert (await p.client.list_tasks()).total == made
            assert counted(p.server, "tasks_created") == made
            assert counted(p.server, "posts") <= 1

    asyncio.run(story())


@pytest.mark.parametrize(
    "fault",
    [
        "query:status=503:#1",
        "query:reset_before:#1",
        "query:reset_after:#1",
        "query:truncated:#1",
        "query:malformed_json:#1",
        "query:throttle=Throttling.RateQuota:#1",
        "query:redirect:#1",
    ],
)
def test_a_passing_fault_of_a_query_is_ridden_out(fault: str) -> None:
    """A query is asked again until it is answered, within its budget."""

    async def story() -> None:
        async with pair(fault) as p:
            created = await p.client.submit(BODY)
            assert (await p.client.query(created.task_id)).task_id == created.task_id

    asyncio.run(story())


def test_a_lasting_fault_of_a_query_ends_it_within_the_budget() -> None:
    """A query that is never answered raises, after as many attempts as were allowed."""

    async def story() -> None:
        async with pair("query:status=500") as p:
            with pytest.raises(ServiceError) as error:
                await p.client.query("x")
            assert error.value.verdict.reach is Reach.PASSING
            with pytest.raises(ServiceError, match="key"):
                async with Client(p.client.endpoint, Key("nonsense"), retry=QUICK) as other:
                    await other.list_tasks()

    asyncio.run(story())


@pytest.mark.parametrize(
    "fault", ["download:truncated:#1", "download:reset_after:#1", "download:status=503:#1"]
)
def test_a_download_goes_on_after_a_break(tmp_path: Path, fault: str) -> None:
    """A broken download is continued, and ends with the very bytes of an unbroken one."""

    async def story() -> None:
        async with pair(fault) as p:
            created = await p.client.submit(BODY)
            task = await until_ended(p.client, created.task_id)
            link = task.link or ""
            broken = await p.client.download(link, tmp_path / "a.part")
            whole = await p.client.download(link, tmp_path / "b.part")
            assert broken.bytes == whole.bytes
            assert (tmp_path / "a.part").read_bytes() == (tmp_path / "b.part").read_bytes()
            again = await p.client.download(link, tmp_path / "a.part")
            assert again.resumed and again.bytes == whole.bytes

    asyncio.run(story())


def test_a_dead_link_is_told_from_a_broken_network(tmp_path: Path) -> None:
    """An expired link raises LinkRefused at once, and leaves no part behind."""

    async def story() -> None:
        async with pair(link_life=0.0) as p:
            created = await p.client.submit(BODY)
            task = await until_ended(p.client, created.task_id)
            with pytest.raises(LinkRefused):
                await p.client.download(task.link or "", tmp_path / "x.part")
            assert not (tmp_path / "x.part").exists()

    asyncio.run(story())


def test_cancelled_while_it_closes_it_leaves_nothing_open(tmp_path: Path) -> None:
    """As by an impatient caller who cancels twice: both pools are closed, and no socket is left to
    the garbage collector, whose warning is an error here."""

    async def story() -> None:
        async with pair() as p:
            in_use = asyncio.Event()

            async def use() -> None:
                async with Reader(p.client.endpoint, KEY, retry=QUICK) as reader:
                    created = await p.client.submit(BODY)
                    task = await until_ended(reader, created.task_id)
                    await reader.download(task.link or "", tmp_path / "x.part")
                    in_use.set()
                    await asyncio.Event().wait()

            using = asyncio.create_task(use())
            await in_use.wait()
            using.cancel()
            await asyncio.sleep(0)  # it begins to close
            using.cancel()
            await asyncio.wait([using])
            assert using.cancelled()

    asyncio.run(story())
    gc.collect()


def test_cancelled_while_a_file_is_opened_it_is_closed(tmp_path: Path) -> None:
    """On a disk of a network that may take a while; it is not left to the garbage collector."""
    film = tmp_path / "film.mp4"
    os.mkfifo(film)  # opened for reading, it waits for a writer

    async def story() -> None:
        async with pair() as p:
            uploading = asyncio.create_task(p.client.upload(film, "wan2.6-r2v-flash"))
            writer = None
            while writer is None:
                assert not uploading.done()
                await asyncio.sleep(0.01)
                with suppress(OSError):  # nobody opens it yet
                    writer = os.open(film, os.O_WRONLY | os.O_NONBLOCK)
            uploading.cancel()  # before the loop hears that it is open
            await asyncio.wait([uploading])
            os.close(writer)
            assert uploading.cancelled()

    asyncio.run(story())
    gc.collect()


def test_a_reader_cannot_submit() -> None:
    """What only collects is given a type that has no way to spend."""
    assert not hasattr(Reader, "submit")
    spenders = {name for name in dir(Client) if not hasattr(Reader, name)}
    assert spenders == {"submit"}
