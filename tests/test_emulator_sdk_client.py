"""The vendor's SDK, unmodified, against the emulator: the client of its 2.x."""

from __future__ import annotations

import asyncio
import io
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import av
import pytest
from dashscope import AsyncClient, Client
from dashscope.common.error import UploadFileException
from dashscope.v2 import errors
from emulator_calls import PATIENCE
from media_files import picture, video
from serving_thread import emulator

from r2vbatch.emulator.refusals import CODES
from r2vbatch.emulator.server import Emulator

KEY = "sk-one"
ASK = {
    "model": "wan2.6-r2v-flash",
    "prompt": "character1 waves",
    "extra_input": {"reference_urls": ["https://media.invalid/a.png"]},
    "size": "1280*720",
    "duration": 2,
}
SOON = {"poll_interval": 0.02, "max_interval": 0.1, "timeout": PATIENCE}


@contextmanager
def service(
    *faults: str, client: dict[str, object] | None = None, **switches: object
) -> Iterator[tuple[Emulator, Client]]:
    """An emulator and a client of it, which tries nothing twice unless `client` says so."""
    asked = {"api_key": KEY, "max_retries": 0} | (client or {})
    with (
        emulator(*faults, **switches) as server,
        Client(base_url=server.base_url, **asked) as made,
    ):
        yield server, made


def refusal(ask, *arguments, **named):
    """Status, code and message of the error that a call raises."""
    with pytest.raises(errors.DashScopeError) as raised:
        ask(*arguments, **named)
    assert raised.value.request_id
    return raised.value.status_code, raised.value.code, raised.value.message


def test_generate_waits_for_the_clip():
    """`generate` returns the finished job, with a link to a clip as asked, and its usage."""
    with service() as (_, client):
        parameters = {"audio": False, "shot_type": "multi"}
        done = client.videos.generate(**ASK, seed=7, parameters=parameters, **SOON)
        assert done.succeeded and done.output["orig_prompt"] == "character1 waves"
        assert (done.usage.duration, done.usage.size, done.usage.SR) == (2.0, "1280*720", 720)
        assert done.submitted_at <= done.scheduled_at <= done.finished_at
        with urllib.request.urlopen(done.video_url, timeout=PATIENCE) as answer:
            clip = io.BytesIO(answer.read())
    with av.open(clip) as container:
        assert container.streams.video[0].frames == 60
        assert not container.streams.audio


def test_jobs_create_fetch_and_wait():
    """A job is PENDING when created; `wait` takes the job or its id; ids stay the same."""
    with service() as (server, client):
        jobs = client.videos.jobs
        made = jobs.create(**ASK)
        assert made.status == "PENDING"
        done = jobs.wait(made, **SOON)
        assert (done.task_id, done.succeeded) == (made.task_id, True)
        assert jobs.wait(made.task_id, **SOON).video_url
        assert jobs.fetch(made.task_id).finished
        assert server.stats()["total"]["posts"] == 1


def test_an_unknown_job_is_no_error():
    """UNKNOWN is returned, not raised, and ends a wait."""
    with service() as (_, client):
        assert client.videos.jobs.wait("no-such-task", **SOON).status == "UNKNOWN"


def test_the_list_as_documented_shows_this_client_no_rows():
    """The client reads `tasks`, the documentation says `data`: a total, and no rows."""
    with service() as (_, client):
        client.videos.jobs.create(**ASK)
        listed = client.videos.jobs.list()
        assert (listed.total, listed.tasks) == (1, [])


def test_the_list_as_this_client_reads_it():
    """With rows under `tasks` and times as texts it pages and filters, ended tasks too."""
    with service(list_rows="tasks", list_times="text") as (_, client):
        jobs = client.videos.jobs
        made = [jobs.create(**ASK) for _ in range(3)]
        jobs.wait(made[0], **SOON)
        page = jobs.list(page_no=2, page_size=2)
        assert (page.total, page.page_no) == (3, 2)
        assert [task.task_id for task in page.tasks] == [made[0].task_id]
        assert page.tasks[0].succeeded and page.tasks[0].finished_at
        assert jobs.list(model_name="wan2.6-r2v").total == 0
        assert jobs.list(region="cn-beijing", status="FAILED").total == 0
        assert refusal(jobs.list, status="LOST")[:2] == (400, "InvalidParameter")


