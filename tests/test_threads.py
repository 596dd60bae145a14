"""Work in threads: whoever is cancelled waits for the end of what was begun."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from r2vbatch.threads import entered, in_thread


def test_a_cancellation_waits_for_the_thread() -> None:
    """However often it is repeated; and is raised then."""
    begun, go, ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        go.wait(30)
        ended.set()

    async def story() -> None:
        task = asyncio.create_task(in_thread(work))
        await asyncio.to_thread(begun.wait, 30)
        for _ in range(3):
            task.cancel()
            await asyncio.sleep(0)
            assert not task.done()
        go.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert ended.is_set()

    asyncio.run(story())


def test_what_it_raises_is_raised() -> None:
    """As from any call."""
    with pytest.raises(ZeroDivisionError):
        asyncio.run(in_thread(divmod, 1, 0))


def test_a_context_is_left_however_its_block_ends() -> None:
    """Also one that was entered while its caller was being cancelled."""
    begun, go = threading.Event(), threading.Event()
    steps: list[str] = []

    @contextmanager
    def context() -> Iterator[int]:
        begun.set()
        go.wait(30)
        steps.append("in")
        try:
            yield 7
        finally:
            steps.append("out")

    async def block() -> None:
        async with entered(context()) as value:
            assert value == 7
            raise ZeroDivisionError

    async def story() -> None:
        task = asyncio.create_task(block())
        await asyncio.to_thread(begun.wait, 30)
        task.cancel()
        go.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert steps == ["in", "out"]
        with pytest.raises(ZeroDivisionError):
            await block()
        assert steps == ["in", "out"] * 2

    asyncio.run(story())
