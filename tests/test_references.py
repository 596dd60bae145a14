"""References: uploaded once for each content and model, against the emulator."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Coroutine
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
from r2vbatch.references import ReferenceChanged, References

MODEL = "wan2.6-r2v-flash"


class Desk:
    """An emulator, two pictures, and the references of a plan that uses them."""

    def __init__(self, server: Emulator, client: Client, folder: Path) -> None:
        self.server = server
        self.client = client
        self.files = {}
        for name, colour in (("ellen.png", "red"), ("porch.png", "blue")):
            Image.new("RGB", (320, 240), colour).save(folder / name)
            content = hashlib.sha256((folder / name).read_bytes()).hexdigest()
            self.files[content] = folder / name
        self.references = References(client, self.files)

    def pending(self) -> list[str]:
        return [f"oss://PENDING/{sha}/{file.name}" for sha, file in self.files.items()]

    def uploads(self) -> int:
        return int(self.server.stats()["total"]["uploads"])


@asynccontextmanager
async def desk(folder: Path, *faults: str, attempts: int = 1) -> AsyncIterator[Desk]:
    rules = tuple(Fault.parse(text) for text in faults)
    async with Emulator(Options(render=False, workers=1, faults=rules)).serve() as server:
        endpoint = find_endpoint("preview").at(server.base_url)
        retry = Retry(attempts=attempts, seconds=5.0, base=0.01, cap=0.02)
        async with Client(endpoint, Key("sk-references"), retry=retry) as client:
            yield Desk(server, client, folder)


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


def test_an_upload_remembered_elsewhere_is_used(tmp_path: Path) -> None:
    """A shelf that outlives the run spares the upload, for its own content and model only."""

    class Lasting(dict[tuple[str, str], str]):
        def get(self, sha256: str, model: str) -> str | None:  # type: ignore[override]
            return super().get((sha256, model))

        def put(self, sha256: str, model: str, url: str) -> None:
            self[sha256, model] = url

    async def story() -> None:
        async with desk(tmp_path) as d, desk(tmp_path) as tomorrow:
            shelf = Lasting()
            url, (sha, file) = d.pending()[0], next(iter(d.files.items()))
            made = await References(d.client, {sha: file}, shelf).resolve(url, MODEL)
            later = References(tomorrow.client, {sha: file}, shelf)
            assert await later.resolve(url, MODEL) == made
            assert tomorrow.uploads() == 0
            assert await later.resolve(url, "wan2.7-r2v") != made

    run(story())
