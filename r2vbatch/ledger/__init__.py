"""The ledger: tables, the legal transitions, exports. Every SQL statement is in `sql`."""

from r2vbatch.ledger.rows import (
    Known,
    KnownTask,
    Move,
    NewTake,
    Purse,
    TakeRow,
    Transition,
    UploadKey,
)
from r2vbatch.ledger.states import (
    ASK_AGAIN,
    AT_SERVICE,
    ENDED,
    OPEN,
    PAID,
    TO_FETCH,
    Kind,
    State,
    legal,
)
from r2vbatch.ledger.store import IllegalTransition, Ledger, TaskTaken
from r2vbatch.ledger.thread import LedgerThread

__all__ = [
    "ASK_AGAIN",
    "AT_SERVICE",
    "ENDED",
    "OPEN",
    "PAID",
    "TO_FETCH",
    "IllegalTransition",
    "Kind",
    "Known",
    "KnownTask",
    "Ledger",
    "LedgerThread",
    "Move",
    "NewTake",
    "Purse",
    "State",
    "TakeRow",
    "TaskTaken",
    "Transition",
    "UploadKey",
    "legal",
]
