"""The service's API over HTTP: a thin adapter between the codec and aiohttp.

`Reader` does everything but spend: query, list, cancel, upload. `Client` adds `submit`. Whatever
only collects is given a `Reader`, so that it provably cannot buy anything. Reading calls are
retried here within a `Retry`; a submit never is. This room refuses to know takes, ledgers and
what to do about a fault: `faults` names it, others decide.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, Self, TypeVar

import aiohttp

from r2vbatch import __version__
from r2vbatch.clock import utc_now
from r2vbatch.dashscope import decode, encode
from r2vbatch.dashscope.decode import Policy, Reply
from r2vbatch.dashscope.download import Fetched, fetch
from r2vbatch.dashscope.faults import (
    Fate,
    NotSent,
    Reach,
    Refused,
    ServiceError,
    SubmitFailed,
    Unreachable,
    Unsure,
    fate,
)
from r2vbatch.dashscope.key import Key
from r2vbatch.dashscope.model import Created, Task, TaskPage
from r2vbatch.dashscope.patience import Patience
from r2vbatch.dashscope.regions import Endpoint
from r2vbatch.dashscope.times import (
    BEIJING,
    infer_offset,
    parse_http_date,
    parse_local,
    plausible,
)
from r2vbatch.dashscope.transport import Broken, exchange, open_session, submission
from r2vbatch.dashscope.upload import Uploads
from r2vbatch.pacing import backoff

USER_AGENT: Final = f"r2vbatch/{__version__}"
STALE_ROUND_TRIP: Final = timedelta(seconds=5)
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Retry:
    """How stubborn a reading call is."""

    attempts: int = 6
    seconds: float = 60.0
    """No new attempt begins once so much time has passed since the first."""
    base: float = 0.5
    """Seconds of the first wait; it doubles from there."""
    cap: float = 15.0


PATIENT: Final = Retry()


async def no_wait() -> None:
    """The gate of a client that nobody paces."""


class Reader:
    """All of the API that cannot spend. An async context manager; not shared between loops."""

    def __init__(
        self,
        endpoint: Endpoint,
        key: Key,
        *,
        offset: timedelta | None = None,
        retry: Retry = PATIENT,
        gate: Callable[[], Awaitable[None]] = no_wait,
        user_agent: str = USER_AGENT,
        now: Callable[[], datetime] = utc_now,
        patience: Patience | None = None,
    ) -> None:
        """`offset`: the zone of the endpoint's printed times where it is known; else it is
        inferred (see `query`), from UTC+8. `gate` is awaited before each query, list and cancel,
        retries included: they share one quota. `patience` tells a person of long waits."""
        self.endpoint = endpoint
        self.offset = BEIJING if offset is None else offset
        self.offset_known = offset is not None
        self.clock_offset: timedelta | None = None
        """The service's clock minus ours, from its Date headers; None until it answered."""
        self._key = key
        self._retry = retry
        self._gate = gate
        self._now = now
        self._patience = patience or Patience(None)
        self._agent = {"User-Agent": user_agent}
        self._uploads = Uploads(
            self._policy, self._agent, retry.attempts, self._pause, self._patience
        )
        self._api: aiohttp.ClientSession | None = None
        self._files: aiohttp.ClientSession | None = None
        self._open = AsyncExitStack()
        """Closes both; the second also where somebody is cancelled while closing the first."""

    async def __aenter__(self) -> Self:
        """Open the connections' pools; nothing is sent."""
        self._api = await self._open.enter_async_context(open_session())
        self._files = await self._open.enter_async_context(open_session())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    async def query(self, task_id: str, submitted_at: datetime | None = None) -> Task:
        """Where one task stands. Raises `ServiceError`.

        `submitted_at`: when it was submitted, by our clock, if known; the first answer with a
        time then tells the endpoint's zone, and its times and all later ones are right.
        """

        def read(reply: Reply) -> Task:
            if submitted_at is not None and not self.offset_known:
                self._learn_offset(decode.printed_submit_time(reply), submitted_at)
            return decode.decode_task(reply, task_id, self.offset)

        return await self._call(encode.query(task_id), read)

    def _learn_offset(self, printed: str | None, submitted_at: datetime) -> None:
        local = parse_local(printed)
        if local is None or local.tzinfo is not None:
            return
        offset = infer_offset(local, submitted_at + (self.clock_offset or timedelta(0)))
        if plausible(offset):
            self.offset, self.offset_known = offset, True

    async def list_tasks(
        self,
        start: datetime | None = None,
        end: datetime | None = None,
        model: str | None = None,
        *,
        status: str | None = None,
        page: int = 1,
        page_size: int = 50,
        offset: timedelta | None = None,
    ) -> TaskPage:
        """One page of the account's tasks; without times, those of the last 24 h.

        `start` and `end` are aware; they go out in local time at `offset` (the endpoint's own
        unless given). Raises `ServiceError`, also when any row is unreadable.
        """
        call = encode.list_tasks(
            start=start,
            end=end,
            offset=self.offset if offset is None else offset,
            model=model,
            status=status,
            page=page,
            page_size=page_size,
        )
        return await self._call(
            call, lambda reply: decode.decode_page(reply, page, page_size, self.offset)
        )

    async def cancel(self, task_id: str) -> None:
        """Cancel a queued task. Raises `ServiceError` (UnsupportedOperation) for any other."""
        await self._call(encode.cancel(task_id), decode.check_done)

    async def upload(self, file: Path, model: str, name: str = "") -> str:
        """Put a local file where tasks of `model` can read it for 48 h; its ``oss://`` URL.

        `name`: what it is called there, more or less; its suffix must tell what the file is.
        Default: its own name.

        Raises `ServiceError`; OSError when the file cannot be read.
        """
        return await self._uploads.put(self._opened(self._files), file, model, name or file.name)

    async def download(self, url: str, part: Path, *, resume: bool = True) -> Fetched:
        """Fetch a result into `part`, going on where an earlier try left off if `resume`.

        No key goes out. Raises `LinkRefused` for a dead link, `Unreachable` when the connection
        fails more often than the retry budget allows, OSError for the disk.
        """
        session = self._opened(self._files)
        return await fetch(
            session,
            url,
            part,
            resume=resume,
            headers=self._agent,
            attempts=self._retry.attempts,
            pause=self._pause,
            patience=self._patience,
        )

    async def _policy(self, model: str) -> Policy:
        return await self._call(encode.policy(model), decode.decode_policy, gated=False)

    async def _call(
        self, call: encode.Call, read: Callable[[Reply], _T], *, gated: bool = True
    ) -> _T:
        """One reading call, and its answer as `read`."""
        url = self.endpoint.base_url
        try:
            found = read(await self._answer(call, gated=gated))
        except ServiceError as failure:
            rest = failure.retry_after or 0.0
            self._patience.failed(url, str(failure), rest, "it asks for a rest of")
            raise
        self._patience.answered(url)
        return found

    async def _answer(self, call: encode.Call, *, gated: bool) -> Reply:
        """The answer to one reading call, retried while its fault is passing or a throttle."""
        began = asyncio.get_running_loop().time()
        for attempt in range(1, self._retry.attempts + 1):
            if gated:
                await self._gate()
            with self._patience.waiting(self.endpoint.base_url, "it has not answered yet"):
                reply = await self._once(call)
            error = _fault(reply)
            if error is None:
                assert isinstance(reply, Reply)
                return reply
            wait = backoff(attempt, base=self._retry.base, cap=self._retry.cap)
            wait = max(wait, error.retry_after or 0.0)
            passed = asyncio.get_running_loop().time() - began
            again = error.verdict.reach in (Reach.PASSING, Reach.THROTTLE)
            if not again or attempt == self._retry.attempts or passed + wait > self._retry.seconds:
                raise error
            self._patience.failed(self.endpoint.base_url, str(error), wait)
            await asyncio.sleep(wait)
        raise AssertionError("a retry allows at least one attempt")

    async def _once(self, call: encode.Call) -> Reply | Broken:
        before = self._now()
        reply = await exchange(
            self._opened(self._api),
            call.method,
            self.endpoint.base_url + call.path,
            headers={**self._agent, **call.headers},
            key=self._key,
            params=call.params,
            data=call.body,
        )
        if isinstance(reply, Reply):
            self._learn_clock(reply, before, self._now())
        return reply

    def _learn_clock(self, reply: Reply, before: datetime, after: datetime) -> None:
        date = parse_http_date(reply.header("date"))
        stale = self.clock_offset is not None and after - before > STALE_ROUND_TRIP
        if date is not None and not stale:
            half_a_second = timedelta(milliseconds=500)  # the header counts whole seconds
            self.clock_offset = date + half_a_second - (before + (after - before) / 2)

    async def _pause(self, attempt: int) -> None:
        await asyncio.sleep(backoff(attempt, base=self._retry.base, cap=self._retry.cap))

    def _opened(self, session: aiohttp.ClientSession | None) -> aiohttp.ClientSession:
        if session is None:
            raise RuntimeError("a client is used inside `async with`")
        return session


