"""What time it is, on one clock that never steps while the program runs.

A machine's time may be put right, or wrong, in the middle of a batch. What is recorded of a submit
is compared with what the service says, so its moment and the measured difference to the
service's clock must be of one clock: the machine's time when the program began, carried on by
a clock that only goes forward, through the machine's sleep as well where there is such a clock.

This room refuses to know what time it is at the service.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime


def _ticks() -> float:
    """Seconds since some moment, never fewer than before."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)  # Linux: goes on while the machine sleeps
    return time.monotonic() if boot is None else time.clock_gettime(boot)


_BEGAN = time.time() - _ticks()


def now() -> float:
    """Seconds since 1970, as far as the machine knew when the program began."""
    return _BEGAN + _ticks()


def utc_now() -> datetime:
    """The same as an aware time."""
    return datetime.fromtimestamp(now(), UTC)
