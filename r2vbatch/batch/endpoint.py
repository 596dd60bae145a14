"""The endpoints of a run, opened: clients, and for a preview the emulator behind one.

A preview runs through the very same client as a live batch, against an emulator of the service
on a loopback port: a child process that dies with this one.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path

from r2vbatch.dashscope.client import Client, Reader
from r2vbatch.dashscope.key import Key, find_key
from r2vbatch.dashscope.regions import Endpoint, find_endpoint, is_loopback
from r2vbatch.emulator import process
from r2vbatch.emulator.options import Options
from r2vbatch.errors import UsageProblem
from r2vbatch.pacing import Gate, RateLog

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


class Doors:
    """The ways to the service: one where takes are made now, and a reading one to every other
    place at which tasks of the folder were made. A task is only asked for where it was made."""

    def __init__(self, client: Client, readers: Mapping[str, Reader]) -> None:
        self.client = client
        self._readers = readers

    def reader(self, base_url: str | None) -> Reader | None:
        """A reader for `base_url`; None where the key must not go."""
        if base_url is None or base_url == self.client.endpoint.base_url:
            return self.client
        return self._readers.get(base_url)

    @property
    def all(self) -> Sequence[Reader]:
        """Every reader, the client first."""
        return [self.client, *self._readers.values()]


@asynccontextmanager
async def doors(
    endpoint: Endpoint,
    key: Key,
    others: Iterable[str],
    *,
    zones: Mapping[str, timedelta],
    rate: float,
) -> AsyncIterator[Doors]:
    """The endpoint and the `others` (base URLs), open for the length of the block.

    `zones`: the zone of an endpoint's printed times, by base URL, where it is known; `rate`:
    queries a second, at each of them.
    """
    async with AsyncExitStack() as stack:
        if endpoint.kind == "preview":
            unlimited = Options(submits_per_second=None, queries_per_second=None)
            endpoint = endpoint.at(stack.enter_context(process.start(unlimited)).base_url)
        client = Client(endpoint, key, offset=zones.get(endpoint.base_url), gate=_gate(rate))
        readers = {
            url: Reader(find_endpoint(url), key, offset=zones.get(url), gate=_gate(rate))
            for url in others
        }
        for reader in (client, *readers.values()):
            await stack.enter_async_context(reader)
        yield Doors(client, readers)


def _gate(rate: float) -> Gate:
    return Gate(RateLog(rate, per=1.0))
