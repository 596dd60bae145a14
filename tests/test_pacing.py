"""Pacing: rates, windows and questions, as pure rules and against a simulated service."""

from __future__ import annotations

import asyncio
import heapq
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r2vbatch.pacing import Gate, QueryPlan, RateLog, Throttle, Watch, Window, backoff

# --- rates ---------------------------------------------------------------------------------

ARRIVALS = st.lists(st.floats(0, 5, allow_nan=False), max_size=60)


@given(ARRIVALS, st.sampled_from([0.2, 0.5, 1, 2, 5, 10]))
def test_no_window_of_time_holds_more_calls_than_the_limit(gaps: list[float], limit: float) -> None:
    """However calls arrive, any 1.1 s hold at most the limit; under 1, they stand apart."""
    log, now, sent = RateLog(limit), 0.0, []
    for gap in gaps:
        now += gap
        now += log.delay(now)
        assert log.delay(now) <= 1e-9
        log.note(now)
        sent.append(now)
    most, span = max(1, int(limit)), 1.1 / min(1.0, limit)
    assert all(late - early >= span - 1e-6 for early, late in zip(sent, sent[most:], strict=False))


def test_a_rate_that_is_not_used_up_does_not_wait() -> None:
    """Five at once may go, the sixth waits until the first is 1.1 s old."""
    log = RateLog(5)
    for _ in range(5):
        assert log.delay(100.0) == 0
        log.note(100.0)
    assert log.delay(100.5) == pytest.approx(0.6)


@given(st.integers(1, 10_000), st.integers())
def test_backoff_doubles_up_to_its_cap_and_leaves_half_to_chance(attempt: int, seed: int) -> None:
    """Every wait lies between half of the doubled base and all of it, and never above the cap."""
    wait = backoff(attempt, base=0.5, cap=30.0, rng=random.Random(seed))
    full = min(30.0, 0.5 * 2.0 ** min(attempt - 1, 60))
    assert full / 2 <= wait <= full


# --- the window ----------------------------------------------------------------------------


def test_a_service_that_queues_is_kept_two_ahead() -> None:
    """PENDING seen: two more are submitted, and the reason is told."""
    window = Window(5)
    assert window.room(5) == 0
    (change,) = window.on_queued(10.0, in_flight=5, running=5)
    assert (change.what, change.after) == ("ahead", 2)
    assert change.reason
    assert window.room(5) == 2
    assert window.on_queued(11.0, in_flight=7, running=5) == []


def test_a_refused_level_is_not_tried_again_soon() -> None:
    """Grown to six, refused with five in flight: back to five, no queueing ahead, no growth."""
    window = Window(5)
    window.on_accepted(1.0, 5)
    window.on_all_running(2.0, 5)
    assert window.room(5) == 1
    window.on_throttled(Throttle.CONCURRENCY, 3.0, 5)
    assert (window.in_flight, window.ahead, window.room(5)) == (5, 0, 0)
    assert window.on_all_running(10.0, 5) == window.on_queued(10.0, 5, 4)[1:] == []


def test_a_slot_not_yet_counted_out_does_not_cost_a_slot_for_good() -> None:
    """Refused below a level that held, the window waits a moment; refused thrice, it believes."""
    window = Window(5)
    window.on_accepted(1.0, 5)
    for now in (2.0, 4.0):
        window.on_throttled(Throttle.CONCURRENCY, now, 4)
        assert window.in_flight == 5
        assert window.delay(now) > 0
    window.on_throttled(Throttle.CONCURRENCY, 6.0, 4)
    assert window.in_flight == 4


def test_it_grows_only_when_full_and_all_of_it_runs() -> None:
    """A window that is not full does not grow, nor one with a bound, nor one in trouble."""
    assert Window(5).on_all_running(1.0, 4) == []
    assert Window(5, most=5).on_all_running(1.0, 5) == []
    troubled = Window(5)
    troubled.on_server_error(1.0)
    assert troubled.on_all_running(2.0, 5) == []
    assert [c.after for c in troubled.on_all_running(100.0, 5)] == [6]


@pytest.mark.parametrize("kind", [Throttle.RATE, Throttle.BURST])
def test_a_refused_rate_is_lowered_and_comes_back(kind: Throttle) -> None:
    """RateQuota and BurstRate halve the rate; a minute without refusals doubles it again."""
    window = Window(5, submits_per_second=4)
    window.on_throttled(kind, 1.0, 3)
    assert window.rate.limit == 2
    assert window.on_accepted(30.0, 3) == []
    assert [c.after for c in window.on_accepted(70.0, 4)] == [4]
    assert window.on_accepted(200.0, 4) == []


