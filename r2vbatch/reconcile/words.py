"""The reasons, in words a director understands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from r2vbatch.dashscope.model import Listed
from r2vbatch.reconcile.model import For
from r2vbatch.reconcile.moments import Moments
from r2vbatch.reconcile.recognise import Found

ABSENT: Final = "the service has no such task: nothing was made or paid, so it is sent again"
ENOUGH: Final = (
    "sent again three times, each time without an answer, and the service has no such task: "
    "nothing was paid; run again later"
)
NOT_WANTED: Final = "the service has no such task, and the take is no longer wanted"
LEFT_OVER: Final = "the same prompt once more, and no take is missing it: kept, in case we paid"
RESEMBLES: Final = "it may be this take's, which cannot be proven: kept, in case we paid"
TWIN: Final = "another take with the same prompt is being submitted at this moment"
PERHAPS_NEW: Final = (
    "a task that may be this take's may as well be of the take that is being submitted at this "
    "moment"
)
WHOSE: Final = "its task was found, but an older one may be the right one and is still being made"
NO_SENTINEL: Final = (
    "the service lists nothing that would show its list to be whole and up to date, so it cannot "
    "be told whether the take was made: sent again, it may be paid twice"
)
NO_LIST: Final = (
    "the service's task list does not answer, so it cannot be told whether the take was made; "
    "run again when it does"
)
TOO_OLD: Final = (
    "the service has no such task now, but over 23 hours have passed and it forgets tasks after "
    "24; sent again, the take may be paid twice"
)
TOO_LATE: Final = (
    "over 24 hours have passed and the service forgets tasks by then: the take was possibly paid "
    "and lost; sent again, it may be paid twice"
)
OTHER_KEY: Final = (
    "it was submitted with another key, whose tasks this one may not see; run with that key"
)
YES: Final = "sent again as you said; what was asked for before may have been paid and lost"
WAITING: Final = {
    For.GRACE: "the service is given time to list what it may have made",
    For.SECOND: "looking at the service's list once more, to be sure",
    For.SENTINEL: (
        "the service lists nothing that would show its list to be whole and up to date; looking "
        "again later"
    ),
    For.LIST: "the service's task list does not answer; asking again",
}


def adopted(row: Listed, times: Moments, *, wanted: bool) -> str:
    """Why a task is the take's."""
    after = max(0, round((row.created_at - times.begun).total_seconds()))
    where = "" if wanted else "; no longer wanted, so its clip is kept in retired/"
    return (
        f"found at the service: the same prompt, size and length, made {after} s after the take "
        f"was submitted{where}"
    )


def still_made(tasks: Sequence[Found]) -> str:
    """What is waited for before anything can be said."""
    one = len(tasks) == 1
    return (
        f"{'a task' if one else f'{len(tasks)} tasks'} of the same model "
        f"{'is' if one else 'are'} still being made and may be this take's; "
        f"a prompt is shown only at the end"
    )


def near(tasks: Sequence[Found]) -> str:
    """What a person should look at."""
    names = ", ".join(each.row.task_id for each in tasks[:3])
    more = f" and {len(tasks) - 3} more" if len(tasks) > 3 else ""
    return (
        f"task {names}{more} may be this take's, but its prompt or size is not shown as it was "
        "sent, or it never ended; finished ones are kept in retired/: look at them, then say "
        "with --resubmit-in-doubt if none is it"
    )


def other_endpoint(endpoint: str) -> str:
    """Why a run elsewhere may not send it again."""
    return f"it was submitted at {endpoint}, so only a run there may send it again"
