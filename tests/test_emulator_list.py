"""The emulator's task list: pages, filters, and the times it is asked for."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

from emulator_calls import body, plain, serving


def test_the_list_pages_and_filters():
    """Newest first, pages, filters by model, status and id; rows show no output and epoch ms."""

    async def run():
        async with serving(plain(submits_per_second=None)) as client:
            ids = [await client.task(body(prompt=f"character1 {n}")) for n in range(5)]
            ids.append(await client.task(body(model="wan2.6-r2v")))
            for task_id in ids:
                await client.end(task_id)
            status, page = await client.call("GET", "/tasks/?page_size=4&page_no=2")
            assert status == 200
            assert (page["total"], page["total_page"], page["page_no"]) == (6, 2, 2)
            assert [row["task_id"] for row in page["data"]] == [ids[1], ids[0]]
            row = page["data"][0]
            assert row["status"] == "SUCCEEDED" and "output" not in row
            assert abs(row["gmt_create"] / 1000 - time.time()) < 60
            assert row["user_api_unique_key"].endswith(":video-synthesis:wan2.6-r2v-flash")
            for query, count in (
                ("model_name=wan2.6-r2v", 1),
                ("status=FAILED", 0),
                (f"task_id={ids[2]}", 1),
                ("", 6),
            ):
                assert (await client.call("GET", f"/tasks?{query}"))[1]["total"] == count

    asyncio.run(run())


def test_the_list_reads_times_in_its_zone_within_a_day():
    """start_time is UTC+8; a window over 24 h or a broken time is refused."""

    async def run():
        async with serving(plain()) as client:
            await client.task()
            here = datetime.now(UTC) + timedelta(hours=8)

            async def listed(start: datetime, end: datetime) -> tuple[int, dict]:
                query = f"start_time={start:%Y%m%d%H%M%S}&end_time={end:%Y%m%d%H%M%S}"
                return await client.call("GET", f"/tasks/?{query}")

            minute, hour = timedelta(minutes=1), timedelta(hours=1)
            assert (await listed(here - minute, here + minute))[1]["total"] == 1
            assert (await listed(here - 9 * hour, here - 7 * hour))[1]["total"] == 0
            status, answer = await listed(here - 25 * hour, here)
            assert (status, answer["code"]) == (400, "InvalidParameter")
            status, answer = await client.call("GET", "/tasks/?start_time=yesterday")
            assert (status, answer["code"]) == (400, "InvalidParameter")

    asyncio.run(run())
