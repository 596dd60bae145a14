"""What to do about a take that is not done, in a sentence. Words only, and no path in them: a page
travels."""

from __future__ import annotations

from datetime import UTC, datetime

from r2vbatch.ledger import State, TakeRow

_LIFE = 24 * 3600.0
"""Seconds for which the service keeps a clip."""

_ADVICE = {
    State.PLANNED: "It is not begun. `r2vbatch resume` on this folder goes on.",
    State.SUBMITTING: "The batch that was submitting it will say more; if none is running,"
    " `r2vbatch resume` finds out whether the service heard of it.",
    State.IN_DOUBT: "Nobody knows yet whether the service made it. `r2vbatch resume` looks for it"
    " once more, and sends nothing twice.",
    State.FAILED: "It was not made. Mend what the reason names in the manifest, and run again:"
    " what is done is kept.",
    State.CANCELED: "It was taken back before it was made. Run again to make it.",
    State.EXPIRED: "It was made, and its link died before it was fetched. Making it again is paid"
    " for again, so the next run asks first.",
    State.SKIPPED: "The shot it waits for has no clip. It is made once that one is.",
    State.HELD: "It would go over the budget. Raise `budget:` or `--max-cost`, and run again.",
}


def advice(row: TakeRow) -> str:
    """What a person can do; empty where there is nothing to do. Commands stand in backticks."""
    if row.state in (State.SUBMITTED, State.RUNNING, State.GENERATED, State.FETCHED):
        return _coming(row)
    return _ADVICE.get(row.state, "")


def _coming(row: TakeRow) -> str:
    if row.kind == "preview":
        return "It is being drawn. `r2vbatch resume` goes on if nothing runs."
    begun = row.submitted_at or row.intent_at
    by = f" by {datetime.fromtimestamp(begun + _LIFE, UTC):%Y-%m-%d %H:%M} UTC" if begun else ""
    return (
        "It is at the service, and billed. If no batch is running, fetch it with"
        f" `r2vbatch collect`{by}."
    )
