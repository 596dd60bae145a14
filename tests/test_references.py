"""References: uploaded once for each content and model, against the emulator."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from r2vbatch.dashscope.client import Client, Retry
from r2vbatch.dashscope.faults import ServiceError
from r2vbatch.dashscope.key import Key
from r2vbatch.dashscope.regions import find_endpoint
from r2vbatch.emulator.options import Fault, Options
from r2vbatch.emulator.server import Emulator
from r2vbatch.references import EARLY, LIFE, ReferenceChanged, References, RunShelf

MODEL = "wan2.6-r2v-flash"


class Desk:
    """An emulator, two pictures, and the references of a plan that uses them."""

    def __init__(self, server: Emulator, client: Client, folder: Path, *more: str) -> None:
        self.server = server
        self.client = client
        self.files = {}
        two = {"ellen.png": "red", "porch.png": "blue"}
        for name, colour in {**two, **{f"{colour}.png": colour for colour in more}}.items():
            Image.new("RGB", (320, 240), colour).save(folder / name)
            content = hashlib.sha256((folder / name).read_bytes()).hexdigest()
            self.files[content] = folder / name
        self.now = 1_800_000_000.0
        self.references = References(client, self.files, clock=lambda: self.now)

    def pending(self) -> list[str]:
        return [f"oss://PENDING/{sha}/{file.name}" for sha, file in self.files.items()]

    def uploads(self) -> int:
        return int(self.server.stats()["total"]["uploads"])


@asynccontextmanager
async def desk(
    folder: Path, *faults: str, attempts: int = 1, more: Sequence[str] = ()
) -> AsyncIterator[Desk]:
    rules = tuple(Fault.parse(text) for text in faults)
    async with Emulator(Options(render=False, workers=1, faults=rules)).serve() as server:
        endpoint = find_endpoint("preview").at(server.base_url)
        retry = Retry(attempts=attempts, seconds=5.0, base=0.01, cap=0.02)
        async with Client(endpoint, Key("sk-references"), retry=retry) as client:
            yield Desk(server, client, folder, *more)


def run(story: Coroutine[Any, Any, None]) -> None:
    asyncio.run(story)


def test_takes_that_need_a_file_together_share_one_upload(tmp_path: Path) -> None:
    """Ten takes of two files at once: two uploads; another model: two more."""

    async def story() -> None:
        async with desk(tmp_path) as d:
            request = {"model": MODEL, "input": {"prompt": "p", "reference_urls": d.pending()}}
            ready = await asyncio.gather(*(d.references.ready(request) for _ in range(10)))
            urls = ready[0]["input"]["reference_urls"]
            assert all(one == ready[0] for one in ready)
            assert len(set(urls)) == 2
            assert all(u.startswith("oss://") and "PENDING" not in u for u in urls)
            assert d.uploads() == 2
            other = await d.references.ready({**request, "model": "wan2.6-r2v"})
            assert not set(urls) & set(other["input"]["reference_urls"])
            assert d.uploads() == 4

    run(story())


def test_five_hundred_requests_over_four_files(tmp_path: Path) -> None:
    """They make four uploads, under one leave."""

    async def story() -> None:
        async with desk(tmp_path, more=("green", "white")) as d:
            pairs = itertools.cycle(itertools.combinations(d.pending(), 2))
            requests = [
                {"model": MODEL, "input": {"prompt": f"p{n}", "reference_urls": [*next(pairs)]}}
                for n in range(500)
            ]
            ready = await asyncio.gather(*map(d.references.ready, requests))
            sent = {url for request in ready for url in request["input"]["reference_urls"]}
            assert len(sent) == d.uploads() == 4
            assert d.server.stats()["total"]["policies"] == 1

    run(story())


def test_an_upload_is_made_again_before_it_dies(tmp_path: Path) -> None:
    """It is used until a task that is submitted then might no longer find it; and never when a
    clock says that it is yet to be made."""

    async def story() -> None:
        async with desk(tmp_path) as d:
            url, began = d.pending()[0], d.now
            first = await d.references.resolve(url, MODEL)
            d.now = began + LIFE - EARLY - 1
            assert await d.references.resolve(url, MODEL) == first
            d.now = began + LIFE - EARLY
            second = await d.references.resolve(url, MODEL)
            assert second != first
            d.now = began
            assert await d.references.resolve(url, MODEL) != second
            assert d.uploads() == 3

    run(story())


def test_an_upload_that_is_refused_is_made_again_once(tmp_path: Path) -> None:
    """All requests that were sent with it may be sent again, with one new upload between them; one
    that is refused with that, or for another reason, may not."""

    async def story() -> None:
        async with desk(tmp_path) as d:
            request = {"model": MODEL, "input": {"prompt": "p", "reference_urls": d.pending()[:1]}}
            code, sent = "InvalidParameter.DataInspection", d.now + 1
            first = await d.references.ready(request)
            assert not await d.references.renew(request, "DataInspectionFailed", sent)
            assert await d.references.renew(request, code, sent)
            assert await d.references.renew(request, code, sent)  # before there is another
            d.now += 2
            second = await d.references.ready(request)
            assert second != first
            assert await d.references.renew(request, code, sent)
            assert not await d.references.renew(request, code, d.now)
            assert await d.references.ready(request) == second
            assert d.uploads() == 2

    run(story())


def test_a_plan_s_request_is_left_as_it_is(tmp_path: Path) -> None:
    """A copy is changed, in every shape a request may have; other URLs stay, in order."""

    async def story() -> None:
        async with desk(tmp_path) as d:
            one, two = d.pending()
            media = [
                {"type": "reference_image", "url": one},
                {"type": "reference_image", "url": "https://h.example/x.png"},
                {"type": "reference_image", "url": two},
                {"type": "reference_image", "url": one},
            ]
            request = {"model": "wan2.7-r2v", "input": {"prompt": "p", "media": media}}
            ready = await d.references.ready(request)
            urls = [item["url"] for item in ready["input"]["media"]]
            assert urls[0] == urls[3] != urls[2]
            assert urls[1] == "https://h.example/x.png"
            assert [item["url"] for item in media] == [one, media[1]["url"], two, one]
            assert ready["input"]["prompt"] == "p"

    run(story())


def test_a_failed_upload_poisons_nothing(tmp_path: Path) -> None:
    """Of two that wait for one upload, the first gets its failure, the second tries again."""

    async def story() -> None:
        async with desk(tmp_path, "upload:status=500:#1") as d:
            url = d.pending()[0]
            both = (d.references.resolve(url, MODEL) for _ in range(2))
            first, second = await asyncio.gather(*both, return_exceptions=True)
            assert isinstance(first, ServiceError)
            assert isinstance(second, str) and second.startswith("oss://")
            assert await d.references.resolve(url, MODEL) == second
            assert d.uploads() == 1

    run(story())


def test_a_cancelled_take_leaves_the_upload_to_the_next(tmp_path: Path) -> None:
    """A take that goes away while it uploads does not lock the others out."""

    async def story() -> None:
        async with desk(tmp_path, "policy:slow=5:#1") as d:
            url = d.pending()[0]
            first = asyncio.create_task(d.references.resolve(url, MODEL))
            second = asyncio.create_task(d.references.resolve(url, MODEL))
            while not d.server.stats()["total"]["policies"]:
                await asyncio.sleep(0.01)
            first.cancel()
            assert (await second).startswith("oss://")

    run(story())


def test_a_file_changed_since_planning_is_not_uploaded(tmp_path: Path) -> None:
    """A changed, missing or unknown file is an error for its take, and nothing is sent."""

    async def story() -> None:
        async with desk(tmp_path) as d:
            changed, missing = d.files.values()
            changed.write_bytes(changed.read_bytes() + b"?")
            missing.unlink()
            unknown = f"oss://PENDING/{'0' * 64}/who.png"
            words = ("changed", "cannot be read", "who.png")
            for url, word in zip([*d.pending(), unknown], words, strict=True):
                with pytest.raises(ReferenceChanged, match=word):
                    await d.references.resolve(url, MODEL)
            assert d.uploads() == 0

    run(story())


class SavedMeanwhile:
    """The client, while somebody saves the file anew as it goes up."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def upload(self, file: Path, model: str, name: str) -> str:
        url = await self.client.upload(file, model, name)
        file.write_bytes(file.read_bytes() + b"?")
        return url


