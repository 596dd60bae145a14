"""Blocking work off the event loop, which is somebody else's: a pipeline's, say.

``asyncio.to_thread`` lets a cancelled caller go while its thread works on; whoever then closes
what the thread still uses breaks it. Here the caller waits for the end of what was begun.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager, suppress
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def in_thread(act: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Call `act` in a thread and return what it returns. A cancellation is raised once it has
    ended, however often it is repeated; what `act` raised is dropped then."""
    begun = asyncio.ensure_future(asyncio.to_thread(act, *args, **kwargs))
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
    with ExitStack() as stack:
        value = await in_thread(stack.enter_context, context)
        try:
            yield value
        finally:
            await in_thread(stack.close)