def test_cancel_takes_back_what_waits_and_nothing_else():
    """A PENDING job is CANCELED, and its wait raises; a RUNNING one cannot be."""
    with service(in_flight=1, latency=3600.0) as (_, client):
        jobs = client.videos.jobs
        running, waiting = jobs.create(**ASK), jobs.create(**ASK)
        assert jobs.cancel(waiting.task_id).status == "CANCELED"
        with pytest.raises(errors.DashScopeError, match="was canceled"):
            jobs.wait(waiting, **SOON)
        assert refusal(jobs.cancel, running.task_id)[:2] == (400, "UnsupportedOperation")


def test_local_files_are_uploaded(tmp_path):
    """Paths in the extra input are uploaded where the client is: an image, and a video."""
    (tmp_path / "a b.png").write_bytes(picture())
    (tmp_path / "b.mp4").write_bytes(video(4))
    urls = [str(tmp_path / "a b.png"), f"file://{tmp_path / 'b.mp4'}"]
    with service(missing_reference="fail") as (server, client):
        ask = ASK | {"extra_input": {"reference_urls": urls}}
        done = client.videos.generate(**ask, **SOON)
        assert done.usage.input_video_duration == 2.5
        total = server.stats()["total"]
        assert (total["uploads"], total["policies"]) == (2, 1)


def test_an_upload_that_fails_makes_no_task(tmp_path):
    """The SDK raises what its 1.x raises, before it submits."""
    (tmp_path / "a.png").write_bytes(picture())
    ask = ASK | {"extra_input": {"reference_urls": [str(tmp_path / "a.png")]}}
    with service("policy:throttle") as (server, client):
        with pytest.raises(UploadFileException, match=r"Throttling\.RateQuota"):
            client.videos.jobs.create(**ask)
        assert server.stats()["total"]["posts"] == 0


def test_every_documented_refusal_is_raised():
    """Status, code and message of each code of the catalogue, for a submit refused with it."""
    rules = (f"submit:refuse={code}:#{n}" for n, code in enumerate(CODES, 1))
    with service(*rules, submits_per_second=None) as (server, client):
        found = [refusal(client.videos.jobs.create, **ASK) for _ in CODES]
        assert found == [(status, code, text) for code, (status, text) in CODES.items()]
        assert server.stats()["total"]["tasks_created"] == 0


@pytest.mark.long
def test_every_documented_failure_is_raised():
    """A fetch of a task that failed raises its code and message; without either, too."""
    rules = (f"submit:fail={code}: because:#{n}" for n, code in enumerate(CODES, 1))
    with service(*rules, f"submit:fail:#{len(CODES) + 1}", submits_per_second=None) as (_, client):
        jobs = client.videos.jobs
        made = [jobs.create(**ASK) for _ in range(len(CODES) + 1)]
        *told, untold = [refusal(jobs.wait, job, **SOON) for job in made]
        assert told == [(200, code, "because") for code in CODES]
        assert untold == (200, None, f"task {made[-1].task_id} failed")


KINDS = {
    "InvalidParameter": errors.BadRequestError,
    "DataInspectionFailed": errors.ContentFilterError,
    "InvalidApiKey": errors.AuthenticationError,
    "Arrearage": errors.PermissionDeniedError,
    "AccessDenied.Unpurchased": errors.PermissionDeniedError,
    "ModelNotFound": errors.NotFoundError,
    "Throttling.Concurrency": errors.RateLimitError,
    "InternalError": errors.InternalServerError,
    "ModelUnavailable": errors.ServiceUnavailableError,
}


def test_each_kind_of_refusal_is_an_exception_of_its_own():
    """Status and code of the emulator lead to the class that the SDK keeps for them."""
    rules = (f"submit:refuse={code}:#{n}" for n, code in enumerate(KINDS, 1))
    with service(*rules) as (_, client):
        for kind in KINDS.values():
            with pytest.raises(kind):
                client.videos.jobs.create(**ASK)


