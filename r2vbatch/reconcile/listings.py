"""The task list: which window to ask for, and whether its pages add up to a whole.

The service reads a window's times in a zone that nobody documents (UTC+8 in Beijing, perhaps
UTC elsewhere), and the rows' own times are epoch milliseconds. So a window is right only if it
holds what is sought under both readings. Asking without times is right everywhere, and shows more
sentinels; a window is for accounts whose day fills too many pages.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from r2vbatch.dashscope.model import Listed, TaskPage
from r2vbatch.reconcile.model import Intent, Listing
from r2vbatch.reconcile.moments import MARGIN, TASK_LIFE, moments

_ZONES: Final = timedelta(hours=8)
_SENTINELS: Final = 5
"""One known task alone may have been answered too late to be dated well."""


class Window(NamedTuple):
    """Times to ask for; to be written in UTC (an offset of zero)."""

    start: datetime
    end: datetime


def window(
    intents: Iterable[Intent], known: Iterable[datetime | None], now: datetime, clock_offset: float
) -> Window | None:
    """A window that shows every task of `intents` and the newest few of the `known` ones, to have
    a sentinel, whether the service reads it in UTC or in UTC+8; with room for a clock that is
    measured a little differently next time.

    None when no window of 24 h does: ask without times then.
    """
    zero = timedelta(0)
    opens = [moments(intent, clock_offset, zero, now).opens - MARGIN for intent in intents]
    past = sorted(at for at in known if at is not None and at <= now)
    opens.extend(at - MARGIN for at in past[-_SENTINELS:])
    start, end = min(opens, default=now), now + MARGIN + _ZONES
    return Window(start, end) if end - start < TASK_LIFE else None


def listing(
    pages: Sequence[TaskPage], began: datetime, ended: datetime, since: datetime | None = None
) -> Listing:
    """The pages of one reading of the list, in the order asked for; none when it failed.

    `began` and `ended` on the service's clock, `since` the start of the window, if any. A row may
    stand on two pages (tasks created meanwhile push it on); fewer rows than the first page
    promised means that some were skipped.
    """
    rows: dict[str, Listed] = {row.task_id: row for page in pages for row in page.tasks}
    complete = (
        bool(pages)
        and [page.page for page in pages] == list(range(1, len(pages) + 1))
        and pages[-1].pages <= len(pages)
        and len(rows) >= pages[0].total
    )
    return Listing(began, ended, tuple(rows.values()), complete, since)