def test_retry_after_is_honoured() -> None:
    """What the service asks to wait is waited, by every kind of refusal."""
    for kind in Throttle:
        window = Window(5)
        window.on_throttled(kind, 10.0, 5, retry_after=17.0)
        assert window.delay(10.0) == pytest.approx(17.0)
    window = Window(5)
    window.on_server_error(10.0, retry_after=9.0)
    assert window.delay(11.0) == pytest.approx(8.0)


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["accepted", "throttled", "error", "queued", "running"]),
        st.sampled_from(list(Throttle)),
        st.integers(0, 12),
        st.floats(0, 200),
    ),
    max_size=60,
)


@given(EVENTS)
def test_whatever_is_seen_the_window_stays_open_and_says_what_it_did(
    events: list[tuple[str, Throttle, int, float]],
) -> None:
    """At least one take may always be in flight, no pause is for ever, each change has a reason
    and follows from the value before it."""
    window, now = Window(5), 0.0
    for what, kind, count, gap in events:
        now += gap
        before = {"in_flight": window.in_flight, "ahead": window.ahead, "rate": window.rate.limit}
        changes = {
            "accepted": lambda now=now, n=count: window.on_accepted(now, n),
            "throttled": lambda now=now, n=count, k=kind: window.on_throttled(k, now, n),
            "error": lambda now=now: window.on_server_error(now),
            "queued": lambda now=now, n=count: window.on_queued(now, n, max(0, n - 1)),
            "running": lambda now=now, n=count: window.on_all_running(now, n),
        }[what]()
        after = {"in_flight": window.in_flight, "ahead": window.ahead, "rate": window.rate.limit}
        moved = {name for name in before if before[name] != after[name]}
        assert moved == {change.what for change in changes} - {"pause"}
        assert all(change.reason and change.before != change.after for change in changes)
        assert window.level >= 1
        assert window.rate.limit > 0
        assert window.delay(now) <= 120.0


# --- a simulated service -------------------------------------------------------------------


@dataclass
class Outcome:
    """What a simulated batch came to, in seconds and questions."""

    makespan: float
    ideal: float
    questions: list[float] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    refusals: int = 0

    @property
    def rate(self) -> float:
        return len(self.questions) / self.makespan

    @property
    def mean_delay(self) -> float:
        return sum(self.delays) / len(self.delays)


class Slots:
    """A service that works on `slots` tasks at once, in order of submission."""

    def __init__(self, slots: int, *, queues: bool) -> None:
        self.slots, self.queues = slots, queues
        self.busy: list[float] = []
        self.ends: list[float] = []

    def submit(self, now: float, run: float) -> tuple[float, float] | None:
        """Start and end of the new task; None when it is refused."""
        if not self.queues and sum(end > now for end in self.ends) >= self.slots:
            return None
        start = now if len(self.busy) < self.slots else max(now, heapq.heappop(self.busy))
        heapq.heappush(self.busy, start + run)
        self.ends.append(start + run)
        return start, start + run


TRIP = 0.02
"""Seconds that each call takes."""


def simulate(runs: Sequence[float], slots: int, *, queues: bool, budget: float = 10.0) -> Outcome:
    """The batch as its rules would run it, on a clock of its own."""
    ideal = Slots(slots, queues=True)
    out = Outcome(0.0, max(end for _, end in (ideal.submit(0.0, r) or (0, 0) for r in runs)))
    service, plan, window = Slots(slots, queues=queues), QueryPlan(budget), Window(5)
    gate, left, now = RateLog(budget, per=1.0), list(reversed(runs)), 0.0
    life: dict[str, tuple[float, float, float]] = {}
    running: set[str] = set()
    while left or life:
        due = {task: plan.next_at(task, now) for task in life}
        task = min(due, key=lambda t: due[t]) if due else None
        may = now + window.delay(now) if left and window.room(len(life)) else float("inf")
        assert task is not None or may < float("inf"), "the batch stands still"
        if task is None or may <= max(due[task], now + gate.delay(now)):
            now = max(now, may)
            window.on_submit(now)
            now += TRIP
            times = service.submit(now, left[-1])
            if times is None:
                out.refusals += 1
                window.on_throttled(Throttle.CONCURRENCY, now, len(life))
                continue
            name = f"t{len(left)}"
            left.pop()
            life[name] = (now, *times)
            plan.add(name, now)
            window.on_accepted(now, len(life))
            continue
        now = max(now + gate.delay(now), due[task])
        plan.asked(task, now)
        gate.note(now)
        out.questions.append(now)
        submitted, start, end = life[task]
        if now >= end:
            out.delays.append(now - end)
            del life[task]
            running.discard(task)
            plan.ended(task, now, end - start)
            out.makespan = now
        elif now >= start:
            running.add(task)
            plan.running(task, now, now - start)
            if len(running) == len(life):
                window.on_all_running(now, len(life))
        else:
            plan.pending(task, now)
            if now - submitted >= 3.0:
                window.on_queued(now, len(life), len(running))
    return out


SEEDS = range(5)


