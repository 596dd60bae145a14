"""The vendor's SDK, unmodified, against the emulator: its 1.x functions, which 2.x still has."""

from __future__ import annotations

import asyncio
import io
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import av
import dashscope
import pytest
from dashscope import VideoSynthesis
from dashscope.aigc.video_synthesis import AioVideoSynthesis
from dashscope.api_entities.aio_session import close_shared_aio_session
from dashscope.common.error import AuthenticationError, UploadFileException
from emulator_calls import PATIENCE
from media_files import picture, video
from serving_thread import emulator, until

from r2vbatch.emulator.refusals import CODES
from r2vbatch.emulator.server import Emulator

KEY = "sk-one"
ASK = {
    "model": "wan2.6-r2v-flash",
    "prompt": "character1 waves",
    "reference_urls": ["https://media.invalid/a.png"],
    "size": "1280*720",
    "duration": 2,
    "api_key": KEY,
}


@contextmanager
def service(*faults: str, **switches) -> Iterator[Emulator]:
    """An emulator, and the SDK pointed at it as its documentation says."""
    with emulator(*faults, **switches) as server:
        dashscope.base_http_api_url = server.base_url
        yield server


def ended(task):
    """The answer to a fetch once the task has ended."""
    over = ("SUCCEEDED", "FAILED", "CANCELED", "UNKNOWN")
    return until(
        lambda: VideoSynthesis.fetch(task, api_key=KEY), lambda r: r.output.task_status in over
    )


def refusal(answer):
    """What of an answer says why not."""
    return answer.status_code, answer.code, answer.message


def test_call_waits_for_the_clip():
    """`call` returns when the task has ended, with a link to a clip as asked, and its usage."""
    with service():
        done = VideoSynthesis.call(**ASK, seed=7, watermark=True, shot_type="multi", audio=False)
        assert (done.status_code, done.output.task_status) == (200, "SUCCEEDED")
        assert done.output.orig_prompt == "character1 waves"
        assert (done.usage.duration, done.usage.size, done.usage.SR) == (2.0, "1280*720", 720)
        with urllib.request.urlopen(done.output.video_url, timeout=PATIENCE) as answer:
            clip = io.BytesIO(answer.read())
    with av.open(clip) as container:
        assert container.streams.video[0].frames == 60
        assert not container.streams.audio


def test_async_call_fetch_and_wait():
    """A task is PENDING when made; `wait` takes the answer or the id alone; ids stay the same."""
    with service() as server:
        made = VideoSynthesis.async_call(**ASK)
        assert (made.status_code, made.output.task_status) == (200, "PENDING")
        assert ended(made).output.task_id == made.output.task_id
        done = VideoSynthesis.wait(made.output.task_id, api_key=KEY)
        assert (done.output.task_status, done.output.task_id) == ("SUCCEEDED", made.output.task_id)
        assert server.stats()["total"]["posts"] == 1


def test_wait_ends_when_told():
    """With `wait_timeout` the SDK gives up by itself, with its own code; the task goes on."""
    with service(latency=3600.0):
        made = VideoSynthesis.async_call(**ASK)
        gave_up = VideoSynthesis.wait(made, api_key=KEY, wait_timeout=1)
        assert (gave_up.status_code, gave_up.code) == (408, "WaitTaskTimeout")
        assert VideoSynthesis.fetch(made, api_key=KEY).output.task_status == "RUNNING"


def test_wait_bears_a_503_and_no_429():
    """A query answered 503 is asked again; one answered 429 ends the wait while the task lives."""
    with service("query:refuse=ModelUnavailable:#1", "query:throttle:#3") as server:
        made = VideoSynthesis.async_call(**ASK)
        listed = partial(VideoSynthesis.list, status="SUCCEEDED", api_key=KEY)
        until(listed, lambda page: page.output["total"] == 1)  # no query before it has ended
        assert VideoSynthesis.wait(made, api_key=KEY).output.task_status == "SUCCEEDED"
        thrown = VideoSynthesis.wait(made, api_key=KEY)
        assert (thrown.status_code, thrown.code) == (429, "Throttling.RateQuota")
        assert server.stats()["total"]["queries"] == 3


def test_an_unknown_task_is_no_error():
    """UNKNOWN with HTTP 200, at once, for a task that was never made."""
    with service():
        answer = VideoSynthesis.wait("no-such-task", api_key=KEY)
        assert (answer.status_code, answer.output.task_status) == (200, "UNKNOWN")