@pytest.mark.parametrize(
    ("client", "changes", "expected"),
    [
        ({"api_key": "wrong"}, {}, (401, "InvalidApiKey")),
        ({"workspace": "ws-2"}, {}, (401, "NOT AUTHORIZED")),
        ({}, {"model": "wan9-r2v"}, (404, "ModelNotFound")),
        ({}, {"model": "qwen-plus"}, (400, "InvalidParameter")),
        ({}, {"duration": 11}, (400, "InvalidParameter")),
        ({}, {"extra_input": {}}, (400, "InvalidParameter")),
    ],
)
def test_mistakes_are_refused_at_once(client, changes, expected):
    """Wrong key, workspace, model, path, length and references, each with its code."""
    with service(client=client, workspaces=("ws-1",)) as (_, made):
        assert refusal(made.videos.jobs.create, **ASK | changes)[:2] == expected


def test_a_size_that_is_not_offered_fails_the_job():
    """The documented sample: the submit is accepted, the wait raises InvalidParameter."""
    with service() as (_, client):
        made = client.videos.jobs.create(**ASK | {"size": "720P"})
        found = refusal(client.videos.jobs.wait, made, **SOON)
        assert found == (200, "InvalidParameter", "size not match: 720P")


def test_a_refusal_is_tried_again_after_the_time_it_names():
    """The client heeds Retry-After: two 429 without a wait, then a task; at last it gives up."""
    rules = ("submit:throttle:#1-2", "submit:throttle:#4-6")
    twice = {"max_retries": 2}
    with service(*rules, retry_after=0, client=twice) as (server, client):
        assert client.videos.jobs.create(**ASK).status == "PENDING"
        assert refusal(client.videos.jobs.create, **ASK)[0] == 429
        total = server.stats()["total"]
        assert (total["posts"], total["tasks_created"]) == (6, 1)


@pytest.mark.parametrize("fault", ["submit:reset_after:#1", "submit:error_after=503:#1"])
def test_an_answer_lost_is_a_task_made_twice(fault):
    """By default the client sends a submit again when its answer is lost: two tasks, one known."""
    with service(fault, client={"max_retries": 2}) as (server, client):
        assert client.videos.jobs.create(**ASK).status == "PENDING"
        assert server.stats()["total"]["tasks_created"] == 2


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("submit:reset_before", errors.APIConnectionError),
        ("submit:truncated", errors.APIConnectionError),
        ("submit:status=502", errors.APIStatusError),
        ("submit:malformed_json", ValueError),
    ],
)
def test_answers_that_are_none_are_raised(fault, kind):
    """Cut, broken off, no JSON: what the SDK makes of each."""
    with service(fault) as (_, client), pytest.raises(kind):
        client.videos.jobs.create(**ASK)


def test_a_code_in_an_answer_of_200_is_raised():
    """The client looks for a code in every body, whatever the status."""
    with service("submit:code_in_200=Throttling") as (_, client):
        found = refusal(client.videos.jobs.create, **ASK)
        assert found == (200, *("Throttling", CODES["Throttling"][1]))


def test_the_client_has_an_asynchronous_twin(tmp_path):
    """`AsyncClient`: generate with a local file, fetch, list, cancel, an error."""
    (tmp_path / "a.png").write_bytes(picture())
    local = ASK | {"extra_input": {"reference_urls": [str(tmp_path / "a.png")]}}

    async def run(base_url):
        async with AsyncClient(api_key=KEY, base_url=base_url, max_retries=0) as client:
            jobs = client.videos.jobs
            done = await client.videos.generate(**local, **SOON)
            assert done.succeeded
            assert (await jobs.fetch(done.task_id)).video_url
            assert (await jobs.list()).total == 1
            with pytest.raises(errors.BadRequestError):
                await jobs.cancel(done.task_id)
            with pytest.raises(errors.NotFoundError):
                await jobs.create(**ASK | {"model": "wan9"})

    with emulator() as server:
        asyncio.run(run(server.base_url))