class Client(Reader):
    """A `Reader` that can also submit, that is: spend."""

    async def submit(
        self, body: Mapping[str, Any], *, slate: Mapping[str, Any] | None = None
    ) -> Created:
        """Create a task: one POST on a connection of its own, never repeated here.

        `slate` (shot, take, names) goes along only to an emulator. Raises `Refused`, `NotSent`
        or `Unsure`. When cancelled, the connection is cut at once, and a task may exist.
        """
        call = encode.submit(body, slate if self.endpoint.takes_slates else None)
        with self._patience.waiting(self.endpoint.base_url, "it has not answered a submit yet"):
            answer = await submission(
                self.endpoint.base_url + call.path,
                call.body,
                {**self._agent, **call.headers},
                self._key,
            )
        if isinstance(answer, Broken):
            lost = fate(connected=answer.connected, status=None, code="", task_id="")
            raise _FAILED[lost](answer.reason)
        end = fate(
            connected=True,
            status=answer.status,
            code=decode.code_of(answer),
            task_id=decode.task_id_of(answer),
        )
        if end is Fate.CREATED:
            return decode.decode_created(answer)
        error = decode.error_of(answer)
        raise _FAILED[end](
            error.message,
            http_status=error.http_status,
            code=error.code,
            request_id=error.request_id,
            retry_after=error.retry_after,
        )


_FAILED: Final[Mapping[Fate, type[SubmitFailed]]] = {
    Fate.REFUSED: Refused,
    Fate.NOT_SENT: NotSent,
    Fate.UNSURE: Unsure,
}


def _fault(reply: Reply | Broken) -> ServiceError | None:
    if isinstance(reply, Broken):
        return Unreachable(reply.reason)
    if 200 <= reply.status < 300 and decode.is_object(reply):
        return None
    return decode.error_of(reply)