def test_list_pages_and_filters():
    """Pages and filters of `list`; a row has the documented keys and no output."""
    with service(in_flight=1, latency=3600.0):
        made = [VideoSynthesis.async_call(**ASK) for _ in range(3)]
        page = VideoSynthesis.list(page_no=2, page_size=2, api_key=KEY).output
        assert (page["total"], page["total_page"], page["page_no"]) == (3, 2, 2)
        assert [row["task_id"] for row in page["data"]] == [made[0].output.task_id]
        assert "output" not in page["data"][0]
        for filters, total in (
            ({"status": "PENDING"}, 2),
            ({"model_name": "wan2.6-r2v"}, 0),
            ({"region": "cn-beijing", "api_key_id": page["data"][0]["api_key_id"]}, 3),
            ({"start_time": "20200101000000", "end_time": "20200101120000"}, 0),
        ):
            assert VideoSynthesis.list(api_key=KEY, **filters).output["total"] == total
        wide = {"start_time": "20200101000000", "end_time": "20200103000000"}
        assert refusal(VideoSynthesis.list(api_key=KEY, **wide))[:2] == (400, "InvalidParameter")


def test_cancel_takes_back_what_waits_and_nothing_else():
    """A PENDING task is CANCELED; a RUNNING one, and one that never was, are 400."""
    with service(in_flight=1, latency=3600.0):
        running, waiting = (VideoSynthesis.async_call(**ASK) for _ in range(2))
        assert VideoSynthesis.cancel(waiting, api_key=KEY).status_code == 200
        assert ended(waiting).output.task_status == "CANCELED"
        for task in (running, "no-such-task"):
            answer = VideoSynthesis.cancel(task, api_key=KEY)
            assert refusal(answer)[:2] == (400, "UnsupportedOperation")


def test_local_files_are_uploaded(tmp_path):
    """A path and a file:// URL arrive as references: images, and a video whose length counts."""
    (tmp_path / "a b.png").write_bytes(picture())
    (tmp_path / "b.mp4").write_bytes(video(4))
    with service(missing_reference="fail") as server:
        paths = [str(tmp_path / "a b.png"), f"file://{tmp_path / 'b.mp4'}"]
        done = ended(VideoSynthesis.async_call(**ASK | {"reference_urls": paths}))
        assert done.output.task_status == "SUCCEEDED"
        assert done.usage.input_video_duration == 2.5
        old = {"reference_urls": None, "reference_video_urls": paths[1:]}
        assert ended(VideoSynthesis.async_call(**ASK | old)).output.task_status == "SUCCEEDED"
        assert server.stats()["total"]["uploads"] == 3


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("policy:throttle", "Throttling.RateQuota"),
        ("upload:status=403", "403 error"),
    ],
)
def test_an_upload_that_fails_makes_no_task(fault, words, tmp_path):
    """The SDK raises, with what the service said, before it submits."""
    (tmp_path / "a.png").write_bytes(picture())
    with service(fault) as server:
        with pytest.raises(UploadFileException, match=words):
            VideoSynthesis.async_call(**ASK | {"reference_urls": [str(tmp_path / "a.png")]})
        assert server.stats()["total"]["posts"] == 0


def test_every_documented_refusal_arrives():
    """Status, code and message of each code of the catalogue, for a submit refused with it."""
    rules = (f"submit:refuse={code}:#{n}" for n, code in enumerate(CODES, 1))
    with service(*rules, submits_per_second=None) as server:
        found = [refusal(VideoSynthesis.async_call(**ASK)) for _ in CODES]
        assert found == [(status, code, text) for code, (status, text) in CODES.items()]
        assert server.stats()["total"]["tasks_created"] == 0


