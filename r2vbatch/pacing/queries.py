"""When to ask for a task: seldom while it cannot be ready, often once it may be.

What this batch has learned about run times decides. Until the first task of a group has ended,
its running tasks are asked in turn, one question for all of them, ever more slowly; from then on
each is left alone until shortly before the shortest known run time. Queued tasks are expected
to start when another one ends.

Pure: times are seconds on one clock; `next_at` answers, the other methods only note.
"""

from __future__ import annotations

from bisect import insort
from collections import deque
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Final

FLOOR: Final = 0.2
"""Seconds between two questions for one task, at the least."""
SLOWEST: Final = 15.0
"""Seconds between two questions for a running task, at the most (the documented interval)."""
FIRST_LOOK: Final = 0.25
GROWTH: Final = 0.09
"""Of a task's age: how far apart the questions are while nothing is known."""
JUST_AFTER: Final = 0.05
MEMORY: Final = 40
"""Run times remembered for each group."""
LONGEST_SILENCE: Final = 300.0
"""Seconds: no task is left unasked for longer, whatever the service's times made us expect."""
QUEUE_LOOK: Final = 5.0


class RunTimes:
    """The latest run times of one group of tasks, in seconds."""

    def __init__(self) -> None:
        self._recent: deque[float] = deque()
        self._sorted: list[float] = []

    def __len__(self) -> int:
        return len(self._sorted)

    def learn(self, seconds: float) -> None:
        """One more task ended after `seconds` of running."""
        self._recent.append(seconds)
        insort(self._sorted, seconds)
        if len(self._recent) > MEMORY:
            self._sorted.remove(self._recent.popleft())

    @property
    def earliest(self) -> float:
        """From what age a task may be ready: a little under the shortest known."""
        return self._sorted[0] * (1 - 0.1 / (1 + len(self)))

    @property
    def step(self) -> float:
        """How far apart to ask while a task may be ready."""
        spread = self._sorted[-1] - self._sorted[0]
        median = self._sorted[len(self) // 2]
        return min(SLOWEST, max(FLOOR, spread / 8, median / 60))

    @property
    def longest(self) -> float:
        """The longest known run time."""
        return self._sorted[-1]


@dataclass(slots=True)
class Watched:
    """What is known of one task."""

    group: Hashable
    number: int
    """In order of submission."""
    submitted: float
    started: float
    """When it began to run, or is thought to have."""
    asked: float | None = None
    queued: bool = False
    """Last seen PENDING, and no task has ended since that could have let it start."""
    silences: int = 0
    """How many UNKNOWN answers in a row."""
    watchers: int = 1

    @property
    def unasked_since(self) -> tuple[float, int]:
        """What orders tasks by how long they have not been asked for."""
        return (self.submitted if self.asked is None else self.asked, self.number)


class _Round:
    """The running tasks of a group taking turns, the longest unasked first."""

    def __init__(self, running: Iterable[Watched]) -> None:
        peers = sorted(running, key=lambda watched: watched.unasked_since)
        self.turns = {watched.number: turn for turn, watched in enumerate(peers)}
        self.oldest = min(watched.started for watched in peers)


class QueryPlan:
    """Decides when each task is asked for next.

    A service may give one task id to two takes: a task is watched until the last of its watchers
    has gone, and news of a task that nobody watches is no news.
    """

    def __init__(self, budget: float = 10.0) -> None:
        """`budget`: questions a second that all tasks together may take (half the quota). The
        gate before the calls keeps it; here no two questions are closer than it would let them.
        """
        self._floor = max(FLOOR, 1 / budget)
        self._tasks: dict[str, Watched] = {}
        self._times: dict[Hashable, RunTimes] = {}
        self._last_scout: dict[Hashable, float] = {}
        self._freed: dict[Hashable, float] = {}
        self._rounds: dict[Hashable, _Round] = {}
        self._count = 0

    def __contains__(self, task: str) -> bool:
        return task in self._tasks

    def __len__(self) -> int:
        return len(self._tasks)

    def add(
        self, task: str, now: float, *, group: Hashable = None, running_for: float | None = None
    ) -> None:
        """Watch `task`, submitted now. `group`: what shares its run times (model, size, length).
        `running_for`: seconds it is known to have run (a task taken up from an earlier run)."""
        if task in self._tasks:
            self._tasks[task].watchers += 1
            return
        started = now - max(0.0, running_for or 0.0)
        self._count += 1
        self._tasks[task] = Watched(group, self._count, now, started)
        self._rounds.clear()
        self._times.setdefault(group, RunTimes())

    def asked(self, task: str, now: float) -> None:
        """A question for `task` goes out now."""
        if (watched := self._tasks.get(task)) is None:
            return
        watched.asked = now
        self._rounds.clear()
        self._last_scout[watched.group] = now

    def pending(self, task: str, now: float) -> None:
        """The answer: still queued."""
        if (watched := self._tasks.get(task)) is None:
            return
        watched.queued, watched.started, watched.silences = True, now, 0
        self._rounds.clear()

    def running(self, task: str, now: float, running_for: float | None = None) -> None:
        """The answer: running, for so many seconds as far as the service says."""
        if (watched := self._tasks.get(task)) is None:
            return
        if running_for is not None:
            watched.started = now - max(0.0, running_for)
        if watched.queued:
            self._freed[watched.group] = watched.started
        watched.queued, watched.silences = False, 0
        self._rounds.clear()

    def unknown(self, task: str, now: float) -> None:
        """The answer: no such task. Asked again, ever more rarely."""
        if (watched := self._tasks.get(task)) is None:
            return
        watched.silences += 1
        self._rounds.clear()

    def ended(self, task: str, now: float, ran_for: float | None = None) -> None:
        """The task has ended (or is no longer watched), `now`; after so long a run, if known.

        Its slot goes to the task that has been queued for longest.
        """
        if (watched := self._tasks.get(task)) is None:
            return
        watched.watchers -= 1
        if watched.watchers:
            return
        del self._tasks[task]
        self._rounds.clear()
        if ran_for is not None and ran_for >= 0:
            self._times[watched.group].learn(ran_for)
        queued = [other for other in self._tasks.values() if other.queued]
        if queued:
            heir = min(queued, key=lambda other: other.number)
            heir.queued, heir.started = False, now

    def next_at(self, task: str, now: float) -> float:
        """When `task` should be asked for next; now or earlier means at once."""
        if (watched := self._tasks.get(task)) is None:
            return now
        last = watched.asked
        if watched.silences:
            wait = min(LONGEST_SILENCE, QUEUE_LOOK * 2.0 ** min(watched.silences - 1, 10))
            return (last if last is not None else now) + wait
        due = self._due(watched)
        return due if last is None else max(due, last + self._floor)

    def _due(self, watched: Watched) -> float:
        times = self._times[watched.group]
        since = watched.submitted if watched.asked is None else watched.asked
        if watched.queued:
            patience = times.earliest if times else since - watched.submitted
            return since + min(SLOWEST, max(QUEUE_LOOK if times else 2.0, patience))
        if not times:
            return self._scout(watched)
        return self._expect(watched, times)

    def _scout(self, watched: Watched) -> float:
        """Nothing is known: the group's running tasks take turns, the longest unasked first.

        All of them keep the pace of the oldest, so that newcomers do not crowd it out; only the
        first question, whether it runs at all, comes soon, for the window grows by the answer. And
        where a queued task was seen to have started, one of its elders must have ended.
        """
        asked = watched.unasked_since
        if watched.started < self._freed.get(watched.group, watched.started) > asked[0]:
            return asked[0]
        around = self._round(watched.group)
        last = self._last_scout.get(watched.group, around.oldest)
        if watched.asked is None:
            return max(watched.started + FIRST_LOOK, last + self._floor)
        interval = min(SLOWEST, max(self._floor, GROWTH * (last - around.oldest)))
        turn = around.turns[watched.number]
        return max(watched.started + FIRST_LOOK, last + interval * (1 + turn))

    def _round(self, group: Hashable) -> _Round:
        """Put together once after each note, and not for each task that asks about it."""
        if group not in self._rounds:
            self._rounds[group] = _Round(
                other
                for other in self._tasks.values()
                if other.group == group and not other.queued and not other.silences
            )
        return self._rounds[group]

    def _expect(self, watched: Watched, times: RunTimes) -> float:
        """Run times are known: first just before the shortest, then in steps; the step that
        comes near the longest goes just past it, and beyond it they grow."""
        earliest = watched.started + times.earliest
        if watched.asked is None or watched.asked < earliest:
            since = watched.submitted if watched.asked is None else watched.asked
            return min(earliest, since + LONGEST_SILENCE)
        age, step = watched.asked - watched.started, times.step
        left = times.longest + JUST_AFTER - age
        if left <= 0:
            step = min(SLOWEST, step - GROWTH * left)
        elif step / 2 <= left <= 2 * step:
            step = left
        return watched.asked + step
