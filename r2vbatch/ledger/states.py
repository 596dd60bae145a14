"""The states of a take and the legal ways between them. Pure.

::

    planned -> submitting -> submitted -> running -> generated -> fetched -> done
                  \\-> in_doubt            \\-> failed | canceled | expired
    skipped (a predecessor ended badly) · held (over the budget)

Every other room asks here; the ledger enforces it inside each transaction.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

Kind = Literal["preview", "live"]


class State(StrEnum):
    """Where a take stands."""

    PLANNED = "planned"
    SUBMITTING = "submitting"
    """The intent to submit is on disk; whether the service heard of it is not known yet."""
    IN_DOUBT = "in_doubt"
    """A submit ended without an answer that settles whether a task was created."""
    SUBMITTED = "submitted"
    RUNNING = "running"
    GENERATED = "generated"
    """The service has the finished video; its link dies in 24 h."""
    FETCHED = "fetched"
    """The whole file is here, in a part file, not yet verified."""
    DONE = "done"
    FAILED = "failed"
    CANCELED = "canceled"
    EXPIRED = "expired"
    """Possibly paid and lost: the task or its link died before the clip was fetched."""
    SKIPPED = "skipped"
    HELD = "held"


S = State

_FORWARD: dict[State, frozenset[State]] = {
    # failed before any submit: one of its references was refused, or has changed on disk
    S.PLANNED: frozenset({S.SUBMITTING, S.SKIPPED, S.HELD, S.FAILED}),
    # back to planned: refused or never sent, so nothing was created
    S.SUBMITTING: frozenset({S.SUBMITTED, S.PLANNED, S.IN_DOUBT, S.FAILED}),
    # adopted | proven absent | absent again after the last resend
    S.IN_DOUBT: frozenset({S.SUBMITTED, S.PLANNED, S.FAILED}),
    S.SUBMITTED: frozenset({S.RUNNING, S.GENERATED, S.FAILED, S.CANCELED, S.EXPIRED}),
    S.RUNNING: frozenset({S.GENERATED, S.FAILED, S.CANCELED, S.EXPIRED}),
    # done: a file that had gone is back
    S.GENERATED: frozenset({S.FETCHED, S.EXPIRED, S.DONE}),
    # back to generated: cut short or undecodable, so it is fetched again, never bought again
    S.FETCHED: frozenset({S.DONE, S.GENERATED}),
    # the file has gone
    S.DONE: frozenset({S.GENERATED}),
    S.FAILED: frozenset({S.PLANNED}),
    S.CANCELED: frozenset({S.PLANNED}),
    S.EXPIRED: frozenset({S.PLANNED, S.DONE}),
    S.SKIPPED: frozenset({S.PLANNED}),
    S.HELD: frozenset({S.PLANNED}),
}

ENDED = frozenset({S.DONE, S.FAILED, S.CANCELED, S.EXPIRED, S.SKIPPED})
"""Nothing more happens to the take in this run."""

AT_SERVICE = frozenset({S.SUBMITTED, S.RUNNING})
"""A task is queued or being made."""

OPEN = frozenset({S.SUBMITTING, S.IN_DOUBT, *AT_SERVICE})
"""What it costs is not known yet: its price is set aside."""

TO_FETCH = frozenset({S.GENERATED, S.FETCHED})
"""Paid for, not safely here yet."""

WITHOUT_ITS_FILE: dict[Kind, State] = {"preview": S.PLANNED, "live": S.GENERATED}
"""Where a done take stands whose file has gone: a slate is drawn again, a clip fetched."""

PAID = frozenset({*OPEN, *TO_FETCH, S.DONE, S.EXPIRED})
"""Money may have been spent on it: counted in the budget, never forgotten."""

ASK_AGAIN = frozenset({S.FAILED, S.CANCELED, S.EXPIRED, S.SKIPPED, S.HELD})
"""Planned again by the next run (an expired one only with a yes)."""


NOT_BEGUN = ASK_AGAIN | {S.PLANNED}
"""Nothing was made of it so far: a run that comes makes it."""


def legal(kind: Kind, before: State, after: State) -> bool:
    """Whether a take of `kind` may go from `before` to `after`.

    A slate costs nothing, so a preview take may return to planned from anywhere.
    """
    if kind == "preview" and after is S.PLANNED:
        return before is not S.PLANNED
    return after in _FORWARD[before]
