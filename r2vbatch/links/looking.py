"""Looks into links: asks for one piece after another until what is here tells what it is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import BinaryIO, Final, cast

import aiohttp

from r2vbatch.dashscope.faults import LinkRefused
from r2vbatch.dashscope.patience import host_of
from r2vbatch.dashscope.transport import open_session, reason_of
from r2vbatch.links.asking import Asking, Refused
from r2vbatch.links.model import Look
from r2vbatch.media import FileFacts, head
from r2vbatch.threads import in_thread

LOOK_SECONDS: Final = 30.0
"""For one link, at most."""
_AT_ONCE: Final = 8
_A = {"image": "an image", "video": "a video", "audio": "a recording"}


async def look_into(urls: Iterable[str], seconds: float = LOOK_SECONDS) -> dict[str, Look]:
    """What each http(s) link leads to; each is asked for once, in at most `seconds`. Never raises
    for what a host does."""
    slots = asyncio.Semaphore(_AT_ONCE)
    async with open_session() as session, asyncio.TaskGroup() as group:
        looking = {
            url: group.create_task(_look(session, url, slots, seconds), name=f"look {number}")
            for number, url in enumerate(dict.fromkeys(urls), 1)
        }
    return {url: task.result() for url, task in looking.items()}


async def _look(
    session: aiohttp.ClientSession, url: str, slots: asyncio.Semaphore, seconds: float
) -> Look:
    async with slots:
        try:
            async with asyncio.timeout(seconds):
                return await _measured(session, url)
        except Refused as refused:
            return refused.look
        except LinkRefused as refused:
            return Look(None, f"cannot be had: {refused.message}")
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            # a name or a port that is not there will not be there for the service either
            passing = not isinstance(error, aiohttp.ClientConnectorError)
            hint = "try again, or open the link in a browser"
            return Look(None, f"cannot be had: {reason_of(error, url)}", hint, passing)


async def _measured(session: aiohttp.ClientSession, url: str) -> Look:
    async with Asking(session, url) as asking:
        await asking.begin()
        while True:
            asking.pieces.rewind()
            pieces = cast(BinaryIO, asking.pieces)
            facts = await in_thread(head, pieces, asking.pieces.size)
            if asking.pieces.missing is None:
                return _judged(facts, asking.type, host_of(url))
            await asking.more(asking.pieces.missing)


def _judged(facts: FileFacts, called: str, host: str) -> Look:
    """What was measured, held against what the host calls it."""
    if not facts.bytes:
        return Look(None, "is empty", "open the link in a browser")
    if facts.kind is None:
        said = f"; {host} calls it {called}" if called else ""
        hint = "open the link in a browser: it may lead to a page, and not to the file"
        return Look(None, f"is neither an image, a video nor a recording{said}", hint)
    if called.partition("/")[0] in {*_A, "text"} - {facts.kind}:
        problem = f"is {_A[facts.kind]}, but {host} calls it {called}"
        hint = f"have it served as {facts.kind}/…: the service may go by that"
        return Look(facts, problem, hint, passing=True)
    return Look(facts)