@pytest.mark.parametrize("seed", SEEDS)
def test_twenty_takes_of_a_minute_cost_few_questions(seed: int) -> None:
    """5 slots, 60 s each: at most 0.5 questions a second, seen soon, within 1.02 of ideal."""
    dice = random.Random(seed)
    out = simulate([60 + dice.uniform(-0.3, 0.3) for _ in range(20)], 5, queues=True)
    assert out.rate <= 0.5
    assert out.mean_delay <= 1.5
    assert out.makespan <= 1.02 * out.ideal


@pytest.mark.parametrize("seed", SEEDS)
def test_sixty_short_takes_keep_every_slot_busy(seed: int) -> None:
    """5 slots, 2-4 s each, a service that queues: within 1.05 of the ideal schedule."""
    dice = random.Random(seed)
    out = simulate([dice.uniform(2, 4) for _ in range(60)], 5, queues=True)
    assert out.makespan <= 1.05 * out.ideal
    assert out.mean_delay <= 0.25


@pytest.mark.parametrize("seed", SEEDS)
def test_sixty_short_takes_where_the_sixth_is_refused(seed: int) -> None:
    """The same where the service refuses what it cannot run: within 1.10, with few refusals."""
    dice = random.Random(seed)
    out = simulate([dice.uniform(2, 4) for _ in range(60)], 5, queues=False)
    assert out.makespan <= 1.10 * out.ideal
    assert out.refusals <= 6


@pytest.mark.parametrize("seed", SEEDS)
def test_an_account_with_more_slots_is_used(seed: int) -> None:
    """Twelve slots where five are published: the window finds most of them by itself."""
    dice = random.Random(seed)
    out = simulate([dice.uniform(20, 30) for _ in range(120)], 12, queues=True)
    assert out.makespan <= 1.2 * out.ideal


@settings(max_examples=60)
@given(
    st.lists(st.floats(0.0, 300.0), min_size=1, max_size=25),
    st.integers(1, 12),
    st.booleans(),
    st.sampled_from([0.5, 2.0, 10.0]),
)
def test_every_batch_ends_and_keeps_its_budget_of_questions(
    runs: list[float], slots: int, queues: bool, budget: float
) -> None:
    """Whatever the run times, each task is found, and no second holds more than the budget."""
    out = simulate(runs, slots, queues=queues, budget=budget)
    assert len(out.delays) == len(runs)
    most = max(1, int(budget))
    spans = zip(out.questions, out.questions[most:], strict=False)
    assert all(late - early >= 1.0 - 1e-6 for early, late in spans)
    # A run time unlike all others is noticed late: at worst when it was due by the others.
    assert max(out.delays) <= max(runs) + 16.0 + len(runs) / budget * 2


def test_a_task_nobody_knows_is_asked_for_ever_more_rarely() -> None:
    """UNKNOWN answers double the silence, up to five minutes; one real answer ends it."""
    plan, now, waits = QueryPlan(), 0.0, []
    plan.add("t", now)
    for _ in range(10):
        plan.asked("t", now)
        plan.unknown("t", now)
        waits.append(plan.next_at("t", now) - now)
        now += waits[-1]
    assert waits[:4] == [5.0, 10.0, 20.0, 40.0]
    assert waits[-1] == 300.0
    plan.asked("t", now)
    plan.running("t", now, 10.0)
    assert plan.next_at("t", now) - now <= 15.0


def test_a_task_taken_up_again_is_asked_for_soon() -> None:
    """A task from an earlier run, already running for long, does not wait for its age again."""
    plan = QueryPlan()
    plan.add("t", 1000.0, running_for=500.0)
    assert plan.next_at("t", 1000.0) <= 1031.0


# --- waiting -------------------------------------------------------------------------------


def test_a_gate_lets_callers_through_in_order_and_in_time() -> None:
    """Four callers at two in 0.1 s: the last passes no earlier than one window after the first."""

    async def story() -> None:
        gate, passed = Gate(RateLog(2, per=0.1)), []
        clock = asyncio.get_running_loop().time

        async def call(number: int) -> None:
            await gate()
            passed.append((number, clock()))

        await asyncio.gather(*(call(n) for n in range(4)))
        assert [number for number, _ in passed] == [0, 1, 2, 3]
        assert passed[2][1] - passed[0][1] >= 0.099

    asyncio.run(story())


def test_news_of_one_task_wakes_the_watcher_of_another() -> None:
    """A watcher asleep for minutes is up at once when an end tells it that its task may be next."""

    async def story() -> None:
        plan, now = QueryPlan(), asyncio.get_running_loop().time()
        watch = Watch(plan)
        plan.add("a", now, running_for=600.0)
        plan.add("b", now, running_for=0.0)
        plan.add("c", now, running_for=0.0)
        plan.ended("a", now, 600.0)
        turn = asyncio.create_task(watch.turn("b"))
        await asyncio.sleep(0)
        assert plan.next_at("b", now) >= now + 300
        plan.ended("c", now, 0.001)
        watch.news()
        async with asyncio.timeout(5):
            await turn

    asyncio.run(story())
