"""The ledger off the event loop: one thread, calls in the order they are asked for.

A commit waits for the disk; the loop that paces a paid service must not. Calls that come while
the thread is at work, or right after it was, share one transaction: what costs is the commit, not
what is in it. Nobody hears of a step before it is on the disk. Each call is carried out even if
its caller is cancelled: a task id that waits its turn must not be dropped with the coroutine that
brought it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Concatenate, ParamSpec, TypeVar

from r2vbatch.ledger.rows import Transition
from r2vbatch.ledger.store import Ledger

_APART = 0.002
"""Seconds from one commit to the next: a busy batch has few and full ones, and a call that comes
alone does not wait."""

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(slots=True, eq=False)
class _Call:
    """One call of the ledger, and what came of it."""

    make: Callable[[], Any]
    answer: asyncio.Future[Any]
    alone: bool
    result: Any = None
    error: BaseException | None = None

    def tell(self) -> None:
        """Answer the caller; one that was cancelled asks no more."""
        if self.answer.done():
            return
        if self.error is None:
            self.answer.set_result(self.result)
        else:
            self.answer.set_exception(self.error)


class LedgerThread:
    """Awaitable access to a `Ledger`: ``await thread.do(Ledger.move, key, State.DONE)``.

    To be used from one event loop.
    """

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.listener: Callable[[Transition], None] | None = None
        """Told of each committed transition, on the loop, before its caller is."""
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="ledger")
        self._asked: list[_Call] = []
        self._at_work = False
        self._free_at = float("-inf")
        self._happened: list[Transition] = []
        ledger.listener = self._happened.append

    async def do(
        self, method: Callable[Concatenate[Ledger, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Call `method` of the ledger with these arguments, off the loop."""
        loop = asyncio.get_running_loop()
        make = partial(method, self.ledger, *args, **kwargs)
        answer: asyncio.Future[T] = loop.create_future()
        self._asked.append(_Call(make, answer, alone=method is Ledger.checkpoint))
        if not self._at_work:
            self._at_work = True
            self._next(loop)
        return await answer

    def close(self) -> None:
        """Wait for all that was asked for; who asked is answered when the loop goes on."""
        calls = self._taken()
        self._pool.submit(self._carry_out, calls, calls[0].answer.get_loop() if calls else None)
        self._pool.shutdown(wait=True)
        self.ledger.listener = None

    # --- on the loop ---------------------------------------------------------------------

    def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._free_at > loop.time():
            loop.call_at(self._free_at, self._hand_over, loop)
        else:
            self._hand_over(loop)

    def _hand_over(self, loop: asyncio.AbstractEventLoop) -> None:
        if calls := self._taken():
            self._pool.submit(self._carry_out, calls, loop)

    def _taken(self) -> list[_Call]:
        calls, self._asked = self._asked, []
        return calls

    def _tell(
        self,
        calls: Sequence[_Call],
        happened: Sequence[Transition],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        try:
            if self.listener:
                for transition in happened:
                    self.listener(transition)
        finally:
            for call in calls:
                call.tell()
            self._go_on(loop)

    def _go_on(self, loop: asyncio.AbstractEventLoop) -> None:
        self._free_at = loop.time() + _APART
        self._at_work = bool(self._asked)
        if self._asked:
            self._next(loop)

    # --- off the loop --------------------------------------------------------------------

    def _carry_out(
        self, calls: Sequence[_Call], loop: asyncio.AbstractEventLoop | None = None
    ) -> None:
        if len(calls) == 1 or any(call.alone for call in calls) or not self._together(calls):
            for call in calls:
                _apart(call)
        if loop is not None:
            happened = self._happened.copy()
            self._happened.clear()
            loop.call_soon_threadsafe(self._tell, calls, happened, loop)

    def _together(self, calls: Sequence[_Call]) -> bool:
        """Make the calls in one transaction. False where one of them failed: nothing was done,
        and each is to be made by itself, so that its error is its own."""
        begun = False
        try:
            with self.ledger.together():
                begun = True
                for call in calls:
                    call.result = call.make()
        except Exception as error:
            if begun:
                return False
            for call in calls:  # somebody else writes: not to be waited for by each in turn
                call.error = error
        return True


def _apart(call: _Call) -> None:
    try:
        call.result = call.make()
    except BaseException as error:
        call.error = error
