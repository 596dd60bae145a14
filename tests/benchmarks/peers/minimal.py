"""The least that makes clips: aiohttp, a semaphore, a question every so many seconds.

No ledger, and no check of what was fetched. Of what may fail, it tries one thing again: what was
refused for its rate, of which nothing came.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import aiohttp

from tests.benchmarks.peers.jobs import Job, left

SUBMIT = "/services/aigc/video-generation/video-synthesis"


class Script:
    """One session, so many takes at once."""

    def __init__(self, session: aiohttp.ClientSession, in_flight: int, poll: float) -> None:
        self._session = session
        self._slots = asyncio.Semaphore(in_flight)
        self._poll = poll
        self._base = os.environ["DASHSCOPE_HTTP_BASE_URL"]
        self._key = {"Authorization": f"Bearer {os.environ['DASHSCOPE_API_KEY']}"}

    async def make(self, job: Job) -> None:
        """Submit, wait, download."""
        try:
            async with self._slots:
                url = await self._generated(job)
            await self._download(url, job.clip)
        except (aiohttp.ClientError, KeyError) as problem:  # one clip less, on with the others
            print(f"{job.clip.stem}: {problem!r}", file=sys.stderr)

    async def _generated(self, job: Job) -> str:
        task = await self._submitted(job)
        while True:
            await asyncio.sleep(self._poll)
            async with self._session.get(f"{self._base}/tasks/{task}", headers=self._key) as reply:
                if reply.status == 429:
                    continue
                output = (await reply.json())["output"]
            if output["task_status"] not in ("PENDING", "RUNNING"):
                return str(output["video_url"])

    async def _submitted(self, job: Job) -> str:
        return await self._posted(self._session, job.request)

    async def _posted(self, session: aiohttp.ClientSession, request: dict[str, Any]) -> str:
        headers = {**self._key, "X-DashScope-Async": "enable"}
        url = self._base + SUBMIT
        while True:
            async with session.post(url, json=request, headers=headers) as reply:
                if reply.status != 429:
                    return str((await reply.json())["output"]["task_id"])
            await asyncio.sleep(1.0)

    async def _download(self, url: str, clip: Path) -> None:
        part = clip.with_suffix(".part")
        async with self._session.get(url) as reply:
            reply.raise_for_status()
            with part.open("wb") as file:
                async for chunk in reply.content.iter_chunked(2**16):
                    file.write(chunk)
        await self._named(part, clip)

    async def _named(self, part: Path, clip: Path) -> None:
        part.rename(clip)


async def main(jobs: str, clips: str, in_flight: str, poll: str) -> None:
    """Make what is left."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        script = Script(session, int(in_flight), float(poll))
        async with asyncio.TaskGroup() as takes:
            for job in left(Path(jobs), Path(clips)):
                takes.create_task(script.make(job))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
