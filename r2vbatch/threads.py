"""Blocking work off the event loop, which is somebody else's: a pipeline's, say.

``asyncio.to_thread`` lets a cancelled caller go while its thread works on; whoever then closes
what the thread still uses breaks it. Here the caller waits for the end of what was begun.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager, suppress
from functools import partial
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def in_thread(act: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Call `act` in a thread and return what it returns. A cancellation is raised once it has
    ended, however often it is repeated; what `act` raised is dropped then."""
    call = partial(contextvars.copy_context().run, act, *args, **kwargs)
    # no task: `asyncio.run` cancels every task that is left, and would let go of the thread
    return await to_its_end(asyncio.get_running_loop().run_in_executor(None, call))


async def to_its_end(begun: asyncio.Future[T]) -> T:
    """What `begun` returns or raises. A cancellation does not reach it, and is raised once it has
    ended; what `begun` raised is dropped then."""
    try:
        return await asyncio.shield(begun)
    except asyncio.CancelledError:
        await ended(begun)
        raise


async def ended(task: asyncio.Future[T]) -> None:
    """Wait for the end of `task`, whatever it is. A cancellation does not hasten it, nor is it
    raised: it is for a caller that has one to raise already."""
    while not task.done():
        with suppress(asyncio.CancelledError):
            await asyncio.wait([task])
    if not task.cancelled():
        task.exception()  # looked at, so that asyncio does not complain


@asynccontextmanager
async def entered(context: AbstractContextManager[T]) -> AsyncIterator[T]:
    """The block inside `context`, which is entered and left in a thread."""
    stack = ExitStack()
    try:
        yield await in_thread(stack.enter_context, context)
    finally:
        await in_thread(stack.close)  # also where it was entered for a caller who was cancelled
