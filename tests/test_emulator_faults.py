"""Faults to order: how rules are written, when they strike, and what each does on the wire."""

from __future__ import annotations

import asyncio
import json

import aiohttp
import av
import pytest
from emulator_calls import SUBMIT, body, plain, serving
from hypothesis import given
from hypothesis import strategies as st

from r2vbatch.emulator.faults import JSON_OPS, KINDS, Fault, Faults
from r2vbatch.emulator.options import Options
from r2vbatch.errors import UsageProblem


def faulty(*texts, **switches):
    """Options with these faults."""
    return plain(faults=tuple(Fault.parse(text) for text in texts), **switches)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("submit:reset_after:0.1", Fault("submit", "reset_after", 0.1)),
        ("query:status=503:#1,4", Fault("query", "status", 1.0, (1, 4), "503")),
        ("list:list_zone=+05:30", Fault("list", "list_zone", value="+05:30")),
        ("list:list_zone=+00:00:1", Fault("list", "list_zone", value="+00:00")),
        (
            "submit:fail=IPInfringementSuspect: no",
            Fault("submit", "fail", value="IPInfringementSuspect: no"),
        ),
        ("submit:slow", Fault("submit", "slow", value="2")),
    ],
)
def test_rules_are_read_as_written(text, fault):
    """op:kind[=value][:when], with values that hold colons too."""
    assert Fault.parse(text) == fault


@pytest.mark.parametrize(
    "text",
    [
        "",
        "submit",
        "submit:nothing",
        "dance:slow",
        "query:no_task_id",
        "submit:throttle=NotFound",
        "submit:slow=soon",
        "submit:clip_wrong=colour",
    ],
)
def test_a_rule_that_makes_no_sense_is_a_usage_problem(text):
    """Unknown operations, kinds and values, and kinds that cannot strike there."""
    with pytest.raises(UsageProblem):
        Fault.parse(text)


@given(
    st.sampled_from([Fault(op, kind) for kind, (ops, _, _) in KINDS.items() for op in sorted(ops)]),
    st.floats(0, 1),
    st.lists(st.integers(1, 99), max_size=3),
)
def test_options_survive_the_trip_to_a_child(fault, rate, nth):
    """Options with any fault come out of JSON equal, tuples and all."""
    fault = Fault(fault.op, fault.kind, rate, tuple(nth), fault.value)
    options = Options(faults=(fault,), latency=(1.0, 2.0), keys=("sk-one",), in_flight=None)
    assert Options.from_json(options.to_json()) == options


@given(st.floats(0.05, 0.95), st.integers(0, 1000))
def test_a_rate_is_seeded_and_a_count_is_exact(rate, seed):
    """The same seed strikes the same calls; nth strikes those calls and no other."""
    rules = [Fault("query", "slow", rate), Fault("query", "stall", nth=(2, 5))]
    runs = [[sorted(f.strike("query")) for f in [Faults(rules, seed)] for _ in range(8)]] * 2
    assert runs[0] == runs[1]
    assert [i for i, kinds in enumerate(runs[0], 1) if "stall" in kinds] == [2, 5]


def test_resets_before_and_after_creation():
    """Both cut the connection; only the second leaves a task behind, counted as unanswered."""

    async def run():
        for kind, created in (("reset_before", 0), ("reset_after", 1)):
            async with serving(faulty(f"submit:{kind}:#1")) as client:
                with pytest.raises(aiohttp.ClientConnectionError):
                    await client.submit()
                total = client.server.stats()["total"]
                assert total["posts"] == 1
                assert total["tasks_created"] == total["unanswered_submits"] == created
                assert (await client.submit())[0] == 200

    asyncio.run(run())


@pytest.mark.parametrize(
    ("kind", "status", "created"),
    [("status=502", 502, 0), ("status", 500, 0), ("error_after", 500, 1), ("redirect", 307, 0)],
)
def test_statuses_before_and_after_creation(kind, status, created):
    """A bare status page, before anything is made or after the task was."""

    async def run():
        async with serving(faulty(f"submit:{kind}")) as client:
            url = client.server.base_url + SUBMIT
            headers = {"Authorization": "Bearer sk-one", "X-DashScope-Async": "enable"}
            async with client.session.post(
                url, json=body(), headers=headers, allow_redirects=False
            ) as response:
                assert response.status == status
                if status == 307:
                    assert response.headers["Location"].endswith(SUBMIT)
            assert client.server.stats()["total"]["tasks_created"] == created

    asyncio.run(run())


def test_refusals_to_order():
    """Any documented code on any call, with its status; nothing is created."""

    async def run():
        async with serving(
            faulty("submit:throttle=Throttling.BurstRate:#1", "submit:refuse=Arrearage:#2")
        ) as client:
            answers = [await client.submit() for _ in range(2)]
            assert [(s, a["code"]) for s, a in answers] == [
                (429, "Throttling.BurstRate"),
                (400, "Arrearage"),
            ]
            assert client.server.stats()["total"]["tasks_created"] == 0

    asyncio.run(run())


def test_answers_that_are_not_what_they_should_be():
    """200 without a task id, malformed JSON, a body that ends half-way."""

    async def run():
        async with serving(
            faulty("submit:no_task_id:#1", "submit:malformed_json:#2", "submit:truncated:#3")
        ) as client:
            status, answer = await client.submit()
            assert status == 200 and "task_id" not in answer["output"]
            assert client.server.stats()["total"]["tasks_created"] == 0
            with pytest.raises(ValueError):
                await client.submit()
            with pytest.raises(aiohttp.ClientPayloadError):
                await client.submit()
            assert client.server.stats()["total"]["tasks_created"] == 2

    asyncio.run(run())


