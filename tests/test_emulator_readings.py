"""Where the documentation is silent or disagrees: each reading, seen from outside."""

from __future__ import annotations

import asyncio
from dataclasses import fields

import pytest
from emulator_calls import body, plain, serving
from media_files import picture, video
from test_emulator_checks import CASES, IN_MEDIA, changed
from test_emulator_media import READINGS as OF_MEDIA

from r2vbatch.emulator.readings import OfFiles, OfLists, OfReplies, OfRequests

NOON = 1_800_014_400.0
"""2027-01-15 12:00 UTC, where the clock of these tests stands still unless one moves it."""
DAY = 86_400.0
HOURS = (0, 20, 36)
BESIDE = ["https://media.invalid/b.png", "https://media.invalid/c.png"]


class Clock:
    """Time as a test will have it."""

    def __init__(self):
        self.now = NOON

    def __call__(self):
        return self.now


async def output(client, *uploads, urls=(), **changes):
    """The output of a query after a task with these references has ended."""
    given = [await client.upload(name, content) for name, content in uploads]
    request = body(**{"reference_urls": [*given, *urls]} | changes)
    return (await client.end(await client.task(request, oss=True)))["output"]


async def fate(client, *uploads, **changes):
    """The code of a task with these references, or its status where it has none."""
    found = await output(client, *uploads, **changes)
    return found.get("code", found["task_status"])


async def usage(client):
    """The usage of a task with three references, one of them a video of 4 s."""
    url = await client.upload("a.mp4", video(4))
    task_id = await client.task(body(reference_urls=[url, *BESIDE]), oss=True)
    return (await client.end(task_id))["usage"]


async def raw(client, method, path, **more):
    """Status, JSON and headers of a call."""
    headers = {"Authorization": f"Bearer {client.key}", "X-DashScope-Async": "enable"}
    url = client.server.base_url + path
    async with client.session.request(method, url, headers=headers, **more) as response:
        return response.status, await response.json(), response.headers


async def throttled(client):
    """Code and Retry-After of the second submit in a second."""
    await client.task()
    _, answer, headers = await raw(
        client, "POST", "/services/aigc/video-generation/video-synthesis", json=body()
    )
    return answer["code"], headers.get("Retry-After")


async def waiting(client):
    """The times in the answer to a query of a task that waits."""
    await client.task()
    found = (await client.query(await client.task()))["output"]
    return {name: bool(found[name]) for name in found if name.endswith("_time")}


async def cancelled(client):
    """The answer to a cancel that worked, without what is always in it."""
    await client.task()
    task_id = await client.task()
    answer = (await client.call("POST", f"/tasks/{task_id}/cancel"))[1]
    return set(answer) - {"request_id"}


async def listed(client, query=""):
    """Which tasks a list shows, by the hour of their creation: `HOURS`; or why it does not."""
    ids = []
    for hour in HOURS:
        client.server.clock.now = NOON + hour * 3600
        ids.append(await client.task())
    answer = (await client.call("GET", f"/tasks/?{query}"))[1]
    rows = answer.get("data", answer.get("tasks"))
    hours = dict(zip(ids, HOURS, strict=True))
    return answer["code"] if rows is None else [hours[row["task_id"]] for row in rows]


async def download(client, later=0.0):
    """Status of a clip's link, asked for four bytes, and whether just these came."""
    link = (await output(client, urls=BESIDE))["video_url"]
    client.server.clock.now += later
    async with client.session.get(link, headers={"Range": "bytes=0-3"}) as response:
        return response.status, len(await response.read()) == 4


async def policy(client):
    """Status of a policy call, and the largest upload it speaks of."""
    status, answer = await client.call("GET", "/uploads?action=getPolicy&model=wan2.6-r2v")
    return status, answer.get("data", {}).get("max_file_size_mb")


async def small_upload(client):
    """The answer to an upload of one byte."""
    path = "/uploads?action=getPolicy&model=wan2.6-r2v"
    granted = (await client.call("GET", path))[1]["data"]
    return (await client.send_form(granted, "a", b"0"))[0]


async def status(client):
    """What a submit without the async header is answered."""
    code, answer = await client.submit(sync=True)
    return code, answer["code"]


async def message(client):
    """Whether a message ends in a link."""
    return (await client.submit(body(duration=11)))[1]["message"].rpartition(" ")[2][:8]


async def own_budget(client):
    """Whether a list is still answered when the queries of this second are used up."""
    for _ in range(20):
        await client.call("GET", "/tasks/x")
    return [(await client.call("GET", path))[0] for path in ("/tasks/x", "/tasks")]


async def pick(found, *names):
    """Some values of a mapping that is awaited."""
    mapping = await found
    return tuple(mapping.get(name) for name in names)


async def list_time(client):
    """The time of a row."""
    await client.task()
    return (await client.call("GET", "/tasks"))[1]["data"][0]["gmt_create"]


async def unresolved(client):
    """The answer to a submit with an upload, but without the header that resolves it."""
    url = await client.upload("a.png", picture())
    code, answer = await client.submit(body(reference_urls=[url]))
    return code, answer.get("code")


async def list_key(client):
    """The key under which rows come."""
    return {"data", "tasks"} & set((await client.call("GET", "/tasks"))[1])