@pytest.mark.long
def test_every_documented_failure_arrives():
    """HTTP 200 and the code in the output, for a task that failed with each code; and without."""
    rules = (f"submit:fail={code}: because:#{n}" for n, code in enumerate(CODES, 1))
    with service(*rules, f"submit:fail:#{len(CODES) + 1}", submits_per_second=None):
        found = [ended(VideoSynthesis.async_call(**ASK)) for _ in range(len(CODES) + 1)]
        assert {(r.status_code, r.code, r.output.task_status) for r in found} == {
            (200, None, "FAILED")
        }
        *told, untold = [r.output for r in found]
        assert [(o.code, o.message) for o in told] == [(code, "because") for code in CODES]
        assert "code" not in untold and "message" not in untold


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"api_key": "wrong"}, (401, "InvalidApiKey", "Invalid API-key provided.")),
        ({"api_key": "sk-sp-plan"}, (401, "InvalidApiKey", "Invalid API-key provided.")),
        ({"model": "wan9-r2v"}, (404, "ModelNotFound", "Model not exist.")),
        ({"model": "qwen-plus"}, (400, "InvalidParameter", "url error, please check url!")),
        ({"prompt": ""}, (400, "InvalidParameter", "Field required: input.prompt")),
        (
            {"reference_urls": None},
            (400, "InvalidParameter", "Field required: input.reference_urls"),
        ),
        ({"workspace": "ws-2"}, (401, "NOT AUTHORIZED", CODES["NOT AUTHORIZED"][1])),
    ],
)
def test_mistakes_are_refused_at_once(changes, expected):
    """Wrong key, model, path, prompt, references and workspace, each with its code."""
    with service(workspaces=("ws-1",)):
        assert refusal(VideoSynthesis.async_call(**ASK | changes)) == expected


def test_a_task_that_fails_says_why_in_its_output():
    """FAILED comes with HTTP 200: the answer has no code, its output has code and message."""
    with service():
        failed = ended(VideoSynthesis.async_call(**ASK | {"size": "720P"}))
        assert (failed.status_code, failed.code) == (200, None)
        assert (failed.output.task_status, failed.output.code, failed.output.message) == (
            *("FAILED", "InvalidParameter"),
            "size not match: 720P",
        )


def test_without_a_key_nothing_is_sent():
    """The SDK itself refuses; the emulator is not asked."""
    with service() as server:
        with pytest.raises(AuthenticationError):
            VideoSynthesis.async_call(**ASK | {"api_key": None})
        assert server.stats()["accounts"] == {}


def test_the_limits_of_the_service_are_felt():
    """Too many submits in a second, or at once where that refuses: 429 with their codes."""
    for switches, code in (
        ({"submits_per_second": 1}, "Throttling.RateQuota"),
        ({"in_flight": 1, "over_limit": "refuse"}, "Throttling.Concurrency"),
    ):
        with service(latency=3600.0, **switches):
            assert VideoSynthesis.async_call(**ASK).status_code == 200
            assert refusal(VideoSynthesis.async_call(**ASK))[:2] == (429, code)


def test_an_answer_lost_is_a_task_made_twice():
    """The SDK sends a submit again by itself when its answer is lost: two tasks, one known."""
    with service("submit:reset_after:#1") as server:
        made = VideoSynthesis.async_call(**ASK)
        assert made.status_code == 200
        total = server.stats()["total"]
        assert (total["tasks_created"], total["unanswered_submits"]) == (2, 1)


def test_a_code_in_an_answer_of_200_gets_lost():
    """The SDK drops a top-level code that came with HTTP 200: an answer without output is left."""
    with service("submit:code_in_200=Arrearage"):
        answer = VideoSynthesis.async_call(**ASK)
        assert (answer.status_code, answer.code, answer.output) == (200, "", None)


def test_a_page_that_is_no_json_has_no_code():
    """A gateway's page arrives as code Unknown, with its status, and the page as the message."""
    with service("submit:status=502"):
        status, code, message = refusal(VideoSynthesis.async_call(**ASK))
        assert (status, code) == (502, "Unknown")
        assert "<h1>502 error</h1>" in message


def test_the_functions_have_asynchronous_twins(tmp_path):
    """`AioVideoSynthesis`: call, async_call, fetch, list and cancel, with a local file."""
    (tmp_path / "a.png").write_bytes(picture())
    local = ASK | {"reference_urls": [str(tmp_path / "a.png")]}

    async def run():
        done = await AioVideoSynthesis.call(**local)
        assert done.output.task_status == "SUCCEEDED"
        made = await AioVideoSynthesis.async_call(**ASK | {"model": "wan2.6-r2v"})
        known = await AioVideoSynthesis.fetch(made, api_key=KEY)
        assert known.output.task_id == made.output.task_id
        rows = (await AioVideoSynthesis.list(api_key=KEY)).output["data"]
        assert [row["model_name"] for row in rows] == ["wan2.6-r2v", "wan2.6-r2v-flash"]
        refused = await AioVideoSynthesis.cancel("no-such-task", api_key=KEY)
        assert refusal(refused)[:2] == (400, "UnsupportedOperation")
        wrong = await AioVideoSynthesis.async_call(**ASK | {"model": "wan9"})
        assert refusal(wrong)[:2] == (404, "ModelNotFound")
        await close_shared_aio_session()

    with service():
        asyncio.run(run())
