"""Who may submit, and when: on a loop whose clock jumps to the next thing that happens."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Awaitable, Callable, Coroutine
from itertools import pairwise
from typing import Any

import pytest

from r2vbatch.dashscope.model import Status
from r2vbatch.pacing import Change, Throttle, Window
from r2vbatch.take.posting import Posting
from r2vbatch.take.slots import Slots
from r2vbatch.take.stop import Stop


class JumpingSelector(selectors.SelectSelector):
    """Where another would sleep, this one moves the clock of its loop."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        """Never waits; nothing here comes from outside."""
        self.now += timeout or 0.0
        return super().select(0)


class JumpingLoop(asyncio.SelectorEventLoop):
    """An event loop on that clock."""

    def __init__(self) -> None:
        self._jumping = JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Seconds since the loop was made, as far as anything waited for them."""
        return self._jumping.now


def on_jumping_clock(main: Coroutine[Any, Any, None]) -> None:
    """Run to the end, at once."""
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        runner.run(main)


def now() -> float:
    """The loop's clock, to the millisecond."""
    return round(asyncio.get_running_loop().time(), 3)


class Desk:
    """Slots over a real window, and the notes that were taken."""

    def __init__(
        self,
        level: int = 5,
        rate: float = 1000.0,
        listed: Callable[[], Awaitable[object]] | None = None,
        scale: float = 1.0,
    ) -> None:
        self.changes: list[Change] = []
        self.lists: list[float] = []
        self.stop = Stop()
        self._answer = listed
        self.posting = Posting(listed=self._listed, scale=scale)
        self.stop.heard = self.posting.news
        self.slots = Slots(Window(level, rate), self.posting, note=self._note)

    async def _listed(self) -> None:
        self.lists.append(now())
        if self._answer:
            await self._answer()

    async def _note(self, change: Change) -> None:
        self.changes.append(change)

    async def post(self, task_id: str | None = None, takes: float = 0.0) -> float:
        """One POST, answered with a task id or not at all; when its turn came."""
        async with self.slots.turn(self.stop):
            began = now()
            await asyncio.sleep(takes)
            if task_id:
                await self.slots.accepted(task_id)
            else:
                self.posting.unsure()
        return began


def test_posts_go_one_at_a_time_and_in_order() -> None:
    """However many takes are ready, the next POST waits for the end of the one before."""

    async def main() -> None:
        desk = Desk()
        turns = await asyncio.gather(*(desk.post(f"t{n}", takes=2.0) for n in range(3)))
        assert turns == [0.0, 2.0, 4.0]
        assert desk.slots.in_flight == 3

    on_jumping_clock(main())


def test_after_doubt_the_next_post_waits_ever_longer() -> None:
    """A list call is answered first, then 5 s, 1, 5, 10 and again 10 minutes pass; a task id
    ends it (design 6.2)."""

    async def main() -> None:
        desk = Desk()
        turns = [await desk.post() for _ in range(6)]
        gaps = [after - before for before, after in pairwise(turns)]
        assert gaps == [5.0, 60.0, 300.0, 600.0, 600.0]
        assert len(desk.lists) == 5
        last = now()
        assert await desk.post("t1") == last + 600.0
        assert await desk.post("t2") == last + 600.0
        assert len(desk.lists) == 6

    on_jumping_clock(main())


def test_a_list_call_that_is_never_answered_is_waited_for_a_minute() -> None:
    """Then the next POST goes all the same, after its five seconds; all of it scales with the
    grace that was asked for."""

    async def main(scale: float) -> None:
        desk = Desk(listed=asyncio.Event().wait, scale=scale)
        await desk.post()
        assert await desk.post("t") == pytest.approx(65.0 * scale)

    on_jumping_clock(main(1.0))
    on_jumping_clock(main(0.01))


def test_a_full_window_is_waited_for() -> None:
    """The next POST goes when a task ends; one that was taken up from an earlier run counts."""

    async def main() -> None:
        desk = Desk(level=2)
        desk.slots.taken_up("old")
        await desk.post("t1")
        asyncio.get_running_loop().call_later(30.0, desk.slots.ended, "old")
        assert await desk.post("t2") == 30.0
        assert desk.slots.in_flight == 2

    on_jumping_clock(main())


