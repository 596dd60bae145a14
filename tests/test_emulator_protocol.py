"""The emulator speaks the service's protocol: submit, query, list, cancel, download, errors."""

from __future__ import annotations

import asyncio
import io
import re
import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qs, urlsplit

import av
import pytest
from emulator_calls import SUBMIT, body, plain, serving


def test_a_task_lives_from_pending_to_a_clip_as_asked():
    """Submit, query to the end, download: ids, times, usage and the clip itself are right."""

    async def run():
        async with serving(plain(latency=0.05)) as client:
            status, answer = await client.submit(body(prompt="character1 waves"))
            assert status == 200 and answer["output"]["task_status"] == "PENDING"
            ended = await client.end(answer["output"]["task_id"])
            output = ended["output"]
            assert output["orig_prompt"] == "character1 waves"
            for name in ("submit_time", "scheduled_time", "end_time"):
                assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}", output[name])
            assert ended["usage"] == {
                "duration": 2.0,
                "size": "1280*720",
                "input_video_duration": 0,
                "output_video_duration": 2,
                "video_count": 1,
                "SR": 720,
            }
            assert isinstance(ended["usage"]["duration"], float)
            async with client.session.get(output["video_url"]) as response:
                clip = await response.read()
            with av.open(io.BytesIO(clip)) as container:
                frames = [f.pts for f in container.decode(video=0)]
                assert len(frames) == 60
                assert (container.streams.video[0].width, container.streams.video[0].height) == (
                    1280,
                    720,
                )
                assert container.streams.audio[0].sample_rate == 48_000

    asyncio.run(run())


def test_time_strings_are_in_the_zone_and_on_the_clock_of_the_service():
    """submit_time is UTC+8 without saying so, and the Date header shows a clock that is off."""

    async def run():
        async with serving(plain(clock_offset=600.0)) as client:
            task_id = await client.task()
            async with client.session.get(
                f"{client.server.base_url}/tasks/{task_id}",
                headers={"Authorization": "Bearer sk-one"},
            ) as response:
                date = parsedate_to_datetime(response.headers["Date"])
                text = (await response.json())["output"]["submit_time"]
            told = datetime.fromisoformat(text + "+08:00")
            ours = datetime.now(UTC)
            assert timedelta(seconds=590) < told - ours < timedelta(seconds=610)
            assert timedelta(seconds=590) < date - ours < timedelta(seconds=610)

    asyncio.run(run())


def test_links_serve_ranges_and_die():
    """A link carries Expires, answers Range with 206, and 403 once expired or tampered with."""

    async def run():
        now = [time.time()]
        async with serving(plain(), clock=lambda: now[0]) as client:
            ended = await client.end(await client.task())
            link = ended["output"]["video_url"]
            expires = int(parse_qs(urlsplit(link).query)["Expires"][0])
            assert abs(expires - now[0] - 86400) < 5
            async with client.session.get(link, headers={"Range": "bytes=4-7"}) as response:
                assert (response.status, await response.read()) == (206, b"ftyp")
            async with client.session.get(link.replace("Expires=1", "Expires=2")) as response:
                assert response.status == 403
            now[0] += 86400 + 1
            async with client.session.get(link) as response:
                assert response.status == 403
                assert "Request has expired" in await response.text()
            total = client.server.stats()["total"]
            assert total["downloads"] == total["tasks"][0]["downloads"] == 1

    asyncio.run(run())


def test_tasks_are_unknown_after_a_day_and_to_others():
    """HTTP 200 UNKNOWN: past 24 h, another account's, never made."""

    async def run():
        now = [time.time()]
        async with serving(plain(), clock=lambda: now[0]) as client:
            task_id = await client.task()
            await client.end(task_id)
            client.key = "sk-another"
            assert (await client.query(task_id))["output"]["task_status"] == "UNKNOWN"
            client.key = "sk-one"
            assert (await client.query("no-such"))["output"]["task_status"] == "UNKNOWN"
            now[0] += 86400
            assert (await client.query(task_id))["output"]["task_status"] == "UNKNOWN"
            assert (await client.call("GET", "/tasks/"))[1]["data"] == []

    asyncio.run(run())


def test_one_account_may_have_several_keys():
    """With `one_account`, a second key sees the first one's tasks; a foreign key is refused."""

    async def run():
        options = plain(keys=("sk-one", "sk-two"), one_account=True)
        async with serving(options) as client:
            task_id = await client.task()
            client.key = "sk-two"
            assert (await client.end(task_id))["output"]["task_status"] == "SUCCEEDED"
            client.key = "sk-three"
            status, answer = await client.call("GET", f"/tasks/{task_id}")
            assert (status, answer["code"]) == (401, "InvalidApiKey")

    asyncio.run(run())


