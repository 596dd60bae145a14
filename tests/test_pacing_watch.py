"""Many watchers, one timer: who is woken when, and what is left behind."""

from __future__ import annotations

import asyncio
import time

from hypothesis import given
from hypothesis import strategies as st

from r2vbatch.pacing import QueryPlan, Watch
from r2vbatch.pacing.queries import FIRST_LOOK


def test_tasks_of_which_nothing_is_known_take_turns() -> None:
    """Of 300 running tasks, the one unasked for longest is due first, each of the others later."""
    plan = QueryPlan()
    for number in range(300):
        plan.add(str(number), 0.0)
    for number in range(300):
        plan.asked(str(number), 100.0 + number)
    due = [plan.next_at(str(number), 400.0) for number in range(300)]
    assert due == sorted(due)
    assert len(set(due)) == 300


def test_a_newcomer_is_asked_for_soon_whoever_else_waits() -> None:
    """Whether it runs at all is known within a second, though its elders are asked more rarely."""
    plan = QueryPlan()
    for number in range(5):
        plan.add(str(number), 0.0)
        plan.asked(str(number), 50.0 + number)
    plan.add("new", 55.0)
    assert plan.next_at("new", 55.0) == 55.0 + FIRST_LOOK
    assert min(plan.next_at(str(number), 55.0) for number in range(5)) > 56.0


NOTES = st.lists(
    st.tuples(
        st.sampled_from(["asked", "pending", "running", "unknown", "ended"]), st.integers(0, 9)
    ),
    max_size=30,
)


@given(NOTES)
def test_what_is_noted_is_never_overlooked(notes: list[tuple[str, int]]) -> None:
    """A plan that is asked for times after each note says what one says that never was."""
    curious, incurious = QueryPlan(), QueryPlan()
    for plan in (curious, incurious):
        for number in range(10):
            plan.add(str(number), 0.1 * number)
    for now, (note, number) in enumerate(notes, 2):
        for plan in (curious, incurious):
            if str(number) in plan:
                getattr(plan, note)(str(number), float(now))
        for task in map(str, range(10)):
            if task in curious:
                curious.next_at(task, float(now))
    left = [str(number) for number in range(10) if str(number) in curious]
    assert [curious.next_at(t, 99.0) for t in left] == [incurious.next_at(t, 99.0) for t in left]


def test_a_cancelled_watcher_leaves_the_others_their_turns() -> None:
    """Cancelled when due, with news before it hears of it: the next one is still asked for."""

    async def story() -> None:
        plan, now = QueryPlan(), asyncio.get_running_loop().time()
        watch = Watch(plan)
        for name in ("a", "b"):
            plan.add(name, now)
        turns = {name: asyncio.create_task(watch.turn(name)) for name in ("a", "b")}
        await asyncio.sleep(0)
        time.sleep(FIRST_LOOK + 0.01)  # nobody can be woken meanwhile
        turns["a"].cancel()
        watch.news()
        async with asyncio.timeout(5):
            await turns["b"]
        await asyncio.wait(turns.values())
        assert turns["a"].cancelled()

    asyncio.run(story())
