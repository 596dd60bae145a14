"""The emulator's uploads: policies, forms, and references that resolve or do not."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import socket
import time

import aiohttp
import pytest
from aiohttp import web
from emulator_calls import body, plain, serving
from media_files import picture

from r2vbatch.emulator.options import Options
from r2vbatch.emulator.renderer import Renderer
from r2vbatch.emulator.slate.model import Slate

SLATE = Slate(
    *("sh010", 1, "wan2.6-r2v-flash", "character1 waves", 1440, 1440, 15),
    *(True, False, None, ()),
)


def test_an_uploaded_reference_resolves_for_its_model_and_account_only():
    """The oss URL works with the header; not without it, nor for another model or account."""

    async def run():
        async with serving(plain(submits_per_second=None)) as client:
            url = await client.upload("a.png", picture())

            async def outcome(**more):
                request = body(reference_urls=[url], **more.pop("changes", {}))
                ended = await client.end(await client.task(request, **more))
                return ended["output"].get("code", ended["output"]["task_status"])

            assert await outcome(oss=True) == "SUCCEEDED"
            refused = "InvalidParameter.DataInspection"
            assert await outcome(oss=False) == refused
            assert await outcome(oss=True, changes={"model": "wan2.6-r2v"}) == refused
            client.key = "sk-two"
            assert await outcome(oss=True) == refused
            assert client.server.stats()["accounts"]["account-1"]["uploads"] == 1

    asyncio.run(run())


def test_a_policy_dies_and_binds():
    """Expired, another folder, a second file of the same name, a broken signature: refused."""

    async def run():
        now = [time.time()]
        async with serving(plain(), clock=lambda: now[0]) as client:
            path = "/uploads?action=getPolicy&model=wan2.6-r2v"
            policy = (await client.call("GET", path))[1]["data"]
            assert policy["expire_in_seconds"] == 300
            assert (await client.send_form(policy, "a.png", b"1"))[0] == 200
            assert (await client.send_form(policy, "b.png", b"2"))[0] == 200
            assert (await client.send_form(policy, "a.png", b"3"))[0] == 409
            assert (await client.send_form(policy, "c", b"", key="elsewhere/c"))[0] == 403
            assert (await client.send_form(policy, "c", b"", Signature="no"))[0] == 403
            assert (
                await client.send_form(policy, "c", b"", **{"x-oss-forbid-overwrite": "false"})
            )[0] == 403
            now[0] += 301
            status, text = await client.send_form(policy, "d.png", b"4")
            assert status == 403 and "Policy expired" in text

    asyncio.run(run())


def test_an_upload_is_gone_after_two_days():
    """The oss URL resolves for 48 h; then a task that names it fails."""

    async def run():
        now = [time.time()]
        async with serving(plain(), clock=lambda: now[0]) as client:
            request = body(reference_urls=[await client.upload("a.png", picture())])
            fates = []
            for later in (48 * 3600 - 1, 2):
                now[0] += later
                ended = await client.end(await client.task(request, oss=True))
                fates.append(ended["output"].get("code"))
            assert fates == [None, "InvalidParameter.DataInspection"]

    asyncio.run(run())


def test_policies_have_a_rate_of_their_own():
    """Beyond it 429, counted by model; queries are not counted with them."""

    async def run():
        options = plain(policies_per_second=1)
        async with serving(options, clock=lambda: 1_800_000_000.0) as client:
            found = [
                (await client.call("GET", f"/uploads?action=getPolicy&model={model}"))[0]
                for model in ("wan2.6-r2v", "wan2.6-r2v", "wan2.6-r2v-flash")
            ]
            assert found == [200, 429, 200]
            assert (await client.call("GET", "/tasks"))[0] == 200

    asyncio.run(run())


@pytest.mark.parametrize(
    ("head", "data"),
    [
        ("multipart/form-data; boundary=x", b"no form"),
        ("multipart/form-data", b""),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="\x1b\xff"',
        ),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Type: multipart/mixed\r\n\r\n\xff"),
    ],
)
def test_a_form_that_is_none_is_refused(head, data):
    """Broken forms are 400 or 412, as XML, never a fault of the server's."""

    async def run():
        async with serving() as client:
            url = client.server.base_url.removesuffix("/api/v1") + "/oss"
            async with client.session.post(
                url, data=data, headers={"Content-Type": head}
            ) as answer:
                assert answer.status in (400, 412)
                assert "<Code>" in await answer.text()

    asyncio.run(run())


def test_an_upload_carries_no_key_and_its_file_is_last():
    """An Authorization header, or a form without a file at its end, is refused."""

    async def run():
        async with serving() as client:
            path = "/uploads?action=getPolicy&model=wan2.6-r2v"
            policy = (await client.call("GET", path))[1]["data"]
            form = aiohttp.FormData()
            form.add_field("file", b"first", filename="a")
            form.add_field("key", policy["upload_dir"] + "/a")
            headers = {"Authorization": "Bearer sk-one"}
            url = policy["upload_host"]
            async with client.session.post(url, data=form) as response:
                assert response.status == 400
            form = aiohttp.FormData()
            form.add_field("file", b"first", filename="a")
            async with client.session.post(url, data=form, headers=headers) as response:
                assert response.status == 400
                assert "no Authorization" in await response.text()

    asyncio.run(run())


