"""The ledger: tables, the legal transitions, choices, exports. All SQL is in `sql` and `tables`."""

from r2vbatch.ledger.board import BoardShot, BoardTake, Note, Retake
from r2vbatch.ledger.choices import NothingToRetake
from r2vbatch.ledger.rows import (
    Known,
    KnownTask,
    Move,
    NewTake,
    Purse,
    Standing,
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
    "BoardShot",
    "BoardTake",
    "IllegalTransition",
    "Kind",
    "Known",
    "KnownTask",
    "Ledger",
    "LedgerThread",
    "Move",
    "NewTake",
    "Note",
    "NothingToRetake",
    "Purse",
    "Retake",
    "Standing",
    "State",
    "TakeRow",
    "TaskTaken",
    "Transition",
    "UploadKey",
    "legal",
]