@pytest.mark.parametrize(
    ("request_body", "status", "code"),
    [
        (body(model=None), 400, "BadRequest.EmptyModel"),
        (body(model="wan9-r2v"), 404, "ModelNotFound"),
        (body(duration=11), 400, "InvalidParameter"),
        (body(model="wan2.7-r2v"), 400, "InvalidParameter"),
    ],
)
def test_the_form_of_a_request_is_checked_at_once(request_body, status, code):
    """A refusal is flat, has its status, and nothing is created. (Each rule: emulator_checks.)"""

    async def run():
        async with serving() as client:
            answered, answer = await client.submit(request_body)
            assert (answered, answer["code"]) == (status, code)
            assert set(answer) == {"code", "message", "request_id"}
            assert client.server.stats()["total"]["tasks_created"] == 0

    asyncio.run(run())


def test_a_size_that_is_not_offered_fails_later_or_at_once():
    """By default as the documented sample: FAILED with InvalidParameter; by switch HTTP 400."""

    async def run():
        async with serving(plain()) as client:
            ended = await client.end(await client.task(body(size="720P")))
            assert ended["output"]["task_status"] == "FAILED"
            assert ended["output"]["code"] == "InvalidParameter"
            assert "usage" not in ended and "video_url" not in ended["output"]
        async with serving(plain(size_refused="at_once")) as client:
            assert (await client.submit(body(size="720P")))[0] == 400

    asyncio.run(run())


def test_calls_that_are_not_even_requests():
    """No or a wrong key, no async header, no JSON by name or nature, a wrong path or method."""

    async def run():
        async with serving() as client:
            assert (await client.submit(sync=True))[1]["code"] == "AccessDenied"
            status, answer = await client.call(
                "POST", SUBMIT, {"X-DashScope-Async": "enable"}, data=b"{}"
            )
            assert (status, "application/octet-stream" in answer["message"]) == (400, True)
            headers = {"X-DashScope-Async": "enable", "Content-Type": "application/json"}
            for data in (b"{", b"\xff\xfe", b"[]", b"null", b"[" * 100_000):
                status, answer = await client.call("POST", SUBMIT, headers, data=data)
                assert (status, answer["code"]) == (400, "InvalidParameter")
            status, answer = await client.call("POST", "/services/aigc/other", json={})
            assert (status, answer["message"]) == (400, "url error, please check url!")
            status, answer = await client.call("GET", SUBMIT)
            assert (status, answer["code"]) == (400, "InvalidParameter")
            assert (await client.call("GET", "/nothing"))[0] == 404
            for key in ("", "wrong", "sk-sp-plan"):
                client.key = key
                status, answer = await client.call("GET", "/tasks/x")
                assert (status, answer["code"]) == (401, "InvalidApiKey")

    asyncio.run(run())


def test_a_path_may_end_in_a_slash():
    """The documents and the SDK write paths with and without it: both are the same."""

    async def run():
        async with serving(plain(in_flight=1, latency=3600.0)) as client:
            await client.task()
            status, answer = await client.call(
                "POST", SUBMIT + "/", {"X-DashScope-Async": "enable"}, json=body()
            )
            task = f"/tasks/{answer['output']['task_id']}"
            for slash in ("", "/"):
                answer = (await client.call("GET", task + slash))[1]
                assert answer["output"]["task_status"] == "PENDING"
                assert (await client.call("GET", "/tasks" + slash))[1]["total"] == 2
            status, answer = await client.call("POST", task + "/cancel/")
            assert (status, answer["output"]["task_status"]) == (200, "CANCELED")

    asyncio.run(run())


def test_prompts_are_cut_silently():
    """The echo of a 2.6 prompt ends after 1500 characters."""

    async def run():
        async with serving() as client:
            ended = await client.end(await client.task(body(prompt="雨" * 1600)))
            assert ended["output"]["orig_prompt"] == "雨" * 1500

    asyncio.run(run())


def test_the_2_7_model_has_its_own_body_and_usage():
    """`media`, `resolution` and `ratio`; integers and a ratio in the usage; its own rules."""

    async def run():
        async with serving(plain(submits_per_second=None)) as client:
            media = [{"type": "reference_image", "url": "https://media.invalid/a.png"}]
            request = body(
                model="wan2.7-r2v",
                reference_urls=None,
                size=None,
                audio=None,
                media=media,
                resolution="720P",
                ratio="9:16",
                duration=2,
            )
            ended = await client.end(await client.task(request))
            assert ended["usage"] == {
                "duration": 2,
                "input_video_duration": 0,
                "output_video_duration": 2,
                "video_count": 1,
                "SR": 720,
                "ratio": "9:16",
            }
            frame = {"type": "first_frame", "url": "https://media.invalid/f.png"}
            for wrong in ([], [frame], media + [frame] * 2, media * 6, [{"type": "x"}]):
                request["input"]["media"] = wrong
                assert (await client.submit(request))[0] == 400

    asyncio.run(run())
