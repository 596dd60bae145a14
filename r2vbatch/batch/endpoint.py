"""The endpoint of a run, opened: a client, and for a preview the emulator behind it.

A preview runs through the very same client as a live batch, against an emulator of the service
on a loopback port: a child process that dies with this one.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path

from r2vbatch.dashscope.client import Client
from r2vbatch.dashscope.key import Key, find_key
from r2vbatch.dashscope.regions import Endpoint, is_loopback
from r2vbatch.emulator import process
from r2vbatch.emulator.options import Options
from r2vbatch.errors import UsageProblem

_PREVIEW_KEY = "sk-preview"


def key_for(endpoint: Endpoint) -> Key:
    """The key to reach `endpoint` with. Raises `UsageProblem` when there is none.

    A preview, and an emulator on loopback without a key at hand, take any.
    """
    if endpoint.kind == "preview":
        return Key(_PREVIEW_KEY)
    key = find_key(os.environ, Path.home())
    if key is None and is_loopback(endpoint.base_url):
        return Key(_PREVIEW_KEY)
    if key is None:
        raise UsageProblem(
            f"{endpoint.name} needs an API key, and there is none",
            hint="set DASHSCOPE_API_KEY, or put the key into ~/.dashscope/api_key",
        )
    return key


@asynccontextmanager
async def connected(
    endpoint: Endpoint,
    key: Key,
    *,
    offset: timedelta | None,
    gate: Callable[[], Awaitable[None]],
) -> AsyncIterator[Client]:
    """A client of the endpoint, for the length of the block."""
    async with AsyncExitStack() as stack:
        if endpoint.kind == "preview":
            unlimited = Options(submits_per_second=None, queries_per_second=None)
            endpoint = endpoint.at(stack.enter_context(process.start(unlimited)).base_url)
        yield await stack.enter_async_context(Client(endpoint, key, offset=offset, gate=gate))
