"""The service over HTTP: routes, authorization, faults to order, counting.

Each operation is one method that does the work and answers through `wire`. The state is
`service`'s, the files are `storage`'s; here is only who asks for what.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path
from typing import Any

from aiohttp import web

from r2vbatch.emulator import answers, checks, incoming, wire
from r2vbatch.emulator.ask import Ask
from r2vbatch.emulator.faults import Faults
from r2vbatch.emulator.listing import listing
from r2vbatch.emulator.models import MODELS, offered
from r2vbatch.emulator.objects import Objects
from r2vbatch.emulator.options import Options, draw
from r2vbatch.emulator.references import References
from r2vbatch.emulator.refusals import Refusal
from r2vbatch.emulator.renderer import Renderer
from r2vbatch.emulator.runner import Runner
from r2vbatch.emulator.service import Account, Clock, Service, Task
from r2vbatch.emulator.storage import LINK_PREFIX, UPLOAD_PATH, Storage, oss_key
from r2vbatch.emulator.wire import Cut, Struck

BASE = "/api/v1"
SUBMIT_PATH = f"{BASE}/services/aigc/video-generation/video-synthesis"
STATS_PATH = "/emulator/stats"
LARGEST_BODY = 32 * 2**20
"""Data URIs make large bodies (2.7: five images)."""

Operation = Callable[[web.Request, Account, Struck], Awaitable[web.StreamResponse]]


class Emulator:
    """The service, locally. ``async with Emulator(options).serve() as server: …``"""

    def __init__(self, options: Options | None = None, *, clock: Clock = time.time) -> None:
        """`clock`: seconds since the epoch; `options.clock_offset` is added to it."""
        self.options = options or Options()
        self._clock = clock
        self.base_url = ""
        """``http://HOST:PORT/api/v1`` while serving."""
        self.service = Service(self.options, self.now)
        self._faults = Faults(self.options.faults, self.options.seed)
        self._delays = _Delays(self.options)

    def now(self) -> float:
        """The service's clock."""
        return self._clock() + self.options.clock_offset

    def stats(self) -> dict[str, Any]:
        """What the admin page shows: ``accounts`` by name, and ``total``."""
        return self.service.stats()

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[Emulator]:
        """Serve until the block ends; then everything is dropped, clips too."""
        with tempfile.TemporaryDirectory(prefix="r2vbatch-emulator-") as folder:
            storage = Storage(Path(folder), self.options, self.now)
            plain = not self.options.render
            remote = not plain or self.options.missing_reference == "fail"
            renderer = Renderer(storage.clips, plain=plain, workers=self.options.workers)
            self._storage = storage
            self._runner = Runner(self.service, References(storage, remote=remote), renderer)
            web_runner = web.AppRunner(self._app(), access_log=None, shutdown_timeout=0.1)
            async with AsyncExitStack() as stack:  # each of them ends, whoever is cancelled
                stack.push_async_callback(renderer.stop)
                stack.push_async_callback(self._runner.stop)
                stack.push_async_callback(web_runner.cleanup)  # first: a submit would start more
                await web_runner.setup()
                site = web.TCPSite(web_runner, self.options.host, self.options.port)
                await site.start()
                host, port = web_runner.addresses[0][:2]
                self.base_url = f"http://{f'[{host}]' if ':' in host else host}:{port}{BASE}"
                yield self

    def _app(self) -> web.Application:
        app = web.Application(client_max_size=LARGEST_BODY)
        app.on_response_prepare.append(self._date)
        objects = Objects(self.service, self._storage, self._faults, self._runner.clip)
        for slash in ("", "/"):  # the documents write both, and so does the SDK
            app.add_routes(
                [
                    web.post(SUBMIT_PATH + slash, self._played("submit", self._submit)),
                    web.get(f"{BASE}/tasks{slash}", self._played("list", self._list)),
                    web.get(f"{BASE}/tasks/{{id}}{slash}", self._played("query", self._query)),
                    web.post(
                        f"{BASE}/tasks/{{id}}/cancel{slash}", self._played("cancel", self._cancel)
                    ),
                    web.get(f"{BASE}/uploads{slash}", self._played("policy", self._policy)),
                ]
            )
        app.add_routes(
            [
                web.post(UPLOAD_PATH, objects.upload),
                web.get(LINK_PREFIX + "/{name}", objects.download),
                web.get(STATS_PATH, self._admin),
                web.route("*", "/{path:.*}", self._elsewhere),
            ]
        )
        return app

    async def _date(self, _request: web.Request, response: web.StreamResponse) -> None:
        response.headers["Date"] = formatdate(self.now(), usegmt=True)

    def _played(
        self, op: str, operation: Operation
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """`operation` with authorization, faults and the flat error body around it."""

        async def play(request: web.Request) -> web.StreamResponse:
            struck = self._faults.strike(op)
            try:
                account = self.service.authorize(request.headers.get("Authorization"))
                self.service.check_workspace(request.headers.get("X-DashScope-WorkSpace"))
                account.counters.count(op)
                return await wire.before(request, struck) or await operation(
                    request, account, struck
                )
            except Refusal as refused:
                return self._refuse(refused)
            except Cut:
                return web.Response(status=500)  # nobody is there to read it

        return play

    def _refuse(self, refused: Refusal) -> web.Response:
        wait = self.options.retry_after if refused.status == 429 else None
        return web.json_response(
            answers.refusal(refused, self.options),
            status=refused.status,
            headers=None if wait is None else {"Retry-After": str(wait)},
        )

    async def _submit(
        self, request: web.Request, account: Account, struck: Struck
    ) -> web.StreamResponse:
        incoming.check_headers(request, self.options)
        body = await incoming.json_body(request)
        model = body.get("model") if isinstance(body, dict) else None
        known = (*MODELS, *offered(self.options.region, self.options.likes))
        lane = self.service.lane(account, model if model in known else "")
        self.service.admit_submit(lane)
        ask = checks.read(body, self.options)
        resolves_oss = incoming.enabled(request, "X-DashScope-OssResourceResolve")
        if self.options.oss_refused == "at_once":
            self._check_uploads(ask, account, resolves_oss)
        if "no_task_id" in struck:
            return await wire.answer(request, {"request_id": "", "output": {}}, struck)
        if "stranger" in struck:  # of the same account, model and moment
            theirs = replace(ask, prompt=struck["stranger"].value)
            self.service.create(lane, theirs, slate={}, resolves_oss=resolves_oss, faults={})
        await self._delays.before_creation(struck)
        task = self.service.create(
            lane,
            ask,
            slate=incoming.slate(request),
            resolves_oss=resolves_oss,
            faults=struck,
        )
        self._runner.fill(lane)
        await self._delays.before_answer()
        try:
            response = await wire.answer(request, answers.created(task), struck)
        except Cut:
            account.counters.unanswered_submits += 1
            raise
        if wire.is_gone(request):
            account.counters.unanswered_submits += 1
        return response

    def _check_uploads(self, ask: Ask, account: Account, resolves: bool) -> None:
        urls = [url for each in ask.references for url in (each.url, each.voice) if url]
        for key in map(oss_key, urls):
            found = resolves and self._storage.uploaded(key, account.name, ask.model)
            if key and not found:
                raise Refusal.of("invalid_parameter_error")

    async def _query(
        self, request: web.Request, account: Account, struck: Struck
    ) -> web.StreamResponse:
        self.service.admit_query(account, "query")
        task_id = request.match_info["id"]
        task = self.service.find(account, task_id)
        if task is None or "unknown" in struck:
            return await wire.answer(request, answers.unknown(task_id), struck)
        origin = wire.origin(request, struck)

        def link(task: Task) -> str:
            return origin + self._storage.link(task.id, task.ended or task.created)

        return await wire.answer(request, answers.queried(task, self.options, link), struck)

    async def _list(
        self, request: web.Request, account: Account, struck: Struck
    ) -> web.StreamResponse:
        self.service.admit_query(account, "list")
        options = self.options
        if "list_zone" in struck:
            options = replace(options, list_zone=struck["list_zone"].value)
        if "list_tasks_key" in struck:
            options = replace(options, list_rows="tasks")
        youngest = struck["list_late"].number if "list_late" in struck else 0.0
        body = listing(account, request.query, options, now=self.now(), youngest=youngest)
        return await wire.answer(request, body, struck)

    async def _cancel(
        self, request: web.Request, account: Account, struck: Struck
    ) -> web.StreamResponse:
        self.service.admit_query(account, "cancel")
        task = self.service.cancel(account, request.match_info["id"])
        return await wire.answer(request, answers.canceled(task, self.options), struck)

    async def _policy(
        self, request: web.Request, account: Account, struck: Struck
    ) -> web.StreamResponse:
        model = request.query.get("model", "")
        if request.query.get("action") != "getPolicy":
            raise Refusal.of("InvalidParameter", "action must be getPolicy")
        if not model:
            raise Refusal.of("BadRequest.EmptyModel")
        if model not in offered(self.options.region, self.options.likes):
            raise checks.no_such_model(self.options)
        if self.options.no_uploads:
            raise Refusal.of("AccessDenied", "Temporary uploads are not supported in this region.")
        if not self.service.lane(account, model).policies.admits(self.now()):
            raise self.service.too_fast()
        data = self._storage.policy(account.name, model, wire.origin(request, struck))
        body = {"request_id": answers.new_request_id(), "data": data}
        return await wire.answer(request, body, struck)

    async def _admin(self, _request: web.Request) -> web.StreamResponse:
        return web.json_response(self.stats())

    async def _elsewhere(self, request: web.Request) -> web.StreamResponse:
        if request.path.startswith(BASE + "/services/"):
            refused = Refusal.of("InvalidParameter", "url error, please check url!")
        elif request.path == SUBMIT_PATH or request.path.startswith(f"{BASE}/tasks"):
            text = f"Request method '{request.method}' is not supported."
            refused = Refusal.of("InvalidParameter", text)
        else:
            refused = Refusal.of("NotFound")
        return self._refuse(refused)


class _Delays:
    """The waits around a creation, drawn from the options or ordered by a fault."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._rng = random.Random(f"{options.seed}/delays")

    async def before_creation(self, struck: Struck) -> None:
        seconds = draw(self._options.create_delay, self._rng)
        if "late" in struck:
            seconds += struck["late"].number
        await asyncio.sleep(seconds)

    async def before_answer(self) -> None:
        await asyncio.sleep(draw(self._options.answer_delay, self._rng))
