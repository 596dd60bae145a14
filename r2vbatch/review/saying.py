"""What a person may say of takes on the page, carried into the ledger.

A retake is asked for as the `retake` verb does it: with a yes to the price that was shown. That yes
names the price, so one that was given to an older price is none.
"""

from __future__ import annotations

from typing import Any

from r2vbatch.batch.bill import shown
from r2vbatch.batch.retakes import to_retake
from r2vbatch.errors import UsageProblem
from r2vbatch.ledger import Ledger, State, TakeRow
from r2vbatch.ledger.board import LONGEST_CLIP
from r2vbatch.manifest.model import Money

LONGEST = 20_000
"""Characters of a note."""
_ELSEWHERE = "reload the page: it may have changed meanwhile"


def price(ledger: Ledger, shot: str) -> dict[str, Any]:
    """What another take of a shot would be and cost, to be shown before it is asked for.

    Raises `UsageProblem` for a shot that is not on the board, or has nothing made yet."""
    row = _to_retake(ledger, shot)
    live = row.kind == "live"
    return {
        "shot": shot,
        "kind": row.kind,
        "price": str(_price(row)) if live and row.price else None,
        "words": f"A clip: up to {shown(_price(row))}." if live else "A slate: free.",
    }


def say(ledger: Ledger, said: dict[str, Any]) -> str:
    """Do what `said` says; one sentence about it. Raises `UsageProblem` for what makes no sense."""
    match said:
        case {"do": "circle", "key": int(key), "on": bool(on)}:
            return _circle(ledger, key, on=on)
        case {"do": "note", "key": int(key), "text": str(text), "seconds": seconds}:
            return _note(ledger, key, text.strip(), seconds)
        case {"do": "unnote", "note": int(note)} if any(n.id == note for n in ledger.notes()):
            ledger.remove_note(note)
            return "the note is gone"
        case {"do": "retake", "shot": str(shot), "agreed": (str() | None) as agreed}:
            return _retake(ledger, shot, agreed)
    raise UsageProblem("the page asked for something unknown", hint=_ELSEWHERE)


def _circle(ledger: Ledger, key: int, *, on: bool) -> str:
    row = _take(ledger, key)
    if row.state is not State.DONE:
        raise UsageProblem(f"{row.take} has nothing to watch yet", hint="wait until it is done")
    if on:
        ledger.circle(key)
        return f"{row.take} is the good one"
    ledger.uncircle(key)
    return f"{row.take} is no longer circled"


def _note(ledger: Ledger, key: int, text: str, seconds: Any) -> str:
    row = _take(ledger, key)
    if not text:
        raise UsageProblem("the note is empty", hint="write something, or leave it out")
    if len(text) > LONGEST:
        raise UsageProblem(f"the note is too long: {len(text)} characters of {LONGEST}")
    timed = isinstance(seconds, int | float) and 0 <= seconds <= LONGEST_CLIP
    ledger.add_note(key, text, round(float(seconds), 2) if timed else None)
    return f"noted on {row.take}"


def _retake(ledger: Ledger, shot: str, agreed: str | None) -> str:
    row = _to_retake(ledger, shot)
    price = _price(row)
    if row.kind == "live" and agreed != (str(price) if price else None):
        raise UsageProblem("the price is another one by now", hint="ask again, and look at it")
    ledger.ask_again(shot, row.kind, agreed=price)
    return f"another take of {shot} is asked for: a run that goes on makes it, else the next one"


def _price(row: TakeRow) -> Money | None:
    return row.price if row.kind == "live" else None


def _to_retake(ledger: Ledger, id: str) -> TakeRow:
    for shot in ledger.storyboard():
        if shot.id == id:
            return to_retake(shot)
    raise UsageProblem(f"there is no shot {id!r}", hint=_ELSEWHERE)


def _take(ledger: Ledger, key: int) -> TakeRow:
    """A take that is on the board."""
    for shot in ledger.storyboard():
        for take in shot.takes:
            for row in (take.live, take.preview):
                if row and row.key == key:
                    return row
    raise UsageProblem("there is no such take on the board", hint=_ELSEWHERE)
