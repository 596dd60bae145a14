"""Calls to the emulator as any client would make them, for its own tests."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import aiohttp

from r2vbatch.emulator.options import Options
from r2vbatch.emulator.server import Emulator

SUBMIT = "/services/aigc/video-generation/video-synthesis"
PATIENCE = 30.0
"""Seconds after which a wait is a failure; nothing waits that long when all is well."""


def body(**changes: Any) -> dict[str, Any]:
    """A valid request; `model`, `input` and `parameters` entries replace or, as None, remove."""
    made: dict[str, Any] = {
        "model": "wan2.6-r2v-flash",
        "input": {
            "prompt": "character1 waves",
            "reference_urls": ["https://media.invalid/a.png"],
        },
        "parameters": {"size": "1280*720", "duration": 2, "audio": True},
    }
    for name, value in changes.items():
        part = next((p for p in ("input", "parameters") if name in _KEYS[p]), None)
        target = made[part] if part else made
        if value is None:
            target.pop(name, None)
        else:
            target[name] = value
    return made


_KEYS = {
    "input": ("prompt", "negative_prompt", "reference_urls", "reference_video_urls", "media"),
    "parameters": (
        *("size", "duration", "audio", "shot_type", "watermark", "seed", "prompt_extend"),
        *("resolution", "ratio"),
    ),
}


class Client:
    """One key at one server. Every call answers (HTTP status, JSON body)."""

    def __init__(self, server: Emulator, session: aiohttp.ClientSession, key: str) -> None:
        self.server, self.session, self.key = server, session, key

    async def call(
        self, method: str, path: str, headers: dict[str, str] | None = None, **more: Any
    ) -> tuple[int, Any]:
        """Any call under the base path."""
        all_headers = {"Authorization": f"Bearer {self.key}"} | (headers or {})
        url = self.server.base_url + path
        async with self.session.request(
            method, url, headers=all_headers, allow_redirects=False, **more
        ) as response:
            return response.status, json.loads(await response.read())

    async def submit(
        self,
        request: Any = None,
        *,
        oss: bool = False,
        slate: dict[str, Any] | None = None,
        sync: bool = False,
    ) -> tuple[int, Any]:
        """POST a task."""
        headers = {} if sync else {"X-DashScope-Async": "enable"}
        if oss:
            headers["X-DashScope-OssResourceResolve"] = "enable"
        if slate is not None:
            headers["X-R2VBatch-Slate"] = quote(json.dumps(slate))
        return await self.call("POST", SUBMIT, headers, json=request or body())

    async def task(self, request: Any = None, **more: Any) -> str:
        """POST a task that is accepted; its id."""
        status, answer = await self.submit(request, **more)
        assert status == 200, answer
        return str(answer["output"]["task_id"])

    async def query(self, task_id: str) -> Any:
        """GET one task."""
        status, answer = await self.call("GET", f"/tasks/{task_id}")
        assert status == 200, answer
        return answer

    async def end(self, task_id: str) -> Any:
        """The answer to a query once the task has ended."""
        return await self.until(task_id, "SUCCEEDED", "FAILED", "CANCELED", "UNKNOWN")

    async def until(self, task_id: str, *statuses: str) -> Any:
        """The answer to a query once the task has one of these statuses."""
        async with asyncio.timeout(PATIENCE):
            while True:
                answer = await self.query(task_id)
                if answer["output"]["task_status"] in statuses:
                    return answer
                await asyncio.sleep(0.02)

    async def upload(self, name: str, content: bytes, model: str = "wan2.6-r2v-flash") -> str:
        """Upload a file as documented; its ``oss://`` URL."""
        status, answer = await self.call("GET", f"/uploads?action=getPolicy&model={model}")
        assert status == 200, answer
        status, text = await self.send_form(answer["data"], name, content)
        assert status == 200, text
        return f"oss://{answer['data']['upload_dir']}/{name}"

    async def send_form(
        self, policy: dict[str, Any], name: str, content: bytes, **changes: str
    ) -> tuple[int, str]:
        """The form POST under a policy."""
        fields = {
            "OSSAccessKeyId": policy["oss_access_key_id"],
            "Signature": policy["signature"],
            "policy": policy["policy"],
            "x-oss-object-acl": policy["x_oss_object_acl"],
            "x-oss-forbid-overwrite": policy["x_oss_forbid_overwrite"],
            "key": f"{policy['upload_dir']}/{name}",
            "success_action_status": "200",
        } | changes
        form = aiohttp.FormData()
        for field, value in fields.items():
            form.add_field(field, value)
        form.add_field("file", content, filename=name)
        async with self.session.post(policy["upload_host"], data=form) as response:
            return response.status, await response.text()


@asynccontextmanager
async def serving(
    options: Options | None = None, *, key: str = "sk-one", clock: Any = None
) -> AsyncIterator[Client]:
    """A server, and a client of it. Plain clips and no query limit unless asked otherwise."""
    options = options or Options(render=False, queries_per_second=None)
    server = Emulator(options, clock=clock) if clock else Emulator(options)
    async with server.serve(), aiohttp.ClientSession() as session:
        yield Client(server, session, key)


def plain(**switches: Any) -> Options:
    """Options for tests: cheap clips, no query limit."""
    return Options(**({"render": False, "queries_per_second": None} | switches))