def test_doubt_counts_in_no_window() -> None:
    """An unanswered POST holds no slot (design 6.8)."""

    async def main() -> None:
        desk = Desk(level=1)
        await desk.post()
        assert desk.slots.in_flight == 0
        assert desk.slots.open
        assert await desk.post("t1") == 5.0

    on_jumping_clock(main())


def test_the_rate_is_kept() -> None:
    """No more than the window's submits a second."""

    async def main() -> None:
        desk = Desk(level=100, rate=2.0)
        turns = [await desk.post(f"t{n}") for n in range(6)]
        assert all(later - first >= 1.0 for first, later in zip(turns, turns[2:], strict=False))

    on_jumping_clock(main())


def test_a_stop_ends_every_wait() -> None:
    """For the window, after doubt, or for a list call: the turn is given at once, for the caller
    to see that nothing is to be submitted, and is not counted."""

    async def stopped(desk: Desk) -> None:
        asyncio.get_running_loop().call_later(1.0, desk.stop.now, "interrupted")
        async with desk.slots.turn(desk.stop):
            assert desk.stop.submitting
            assert now() <= 66.0

    async def main() -> None:
        full = Desk(level=1)
        full.slots.taken_up("old")
        await stopped(full)
        assert now() == 1.0
        doubtful = Desk()
        await doubtful.post()
        await stopped(doubtful)
        assert now() == 2.0

    on_jumping_clock(main())


def test_starting_and_finishing_hold_back_new_takes() -> None:
    """Two takes may be getting ready at once; when fetching falls far behind, submitting waits."""

    async def main() -> None:
        desk = Desk(level=5)
        async with desk.slots.starting():
            assert desk.slots.open
            async with desk.slots.starting():
                assert not desk.slots.open
            assert desk.slots.open
        behind = [desk.slots.finishing() for _ in range(2 * 5 + 8)]
        for one in behind:
            assert desk.slots.open
            await one.__aenter__()
        assert not desk.slots.open
        await behind[0].__aexit__(None, None, None)
        assert desk.slots.open

    on_jumping_clock(main())


def test_quiet_waits_for_the_post_under_way() -> None:
    """An interrupted run lets it end."""

    async def main() -> None:
        desk = Desk()
        post = asyncio.create_task(desk.post("t", takes=3.0))
        await asyncio.sleep(1.0)
        await desk.posting.quiet()
        assert now() == 3.0
        assert await post == 0.0

    on_jumping_clock(main())


def test_waiting_for_news_or_the_stop() -> None:
    """Whatever comes first wakes the runner, and nothing is left running behind it."""

    async def main() -> None:
        desk = Desk()
        loop = asyncio.get_running_loop()
        loop.call_later(2.0, desk.posting.news)
        loop.call_later(5.0, desk.stop.now, "enough")
        await desk.posting.next_news.wait()
        assert now() == 2.0
        await desk.posting.next_news.wait()
        assert now() == 5.0
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    on_jumping_clock(main())


def test_changes_of_the_window_are_noted() -> None:
    """A refused level, and a queue at the service, each leave a note with its reason."""

    async def main() -> None:
        desk = Desk(level=5)
        for n in range(4):
            await desk.post(f"t{n}")
        await desk.slots.throttled(Throttle.CONCURRENCY, None)
        assert desk.slots.window.level == 4
        assert [change.after for change in desk.changes][-1] == 4
        assert all(change.reason for change in desk.changes)
        await desk.slots.seen("nobody's", Status.PENDING, 100.0)

    on_jumping_clock(main())


def test_the_first_reason_to_stop_is_kept() -> None:
    """What came first explains the rest."""

    async def main() -> None:
        stop = Stop()
        assert not stop.submitting
        stop.now("arrears", "pay the bill", refused=True)
        stop.now("interrupted")
        assert (stop.reason, stop.hint, stop.refused) == ("arrears", "pay the bill", True)
        await stop.pause(1000.0)
        assert now() == 0.0

    on_jumping_clock(main())