WIDE = "start_time=20270115000000&end_time=20270118000000&page_size=3"
SLOW = {"latency": 3600.0, "in_flight": 1}
FREE = {"submits_per_second": None}
READINGS = {
    # name: the other reading, what is asked, what is answered by default, what then
    "sync_status": (400, status, (403, "AccessDenied"), (400, "AccessDenied"), {}),
    "usage_seconds": (
        "whole",
        lambda c: pick(usage(c), "input_video_duration", "duration"),
        (1.65, 3.65),
        (2, 4.0),
        {},
    ),
    "loose_types": (True, lambda c: pick(usage(c), "SR"), (720,), ("720",), {}),
    "more_fields": (True, lambda c: pick(usage(c), "fps"), (None,), (30,), {}),
    "empty_times": (
        True,
        waiting,
        {"submit_time": True},
        {"submit_time": True, "scheduled_time": False, "end_time": False},
        SLOW,
    ),
    "long_messages": (True, message, "10", "https://", {}),
    "cancel_body": ("bare", cancelled, {"output"}, set(), SLOW),
    "retry_after": (
        7,
        throttled,
        ("Throttling.RateQuota", None),
        ("Throttling.RateQuota", "7"),
        {"submits_per_second": 1},
    ),
    "rate_code": (
        "LimitRequests",
        throttled,
        ("Throttling.RateQuota", None),
        ("LimitRequests", None),
        {"submits_per_second": 1},
    ),
    "list_rows": ("tasks", list_key, {"data"}, {"tasks"}, {}),
    "list_order": ("oldest", listed, [36, 20], [20, 36], FREE | SLOW),
    "list_window": (
        "cut",
        lambda c: listed(c, WIDE),
        "InvalidParameter",
        [36],
        FREE | SLOW | {"task_life": 3 * DAY},
    ),
    "list_zone": (
        "+00:00",
        lambda c: listed(c, "start_time=20270117003000&end_time=20270117120000"),
        [36],
        [],
        FREE | SLOW,
    ),
    "largest_page": (1, listed, [36, 20], [36], FREE | SLOW),
    "list_times": (
        "text",
        list_time,
        1_800_014_400_000,
        "2027-01-15 20:00:00.000",
        {},
    ),
    "oss_refused": ("at_once", unresolved, (200, None), (400, "invalid_parameter_error"), {}),
    "no_uploads": (True, policy, (200, 100), (403, None), {}),
    "upload_mb": (0, small_upload, 200, 400, {}),
    "no_ranges": (True, download, (206, True), (200, False), {}),
    "expired_link": (404, lambda c: download(c, later=DAY + 1), (403, False), (404, False), {}),
}


def seen(ask, switches):
    """What `ask` finds at a service with these switches, on a clock that stands still."""

    async def run():
        clock = Clock()
        async with serving(plain(**switches), clock=clock) as client:
            client.server.clock = clock
            return await ask(client)

    return asyncio.run(run())


@pytest.mark.parametrize("name", READINGS)
def test_a_reading_and_the_likelier_one(name):
    """By default as the likelier reading has it, by switch as the other one."""
    other, ask, by_default, then, switches = READINGS[name]
    assert seen(ask, switches) == by_default
    assert seen(ask, switches | {name: other}) == then


def test_every_reading_is_tried():
    """Each switch for a point in doubt has a case: here, among the checks, or with the files."""
    tried = {name for case in CASES for name in case.get("switches", {})} | set(OF_MEDIA)
    points = {f.name for part in (OfRequests, OfReplies, OfLists, OfFiles) for f in fields(part)}
    assert points - set(READINGS) - tried == set()


def test_query_list_and_cancel_may_have_a_limit_each():
    """By default twenty calls of any of the three are enough; by switch each has its own."""
    limits = {"queries_per_second": 20}
    assert seen(own_budget, limits) == [429, 429]
    assert seen(own_budget, limits | {"separate_limits": True}) == [429, 200]


def test_a_voice_must_resolve_too():
    """An upload nobody made, given as a voice: the task fails, or by switch HTTP 400."""
    media = [{**IN_MEDIA["media"][0], "reference_voice": "oss://folder/nothing.wav"}]
    asked = changed("wan2.7-r2v", {"media": media})

    async def later(client):
        return (await client.end(await client.task(asked, oss=True)))["output"]["code"]

    async def at_once(client):
        return (await client.submit(asked, oss=True))[1]["code"]

    assert seen(later, {}) == "InvalidParameter.DataInspection"
    assert seen(at_once, {"oss_refused": "at_once"}) == "invalid_parameter_error"


def test_a_task_fails_after_three_hours():
    """InternalError.Timeout, by a limit that a test can wait for."""
    assert seen(lambda c: fate(c, urls=BESIDE), {"latency": 9.0, "longest_run": 0.0}) == (
        "InternalError.Timeout"
    )


def test_a_workspace_may_be_closed():
    """With workspaces named, another one is 401; none, or the right one, is let in."""

    async def asked(client):
        found = []
        for name in (None, "ws-1", "ws-2"):
            headers = {"X-DashScope-WorkSpace": name} if name else {}
            code, answer = await client.call("GET", "/tasks", headers)
            found.append((code, answer.get("code")))
        return found

    assert seen(asked, {"workspaces": ("ws-1",)}) == [
        (200, None),
        (200, None),
        (401, "NOT AUTHORIZED"),
    ]


def test_lists_filter_by_region_and_key():
    """A list shows the rows of the region and the key it asks for, and no others."""

    async def asked(client):
        await client.task()
        row = (await client.call("GET", "/tasks"))[1]["data"][0]
        queries = (f"region={row['region']}", "region=eu-1", f"api_key_id={row['api_key_id']}")
        return [(await client.call("GET", f"/tasks?{q}"))[1]["total"] for q in queries]

    assert seen(asked, {"region": "ap-southeast-1"}) == [1, 0, 1]
