"""Local references into the service's temporary storage: ask leave, then post a form (dossier 8).

One leave serves many files until it expires, so it is kept for each model, and asked for once by
all who need it. The key goes with the question for leave only, never to the storage host. This room
refuses to know which files were uploaded before: `references` does.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final
from urllib.parse import urlsplit
from xml.etree import ElementTree

import aiohttp

from r2vbatch.dashscope import encode
from r2vbatch.dashscope.decode import Policy, Reply, shorten
from r2vbatch.dashscope.faults import (
    UPLOAD_REFUSED,
    UPLOADS_LEAD_ASTRAY,
    ServiceError,
    Unreachable,
)
from r2vbatch.dashscope.patience import Patience
from r2vbatch.dashscope.transport import Broken, exchange
from r2vbatch.threads import entered

UPLOAD_SECONDS: Final = 300.0
SAFETY_SECONDS: Final = 30.0
"""A leave this close to its end is not used for a new file."""
_LINK_UNKNOWN: Final = frozenset(
    {
        "InvalidParameter.DataInspection",
        "invalid_parameter_error",
        "InvalidURL",
        "BadRequest.InputDownloadFailed",
    }
)


def link_unknown(code: str) -> bool:
    """Whether a refusal with this code may mean that the service does not know an ``oss://`` link
    (dossier 6, 8). None of these codes says that the file itself was read."""
    return code.strip() in _LINK_UNKNOWN


class Uploads:
    """Uploads files, reusing a leave while it holds."""

    def __init__(
        self,
        ask: Callable[[str], Awaitable[Policy]],
        headers: Mapping[str, str],
        attempts: int,
        pause: Callable[[int], Awaitable[None]],
        patience: Patience,
    ) -> None:
        """`ask` gets leave for a model; `pause(attempt)` waits between attempts."""
        self._ask = ask
        self._headers = headers
        self._attempts = attempts
        self._pause = pause
        self._patience = patience
        self._leaves: dict[str, tuple[Policy, float]] = {}
        self._asking: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def put(self, session: aiohttp.ClientSession, file: Path, model: str, name: str) -> str:
        """Upload `file` for tasks of `model`, as `name`; its ``oss://`` URL. Raises
        `ServiceError`."""
        for attempt in range(1, self._attempts + 1):
            policy = await self._leave(model)
            _check_size(file, policy)
            key = encode.upload_key(policy, name)
            answer = await self._post(session, policy, key, file)
            if isinstance(answer, Reply) and 200 <= answer.status < 300:
                return encode.OSS + key
            self._leaves.pop(model, None)  # it may have expired: "Policy expired" is a 403
            error = _refusal(answer, file)
            hopeless = isinstance(answer, Reply) and answer.status < 500 and attempt > 1
            if hopeless or attempt == self._attempts:
                raise error
            self._patience.failed(policy.host, error.message)
            await self._pause(attempt)
        raise AssertionError("there is at least one attempt")

    async def _leave(self, model: str) -> Policy:
        async with self._asking[model]:
            now = asyncio.get_running_loop().time()
            policy, until = self._leaves.get(model, (None, 0.0))
            if policy is None or until <= now:
                policy = await self._ask(model)
                _check_host(policy)
                self._leaves[model] = policy, now + policy.lifetime - SAFETY_SECONDS
            return policy

    async def _post(
        self, session: aiohttp.ClientSession, policy: Policy, key: str, file: Path
    ) -> Reply | Broken:
        async with entered(_reading(file)) as stream:
            form = aiohttp.FormData()
            for name, value in encode.form_fields(policy, key):
                form.add_field(name, value)
            form.add_field("file", stream, filename=key.rpartition("/")[2])
            with self._patience.waiting(policy.host, f"{file.name} is being uploaded"):
                return await exchange(
                    session,
                    "POST",
                    policy.host,
                    headers=self._headers,
                    data=form,
                    seconds=UPLOAD_SECONDS,
                )


@contextmanager
def _reading(file: Path) -> Iterator[BinaryIO]:
    """`file`, opened when the block is entered, which may take a while on a network's disk."""
    with file.open("rb") as stream:
        yield stream


def _check_host(policy: Policy) -> None:
    """A leave for anywhere but http(s) can never be used: there is no use in asking again."""
    try:
        parts = urlsplit(policy.host)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        sound = False
    if not sound:
        raise ServiceError(
            f"files are to be uploaded to {shorten(policy.host[:60])!r}, which is no http(s) URL",
            verdict=UPLOADS_LEAD_ASTRAY,
        )


def _check_size(file: Path, policy: Policy) -> None:
    size = file.stat().st_size
    if policy.max_bytes is not None and size > policy.max_bytes:
        raise ServiceError(
            f"{file.name} has {size / 2**20:.1f} MB; the service takes "
            f"{policy.max_bytes / 2**20:.0f} MB for this model",
            code="InvalidFile.Size",
        )
    if policy.capacity is not None and size > policy.capacity:
        raise ServiceError(
            f"{file.name} has {size / 2**20:.1f} MB; the account may upload "
            f"{policy.capacity / 2**20:.0f} MB in all",
            verdict=UPLOAD_REFUSED,
        )


def _refusal(answer: Reply | Broken, file: Path) -> ServiceError:
    if isinstance(answer, Broken):
        return Unreachable(f"{file.name} could not be uploaded: {answer.reason}")
    code, words = _storage_error(answer.body)
    return ServiceError(
        f"{file.name} was not taken: {words or 'no reason given'}",
        http_status=answer.status,
        code=code,
        verdict=UPLOAD_REFUSED if answer.status < 500 else None,
    )


def _storage_error(body: bytes) -> tuple[str, str]:
    """Code and message of the storage's XML error; a plain body is its own message."""
    try:
        root = ElementTree.fromstring(body[:10_000])
    except (ElementTree.ParseError, ValueError):
        return "", shorten(body[:2_000].decode("utf-8", "replace"))
    return root.findtext("Code") or "", shorten(root.findtext("Message") or "")
