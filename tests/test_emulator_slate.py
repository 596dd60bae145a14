"""Slates as the service hands them out."""

from __future__ import annotations

import asyncio

from emulator_calls import body, serving

from r2vbatch.emulator.options import Options


def test_equal_requests_share_a_slate_and_takes_differ():
    """The same request is drawn once; another take of the shot is another slate."""

    async def run():
        options = Options(workers=1, queries_per_second=None)
        async with serving(options) as client:
            links = []
            for take in (1, 1, 2):
                slate = {"shot": "sh010", "take": take, "names": ["ellen"]}
                ended = await client.end(await client.task(body(), slate=slate))
                links.append(ended["output"]["video_url"])
            clips = []
            for link in links:
                async with client.session.get(link) as response:
                    clips.append(await response.read())
            assert clips[0] == clips[1] != clips[2]
            row = client.server.stats()["total"]["tasks"][-1]
            assert (row["shot"], row["take"]) == ("sh010", 2)

    asyncio.run(run())


def test_a_slate_header_that_makes_no_sense_is_ignored():
    """Other clients may send anything; the slate then names itself."""

    async def run():
        async with serving() as client:
            for slate in ([], "x", {"shot": 7, "take": "two", "names": "ellen"}, {"names": [1]}):
                ended = await client.end(await client.task(slate=slate))
                assert ended["output"]["task_status"] == "SUCCEEDED"

    asyncio.run(run())
