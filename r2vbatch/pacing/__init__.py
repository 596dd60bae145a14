"""How fast, how many at once, and when to look: pure rules, given a clock.

Times are seconds on any one clock that only moves forward. `rate` bounds calls by the second,
`window` what is in flight, `queries` decides when a task is worth asking for, and `waiting` is
the thin asyncio layer over them. This package refuses to know what is being paced.
"""

from __future__ import annotations

from r2vbatch.pacing.queries import QueryPlan
from r2vbatch.pacing.rate import RateLog, backoff
from r2vbatch.pacing.waiting import Gate, Watch
from r2vbatch.pacing.window import Change, Throttle, Window

__all__ = [
    "Change",
    "Gate",
    "QueryPlan",
    "RateLog",
    "Throttle",
    "Watch",
    "Window",
    "backoff",
]
