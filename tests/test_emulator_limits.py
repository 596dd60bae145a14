"""The emulator's limits: places, queue, rates, cancelling; and who is counted together."""

from __future__ import annotations

import asyncio
import math

import pytest
from emulator_calls import body, plain, serving

from r2vbatch.emulator.command import emulate, sternly
from r2vbatch.emulator.options import FARTHEST_CLOCK, Options
from r2vbatch.errors import UsageProblem


async def _statuses(client, ids):
    return [(await client.query(i))["output"]["task_status"] for i in ids]


def test_beyond_the_limit_tasks_wait_and_can_be_cancelled():
    """Two places: the third waits as PENDING, may be cancelled; a running one may not."""

    async def run():
        async with serving(plain(in_flight=2, latency=3600.0)) as client:
            ids = [await client.task() for _ in range(3)]
            assert await _statuses(client, ids) == ["RUNNING", "RUNNING", "PENDING"]
            waiting = (await client.query(ids[2]))["output"]
            assert "submit_time" in waiting and "scheduled_time" not in waiting
            status, answer = await client.call("POST", f"/tasks/{ids[2]}/cancel")
            assert (status, answer["output"]["task_status"]) == (200, "CANCELED")
            for task_id in ids:
                status, answer = await client.call("POST", f"/tasks/{task_id}/cancel")
                assert (status, answer["code"]) == (400, "UnsupportedOperation")
            total = client.server.stats()["total"]
            assert (total["max_running"], total["max_in_flight"]) == (2, 3)

    asyncio.run(run())


def test_a_place_that_comes_free_is_taken_by_the_next():
    """With one place, three tasks end one after the other, in order, none overlapping."""

    async def run():
        async with serving(plain(in_flight=1, latency=(0.01, 0.05))) as client:
            ids = [await client.task() for _ in range(3)]
            for task_id in ids:
                await client.end(task_id)
            rows = {row["task_id"]: row for row in client.server.stats()["total"]["tasks"]}
            first, second, third = (rows[i] for i in ids)
            assert first["ended"] <= second["started"] and second["ended"] <= third["started"]
            assert all(r["ended"] - r["started"] >= r["run_seconds"] for r in rows.values())

    asyncio.run(run())


def test_the_limit_may_refuse_or_the_queue_end():
    """By switch the submit past the limit, or past the queue's end, is 429 Concurrency."""

    async def run():
        for switches, accepted in (({"over_limit": "refuse"}, 2), ({"queue_length": 1}, 3)):
            async with serving(plain(in_flight=2, latency=3600.0, **switches)) as client:
                answers = [await client.submit() for _ in range(accepted + 1)]
                assert [status for status, _ in answers] == [200] * accepted + [429]
                assert answers[-1][1]["code"] == "Throttling.Concurrency"
                assert client.server.stats()["total"]["tasks_created"] == accepted

    asyncio.run(run())


def test_limits_are_per_model_and_account():
    """Another model, and another account, have places of their own."""

    async def run():
        async with serving(plain(in_flight=1, latency=3600.0)) as client:
            ids = [await client.task(), await client.task(body(model="wan2.6-r2v"))]
            assert await _statuses(client, ids) == ["RUNNING", "RUNNING"]
            client.key = "sk-two"
            assert await _statuses(client, [await client.task()]) == ["RUNNING"]

    asyncio.run(run())


def test_a_sixth_submit_in_a_second_is_refused():
    """5/s: on a clock that stands still the sixth is 429 RateQuota; a second later it is not."""

    async def run():
        now = [1_800_000_000.0]
        async with serving(plain(in_flight=None), clock=lambda: now[0]) as client:
            answers = [await client.submit() for _ in range(6)]
            assert [status for status, _ in answers] == [200] * 5 + [429]
            assert answers[-1][1]["code"] == "Throttling.RateQuota"
            now[0] += 1.0
            assert (await client.submit())[0] == 200
            assert client.server.stats()["total"]["submit_rate_violations"] == 1

    asyncio.run(run())


def test_query_list_and_cancel_share_twenty_a_second():
    """The 21st call of any of the three is refused and counted; other accounts are not hit."""

    async def run():
        now = [1_800_000_000.0]
        options = plain(queries_per_second=20)
        async with serving(options, clock=lambda: now[0]) as client:
            for _ in range(10):
                assert (await client.call("GET", "/tasks/x"))[0] == 200
                assert (await client.call("GET", "/tasks"))[0] == 200
            for method, path in (
                ("GET", "/tasks/x"),
                ("GET", "/tasks"),
                ("POST", "/tasks/x/cancel"),
            ):
                status, answer = await client.call(method, path)
                assert (status, answer["code"]) == (429, "Throttling.RateQuota")
            assert client.server.stats()["total"]["query_rate_violations"] == 3
            client.key = "sk-two"
            assert (await client.call("GET", "/tasks/x"))[0] == 200

    asyncio.run(run())


@pytest.mark.parametrize(
    ("switch", "values", "words"),
    [
        ("zone", ("Beijing", "+99:00"), "is not a zone"),
        ("list_zone", ("Beijing",), "is not a zone"),
        ("port", (-1, 70_000), "there is no port"),
        ("likes", (("wan9",), ("=wan2.7-r2v",), ("wan9=wan8",)), "--model takes NAME=LIKE"),
        ("latency", (-1.0, math.nan, (2.0, 1.0), (0.0, math.nan)), "--latency takes seconds"),
        ("answer_delay", (-1.0,), "--answer-delay takes seconds"),
        ("task_life", (-1.0, math.nan), "--task-life takes seconds"),
        ("clock_offset", (math.nan, math.inf, -2 * FARTHEST_CLOCK), "--clock-offset takes seconds"),
        *((name, (0, -1), "takes a whole number from 1 on") for name in ("in_flight", "workers")),
        *(
            (f"{calls}_per_second", (0,), "takes a whole number from 1 on")
            for calls in ("submits", "queries", "policies")
        ),
        ("largest_page", (0,), "--largest-page takes a whole number from 1 on"),
        ("queue_length", (-1,), "--queue-length takes a whole number from 0 on"),
        ("retry_after", (-1,), "--retry-after takes a whole number from 0 on"),
        ("upload_mb", (-1,), "--upload-mb takes a whole number from 0 on"),
    ],
)
def test_a_switch_that_makes_no_sense_is_told(switch, values, words):
    """By its name on the command line, before anything is served."""
    for value in values:
        with pytest.raises(UsageProblem, match=words):
            Options(**{switch: value})


@pytest.mark.parametrize("region", ["cn-beijing", "us-east-1", "eu-central-1"])
def test_strict_is_the_sternest_reading_of_what_is_not_given(region):
    """Every switch of --strict lets less through than its default, and makes sense; one that is
    given stands, the default's own value too."""
    given = ["--strict", "--region", region, "--unknown-keys", "accept"]
    sternest = sternly(emulate.make_context("emulate", given), region)
    assert "unknown_keys" not in sternest
    assert not {name for name in sternest if getattr(Options(), name) == sternest[name]}
    assert sternest["five_or_ten"] if region != "cn-beijing" else "five_or_ten" not in sternest
    Options(region=region, **sternest)
