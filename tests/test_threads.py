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


def test_a_loop_that_ends_waits_for_the_thread() -> None:
    """`asyncio.run` cancels every task that is left when its program is through, ours included:
    what a caller closes then is used by nobody any more."""
    begun, go, ended = threading.Event(), threading.Event(), threading.Event()
    in_time: list[bool] = []

    def work() -> None:
        begun.set()
        go.wait(30)
        ended.set()

    async def caller() -> None:
        try:
            await in_thread(work)
        finally:
            in_time.append(ended.is_set())

    async def slowly() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            for _ in range(9):
                await asyncio.sleep(0)
            go.set()

    async def story() -> None:
        left = asyncio.create_task(caller()), asyncio.create_task(slowly())
        await asyncio.to_thread(begun.wait, 30)
        assert not any(task.done() for task in left)

    asyncio.run(story())
    assert in_time == [True]


def test_what_it_raises_is_raised() -> None:
    """As from any call."""
    with pytest.raises(ZeroDivisionError):
        asyncio.run(in_thread(divmod, 1, 0))


def test_a_context_is_left_however_its_block_ends() -> None:
    """Also one that was entered while its caller was being cancelled; never on the loop, which has
    other things to do."""
    begun, go = threading.Event(), threading.Event()
    steps: list[str] = []
    here = threading.current_thread()

    @contextmanager
    def context() -> Iterator[int]:
        begun.set()
        go.wait(30)
        steps.append("in")
        try:
            yield 7
        finally:
            steps.append("out" if threading.current_thread() is not here else "out, on the loop")

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
