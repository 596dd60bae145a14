"""How many takes may be in flight, and how fast they may be submitted (design 7).

One window per model and account. It starts where the published limits are and follows what the
service does: queueing lets it keep two ahead, refusing pins it to the last level that held,
running everything lets it grow. Each change is handed back as a `Change` with its reason, for
the ledger. Pure: no clock, no tasks, no asyncio.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from r2vbatch.pacing.rate import RateLog

AHEAD: Final = 2
"""Takes kept queued at the service so that no slot waits to be noticed."""
QUIET: Final = 60.0
"""Seconds without a refusal after which a lowered rate, or a found ceiling, is tried again; the
service says its rate limits clear within a minute."""
CEILING_LIFE: Final = 120.0
"""Seconds for which a refused level is not tried again; a trial costs one refusal, no money."""
RECOUNT: Final = 1.0
"""Seconds to give the service to notice that one of its tasks has ended."""
SLOWEST: Final = 0.1
LONGEST_PAUSE: Final = 120.0


class Throttle(StrEnum):
    """The kinds of "too much" the service tells apart."""

    RATE = "rate"
    BURST = "burst"
    CONCURRENCY = "concurrency"
    ALLOCATION = "allocation"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Change:
    """One adjustment: what was set from which value to which, and why, in words."""

    what: str
    """``in_flight``, ``ahead``, ``rate`` or ``pause``."""
    before: float
    after: float
    reason: str


class Window:
    """Decides when the next submit may go. The caller says what it sees."""

    def __init__(
        self,
        in_flight: int = 5,
        submits_per_second: float = 5.0,
        *,
        most: int | None = None,
    ) -> None:
        """`most` is a hard bound on takes in flight; None lets the window find its own."""
        self.in_flight = in_flight
        """What the service is believed to work on at once."""
        self.ahead = 0
        """How many more are kept queued there."""
        self.rate = RateLog(submits_per_second)
        self._full_rate = submits_per_second
        self._most = most
        self._paused_until = float("-inf")
        self._troubles = 0
        self._trouble_at = float("-inf")
        self._ceiling: int | None = None
        self._ceiling_at = float("-inf")
        self._held = 0
        self._refusals = 0

    @property
    def level(self) -> int:
        """How many takes may be in flight now."""
        level = self.in_flight + self.ahead
        return level if self._most is None else min(level, self._most)

    def room(self, in_flight: int) -> int:
        """How many more takes the window has room for."""
        return max(0, self.level - in_flight)

    def delay(self, now: float) -> float:
        """Seconds until the next submit may go, as far as rate and pauses are concerned."""
        return max(0.0, self._paused_until - now, self.rate.delay(now))

    def on_submit(self, now: float) -> None:
        """A submit goes out now."""
        self.rate.note(now)

    def on_accepted(self, now: float, in_flight: int) -> list[Change]:
        """The service took a submit, the last of `in_flight` that are there now."""
        self._troubles = self._refusals = 0
        self._held = max(self._held, in_flight)
        quiet = now - self._trouble_at >= QUIET
        if self.rate.limit >= self._full_rate or not quiet:
            return []
        self._trouble_at = now
        return self._set_rate(min(self._full_rate, self.rate.limit * 2), "no refusal for a while")

    def on_throttled(
        self, kind: Throttle, now: float, in_flight: int, retry_after: float | None = None
    ) -> list[Change]:
        """The service refused a submit while `in_flight` others were there."""
        changes: list[Change] = []
        if kind is Throttle.CONCURRENCY:
            changes += self._pin(now, in_flight)
            if retry_after is not None:
                changes += self._pause(now, retry_after, "the service asked to wait")
            elif in_flight == 0:
                changes += self._trouble(now, None, "refused with nothing of ours in flight")
            return changes
        if kind is not Throttle.ALLOCATION and now - self._trouble_at > 1.0:
            slower = max(SLOWEST, self.rate.limit / 2)
            changes += self._set_rate(slower, f"the service refused the rate ({kind})")
        return changes + self._trouble(now, retry_after, f"throttled ({kind})")

    def on_server_error(self, now: float, retry_after: float | None = None) -> list[Change]:
        """The service failed (5xx): growth stops for a while, and submits pause."""
        return self._trouble(now, retry_after, "the service has a problem of its own")

    def on_queued(self, now: float, in_flight: int, running: int) -> list[Change]:
        """Of `in_flight` takes, `running` run and one is seen PENDING well after its submit:
        the service queues, so two more are kept ahead. Not while a refusal is remembered."""
        changes = []
        if running and running < self.in_flight <= in_flight:
            changes += self._set_in_flight(running, f"{running} run and the rest wait there")
        if self._ceiling is None and self.ahead < AHEAD:
            changes.append(Change("ahead", self.ahead, AHEAD, "the service queues"))
            self.ahead = AHEAD
        return changes

    def on_all_running(self, now: float, in_flight: int) -> list[Change]:
        """Every take in flight is seen RUNNING: grow by one, if the window was really full."""
        held = self._ceiling is not None and now - self._ceiling_at < CEILING_LIFE
        troubled = now - self._trouble_at < QUIET
        bounded = self._most is not None and self.in_flight >= self._most
        if in_flight < self.level or held or troubled or bounded:
            return []
        self._ceiling = None
        return self._set_in_flight(self.in_flight + 1, "full, and all of it running")

    def _pin(self, now: float, in_flight: int) -> list[Change]:
        """To the last level that held. Where more were held before, the service may only not
        have counted one out yet: it is given a moment, twice, before it is believed."""
        held = max(1, in_flight)
        self._refusals += 1
        if held < self._held and self._refusals <= 2:
            return self._pause(now, RECOUNT, f"refused below the {self._held} that were held")
        self._held = self._ceiling = held
        self._ceiling_at = now
        changes = []
        if self.ahead:
            changes.append(Change("ahead", self.ahead, 0, "the service refuses, not queues"))
            self.ahead = 0
        return changes + self._set_in_flight(held, f"refused beyond {held} in flight")

    def _trouble(self, now: float, retry_after: float | None, reason: str) -> list[Change]:
        self._troubles += 1
        self._trouble_at = now
        growing = min(LONGEST_PAUSE, 2.0 ** min(self._troubles - 1, 10))
        return self._pause(now, growing if retry_after is None else retry_after, reason)

    def _pause(self, now: float, seconds: float, reason: str) -> list[Change]:
        before = max(0.0, self._paused_until - now)
        if seconds <= before:
            return []
        self._paused_until = now + seconds
        return [Change("pause", round(before, 3), round(seconds, 3), reason)]

    def _set_in_flight(self, value: int, reason: str) -> list[Change]:
        before, self.in_flight = self.in_flight, value
        return [Change("in_flight", before, value, reason)] if before != value else []

    def _set_rate(self, value: float, reason: str) -> list[Change]:
        before, self.rate.limit = self.rate.limit, value
        return [Change("rate", before, value, reason)] if before != value else []
