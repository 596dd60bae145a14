"""The endpoints of a run, opened: clients, and for a preview the emulator behind one.

A preview runs through the very same client as a live batch, against an emulator of the service
on a loopback port: a child process that dies with this one.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path

from r2vbatch.catalogue import Catalogue
from r2vbatch.dashscope.client import Client, Reader
from r2vbatch.dashscope.key import Key, find_key
from r2vbatch.dashscope.patience import Patience
from r2vbatch.dashscope.regions import Endpoint, find_endpoint, is_loopback
from r2vbatch.emulator import process
from r2vbatch.emulator.models import MODELS
from r2vbatch.emulator.options import Options
from r2vbatch.errors import UsageProblem
from r2vbatch.pacing import Gate, RateLog
from r2vbatch.threads import entered

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


def likes_of(catalogue: Catalogue) -> tuple[str, ...]:
    """The models of `catalogue` that a preview does not know by itself, as
    `emulator.Options.likes`: a user's own are like what they are made from, any other is like the
    first one whose requests have the same form."""
    known = [catalogue.models[name] for name in MODELS if name in catalogue.models]
    alike = {model.naming.field: model.name for model in reversed(known)}
    return tuple(
        f"{model.name}={model.like or alike[model.naming.field]}"
        for model in catalogue.models.values()
        if model.like or model.name not in MODELS
    )


class Doors:
    """The ways to the service, one for each place at which tasks of the folder were made: a task
    is only asked for where it was made."""

    def __init__(self, readers: Mapping[str, Reader]) -> None:
        self._readers = readers

    def reader(self, base_url: str | None) -> Reader | None:
        """The reader for `base_url`; None where the key must not go."""
        return self._readers.get(base_url or "")

    @property
    def all(self) -> Sequence[Reader]:
        """Every reader; there is at least one."""
        return list(self._readers.values())


@asynccontextmanager
async def client_of(
    endpoint: Endpoint,
    key: Key,
    *,
    zone: timedelta | None,
    rate: float,
    patience: Patience | None = None,
    likes: Sequence[str] = (),
) -> AsyncIterator[Client]:
    """A client of the endpoint for the length of the block; of a preview, with its emulator.

    `zone`: of its printed times, where it is known; `rate`: queries a second; `patience` tells a
    person of long waits. `likes`: models that a preview should know, ``NAME=LIKE``.
    """
    async with AsyncExitStack() as stack:
        if endpoint.kind == "preview":
            unlimited = Options(
                submits_per_second=None, queries_per_second=None, likes=tuple(likes)
            )
            child = await stack.enter_async_context(entered(process.start(unlimited)))
            endpoint = endpoint.at(child.base_url)
        client = Client(endpoint, key, offset=zone, gate=_gate(rate), patience=patience)
        yield await stack.enter_async_context(client)


def reader_of(
    base_url: str,
    key: Key,
    *,
    zone: timedelta | None,
    rate: float,
    patience: Patience | None = None,
) -> Reader:
    """A reader, which cannot submit, for tasks made at `base_url`."""
    endpoint = find_endpoint(base_url)
    return Reader(endpoint, key, offset=zone, gate=_gate(rate), patience=patience)


def _gate(rate: float) -> Gate:
    return Gate(RateLog(rate, per=1.0))