@pytest.mark.parametrize("op", sorted(JSON_OPS))
def test_a_stalled_answer_sends_headers_and_then_nothing(op):
    """Every call can stall; the server still stops at once, and the client may leave."""

    async def run():
        async with serving(faulty(f"{op}:stall")) as client:
            method, path = {
                "submit": ("POST", SUBMIT),
                "query": ("GET", "/tasks/x"),
                "list": ("GET", "/tasks/"),
                "cancel": ("POST", "/tasks/x/cancel"),
                "policy": ("GET", "/uploads?action=getPolicy&model=wan2.6-r2v"),
            }[op]
            headers = {"Authorization": "Bearer sk-one", "X-DashScope-Async": "enable"}
            if op == "cancel":
                return  # there is nothing here to cancel, so it is refused before it stalls
            async with client.session.request(
                method, client.server.base_url + path, json=body(), headers=headers
            ) as response:
                assert response.status == 200
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(response.content.read(1), 0.1)

    asyncio.run(run())


def test_tasks_that_fail_to_order():
    """FAILED with code and message, and with neither; not billed."""

    async def run():
        async with serving(
            faulty("submit:fail=DataInspectionFailed: not this:#1", "submit:fail:#2")
        ) as client:
            first = (await client.end(await client.task()))["output"]
            assert (first["code"], first["message"]) == ("DataInspectionFailed", "not this")
            second = (await client.end(await client.task()))["output"]
            assert second["task_status"] == "FAILED"
            assert "code" not in second and "message" not in second
            assert client.server.stats()["total"]["billed_tasks"] == 0

    asyncio.run(run())


def test_lists_that_lie():
    """Young tasks missing, times read in another zone, rows under another key; UNKNOWN alive."""

    async def run():
        async with serving(
            faulty("list:list_late=60:#1", "list:list_tasks_key:#2", "query:unknown:#1")
        ) as client:
            task_id = await client.task()
            assert (await client.call("GET", "/tasks/"))[1]["data"] == []
            rows = (await client.call("GET", "/tasks/"))[1]["tasks"]
            assert [row["task_id"] for row in rows] == [task_id]
            assert (await client.query(task_id))["output"]["task_status"] == "UNKNOWN"
            assert (await client.end(task_id))["output"]["task_status"] == "SUCCEEDED"

    asyncio.run(run())


@pytest.mark.parametrize("wrong", ["size", "length", "silent"])
def test_clips_that_are_not_as_asked(wrong, tmp_path):
    """Another size, another length, no sound; billed as asked."""

    async def run():
        async with serving(faulty(f"submit:clip_wrong={wrong}")) as client:
            ended = await client.end(await client.task())
            async with client.session.get(ended["output"]["video_url"]) as response:
                (tmp_path / "clip.mp4").write_bytes(await response.read())
        with av.open(str(tmp_path / "clip.mp4")) as container:
            video = container.streams.video[0]
            found = {
                "size": (video.width, video.height) != (1280, 720),
                "length": video.frames != 60,
                "silent": not container.streams.audio,
            }
        assert [name for name, odd in found.items() if odd] == [wrong]

    asyncio.run(run())


def test_downloads_that_break():
    """Cut short of their length, or whole in length but not in content; then right."""

    async def run():
        async with serving(faulty("download:truncated:#1", "download:corrupted:#2")) as client:
            link = (await client.end(await client.task()))["output"]["video_url"]
            async with client.session.get(link) as response:
                with pytest.raises(aiohttp.ClientPayloadError):
                    await response.read()
            async with client.session.get(link) as response:
                broken = await response.read()
            async with client.session.get(link) as response:
                whole = await response.read()
            assert len(broken) == len(whole) and broken != whole

    asyncio.run(run())


def test_links_to_a_host_that_nobody_knows():
    """A clip's link and the address for an upload, as where there are no names; then right."""

    async def run():
        async with serving(faulty("query:no_host", "policy:no_host:#1")) as client:
            link = (await client.end(await client.task()))["output"]["video_url"]
            asked = {"action": "getPolicy", "model": "wan2.6-r2v-flash"}
            answers = [await client.call("GET", "/uploads", params=asked) for _ in range(2)]
            hosts = [answer["data"]["upload_host"] for _, answer in answers]
            nowhere = "http://no-such-host.invalid/"
            assert [url.startswith(nowhere) for url in (link, *hosts)] == [True, True, False]

    asyncio.run(run())


def test_a_task_is_created_though_its_client_has_gone():
    """With a create delay, a POST whose client left is a task nobody was told of."""

    async def run():
        async with serving(plain(create_delay=1.0)) as client:
            asking = asyncio.create_task(client.submit())
            while not client.server.stats()["total"]["posts"]:
                await asyncio.sleep(0)
            asking.cancel()
            await asyncio.wait([asking])
            assert asking.cancelled()
            async with asyncio.timeout(20):
                while not client.server.stats()["total"]["unanswered_submits"]:
                    await asyncio.sleep(0.02)
            total = client.server.stats()["total"]
            assert (total["posts"], total["tasks_created"]) == (1, 1)
            assert json.dumps(total)

    asyncio.run(run())