def test_a_file_changed_while_it_goes_up_is_not_used(tmp_path: Path) -> None:
    """Whose bytes went up is not known then: no take gets them, in this run or in a later one."""

    async def story() -> None:
        async with desk(tmp_path) as d:
            shelf, url = RunShelf(), d.pending()[0]
            sha256, file = next(iter(d.files.items()))
            content = file.read_bytes()
            with pytest.raises(ReferenceChanged, match="changed"):
                await References(SavedMeanwhile(d.client), d.files, shelf).resolve(url, MODEL)
            assert await shelf.get(sha256, MODEL) is None
            file.write_bytes(content)
            assert await References(d.client, d.files, shelf).resolve(url, MODEL)
            assert d.uploads() == 2

    run(story())


def test_an_upload_remembered_elsewhere_is_used(tmp_path: Path) -> None:
    """A shelf that outlives the run spares the upload, for its own content and model only."""

    async def story() -> None:
        async with desk(tmp_path) as d, desk(tmp_path) as tomorrow:
            shelf = RunShelf()
            url, (sha, file) = d.pending()[0], next(iter(d.files.items()))
            made = await References(d.client, {sha: file}, shelf).resolve(url, MODEL)
            later = References(tomorrow.client, {sha: file}, shelf)
            assert await later.resolve(url, MODEL) == made
            assert tomorrow.uploads() == 0
            assert await later.resolve(url, "wan2.7-r2v") != made

    run(story())


def test_a_file_is_put_up_under_the_name_that_was_planned(tmp_path: Path) -> None:
    """Which ends in what the file is, whatever it is called here."""

    async def story() -> None:
        async with desk(tmp_path) as there:
            content = next(iter(there.files))
            url = await there.references.resolve(f"oss://PENDING/{content}/a%20photo.jpg", MODEL)
            assert url.endswith(".jpg") and "/a-photo-" in url

    run(story())