def test_policies_are_for_known_models():
    """No model, an unknown model, another action: refused with their codes."""

    async def run():
        async with serving() as client:
            for query, code in (
                ("action=getPolicy", "BadRequest.EmptyModel"),
                ("action=getPolicy&model=wan9", "ModelNotFound"),
                ("model=wan2.6-r2v", "InvalidParameter"),
            ):
                assert (await client.call("GET", f"/uploads?{query}"))[1]["code"] == code

    asyncio.run(run())


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (picture(form="GIF"), "InvalidImage.FileFormat"),
        (b"no media at all", "InvalidFile.Openerror"),
        (picture(), None),
    ],
    ids=["a GIF", "no media", "an image"],
)
def test_references_outside_the_limits_fail_their_task(content, code):
    """What the service would find in the file ends the task as FAILED, never the call."""

    async def run():
        async with serving(plain(missing_reference="fail")) as client:
            url = await client.upload("a.png", content)
            ended = await client.end(await client.task(body(reference_urls=[url]), oss=True))
            assert ended["output"].get("code") == code

    asyncio.run(run())


@pytest.mark.parametrize("url", ["ftp://h/a.png", "a.png", "data:image/png;base64,aGk="])
def test_urls_of_other_kinds_are_refused_in_the_task(url):
    """2.6 takes http, https and oss URLs only."""

    async def run():
        async with serving() as client:
            ended = await client.end(await client.task(body(reference_urls=[url])))
            assert ended["output"]["code"] == "InvalidURL"

    asyncio.run(run())


def test_a_first_frame_decides_the_ratio():
    """2.7: the ratio asked for gives way to the first frame's, in clip and usage."""

    async def run():
        async with serving() as client:
            media = [
                {"type": kind, "url": await client.upload(f"{kind}.png", content, "wan2.7-r2v")}
                for kind, content in (
                    ("reference_image", picture()),
                    ("first_frame", picture(300, 520)),
                )
            ]
            request = body(
                model="wan2.7-r2v",
                media=media,
                resolution="720P",
                ratio="1:1",
                reference_urls=None,
                size=None,
                audio=None,
            )
            ended = await client.end(await client.task(request, oss=True))
            assert ended["usage"]["ratio"] == "9:16"
            row = client.server.stats()["total"]["tasks"][0]
            assert row["size"] == "720*1280"

    asyncio.run(run())


def test_a_remote_reference_is_fetched_once_and_may_be_missing():
    """One GET for two tasks; a 404 is a card by default and FAILED by switch."""

    async def run():
        asked = []

        async def media(request):
            asked.append(request.path)
            if request.path != "/a.png":
                raise web.HTTPNotFound
            return web.Response(body=picture())

        runner = web.AppRunner(app := web.Application(), access_log=None)
        app.router.add_get("/{name}", media)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        origin = f"http://127.0.0.1:{runner.addresses[0][1]}"
        good, gone = body(reference_urls=[f"{origin}/a.png"]), body(reference_urls=[f"{origin}/b"])
        async with serving(plain(missing_reference="fail")) as client:
            for _ in range(2):
                ended = await client.end(await client.task(good))
                assert ended["output"]["task_status"] == "SUCCEEDED"
            ended = await client.end(await client.task(gone))
            assert ended["output"]["code"] == "InvalidParameter.DataInspection"
            closed = body(reference_urls=["http://127.0.0.1:1/a.png"])
            ended = await client.end(await client.task(closed))
            assert ended["output"]["code"] == "InvalidURL.ConnectionRefused"
        assert asked == ["/a.png", "/b"]
        async with serving(Options(workers=1, queries_per_second=None)) as client:
            ended = await client.end(await client.task(gone))
            assert ended["output"]["task_status"] == "SUCCEEDED"
        await runner.cleanup()

    asyncio.run(run())


def test_a_server_that_stops_drops_what_it_was_fetching():
    """A reference that never comes keeps no task alive beyond its server."""

    async def run():
        options = plain(missing_reference="fail")
        with socket.create_server(("127.0.0.1", 0)) as silent:  # takes calls, and never answers
            slow = "http://{}:{}/a.png".format(*silent.getsockname())
            async with serving(options) as client:
                await client.task(body(reference_urls=[slow]))
                while not _named("fetch"):
                    await asyncio.sleep(0)
            assert not _named("")

    asyncio.run(run())


def test_a_server_that_is_cancelled_again_and_again_drops_all():
    """As by Ctrl-C and a time limit at once: what runs and what is drawn ends before its folder is
    removed, and nothing of it is left on the loop."""

    async def run():
        begun = asyncio.Event()

        async def serve():
            async with serving(plain(latency=3600.0)) as client:
                await client.task()
                begun.set()
                await asyncio.Event().wait()

        cancelled = asyncio.create_task(serve(), name="serve")
        await begun.wait()
        while not cancelled.done():
            cancelled.cancel()
            await asyncio.sleep(0)
        assert cancelled.cancelled()
        assert not [*_named("run "), *_named("draw "), *_named("fetch ")]

    asyncio.run(run())


def _named(start):
    """The tasks beside this one whose names begin so."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    return [each.get_name() for each in others if each.get_name().startswith(start)]


def test_nothing_is_written_once_the_drawing_has_stopped(tmp_path):
    """A clip begun in a thread is waited for: its folder may be removed then."""

    async def run():
        renderer = Renderer(tmp_path, plain=True, workers=1)
        slates = [dataclasses.replace(SLATE, seconds=seconds) for seconds in (13, 14, 15)]
        asked = [asyncio.create_task(renderer.clip(slate)) for slate in slates]
        while not os.listdir(tmp_path):
            await asyncio.sleep(0)
        await renderer.stop()
        left = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
        await asyncio.get_running_loop().shutdown_default_executor()
        assert {path.name: path.stat().st_size for path in tmp_path.iterdir()} == left
        await asyncio.gather(*asked, return_exceptions=True)

    asyncio.run(run())
