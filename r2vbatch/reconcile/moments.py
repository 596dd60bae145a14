"""When an intent's POST began and ended, on the service's clock, and how long to wait.

Our clock may be minutes off, and may be put right between two runs; so each intent keeps the
difference that was measured with it, and everything is compared on the service's clock. An
intent without one is dated with today's difference, and with twenty minutes' doubt either way.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from r2vbatch.reconcile.model import Facts, Intent

MARGIN: Final = timedelta(minutes=2)
"""So long before its intent a take's task may seem to have been created."""
OFF: Final = timedelta(minutes=20)
"""How far wrong an intent may be dated where nobody measured our clock then: it may have been ten
minutes off one way, and now be so the other."""
RESEND_UNTIL: Final = timedelta(hours=23)
"""Older intents are never sent again by themselves: what they made may be leaving the list."""
TASK_LIFE: Final = timedelta(hours=24)
"""For so long the service knows a task."""
PATIENCE: Final = timedelta(hours=3)
"""So long a task may take."""
_GRACE: Final = timedelta(seconds=300)
_SECOND: Final = timedelta(seconds=30)
_SENTINEL: Final = timedelta(minutes=10)
_BREATH: Final = timedelta(seconds=5)
_FIRST_RETRY: Final = timedelta(seconds=30)
_LONGEST_RETRY: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Moments:
    """One intent's times, on the service's clock."""

    begun: datetime
    opens: datetime
    """No task created before can be the take's."""
    ended: datetime
    """No later than this, unless a crash hid it; then it is the start of this run."""


def service_time(ours: float, offset: float) -> datetime:
    """Seconds since 1970 on our clock, as a moment on the service's (`offset`: it minus ours)."""
    return datetime.fromtimestamp(ours, UTC) + timedelta(seconds=offset)


def moments(intent: Intent, clock_offset: float, grace: timedelta, start_up: datetime) -> Moments:
    """The times of `intent`; `clock_offset` is today's, for an intent that kept none."""
    measured = intent.clock_offset is not None
    offset = intent.clock_offset if intent.clock_offset is not None else clock_offset
    begun = service_time(intent.intent_at, offset)
    opens = begun - MARGIN - (timedelta(0) if measured else OFF)
    if intent.post_ended_at is None:
        ended = start_up
    else:
        ended = service_time(intent.post_ended_at, offset)
        ended += timedelta(0) if measured else scaled(OFF, grace)
    return Moments(begun, opens, max(begun, ended))


def age(intent: Intent, facts: Facts) -> timedelta:
    """How long ago the intent was."""
    return facts.now - moments(intent, facts.clock_offset, facts.grace, facts.start_up).begun


def scaled(wait: timedelta, grace: timedelta) -> timedelta:
    """A wait, in the measure of a grace other than the usual one."""
    return wait * (grace / _GRACE)


def second_after(grace: timedelta) -> timedelta:
    """How long after the first listing the second is taken."""
    return min(_SECOND, grace)


def sentinel_after(grace: timedelta) -> timedelta:
    """How long a list without a sentinel is given to show one."""
    return scaled(_SENTINEL, grace)


def breath(grace: timedelta) -> timedelta:
    """How long there is between any two listings."""
    return scaled(_BREATH, grace)


def retry_after(failures: int, grace: timedelta) -> timedelta:
    """How long after so many failed listings in a row the next one is taken."""
    return scaled(min(_FIRST_RETRY * 2 ** min(failures - 1, 10), _LONGEST_RETRY), grace)
