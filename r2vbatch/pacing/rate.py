"""At most N calls in any window of time; and how long to wait before trying again.

A sliding log and not a bucket: services count by the second, and a bucket lets a burst through
that straddles two of theirs. Pure; the caller brings the clock and the dice.
"""

from __future__ import annotations

import random
from collections import deque


class RateLog:
    """A sliding log: at most `limit` calls in any `per` seconds.

    A `limit` under 1 means one call in ``per / limit`` seconds. 1.1 s rather than one, since
    calls that leave a second apart may arrive closer together.
    """

    def __init__(self, limit: float, per: float = 1.1) -> None:
        if limit <= 0 or per <= 0:
            raise ValueError("a rate is more than nothing")
        self._per = per
        self._log: deque[float] = deque()
        self.limit = limit

    def delay(self, now: float) -> float:
        """Seconds until the next call may go; 0 when it may go now."""
        most, span = max(1, int(self.limit)), self._per / min(1.0, self.limit)
        if len(self._log) < most:
            return 0.0
        return max(0.0, self._log[-most] + span - now)

    def note(self, now: float) -> None:
        """A call goes out now."""
        self._log.append(now)
        span = self._per / min(1.0, self.limit)
        while self._log and self._log[0] <= now - span:
            self._log.popleft()


def backoff(
    attempt: int, *, base: float = 0.5, cap: float = 30.0, rng: random.Random | None = None
) -> float:
    """Seconds to wait before attempt `attempt` + 1 (`attempt` counts from 1).

    Doubles from `base` up to `cap`, then half of it is left to chance, so that calls that failed
    together do not come back together.
    """
    full = min(cap, base * 2.0 ** min(attempt - 1, 60))
    return full * (0.5 + (rng or _dice).random() / 2)


_dice = random.Random()
