"""What a take was billed, by what the service says of it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from ledgers import add, new_take
from storyboards import planned, storyboard

from r2vbatch.batch.arranging import planned_row
from r2vbatch.dashscope.model import Usage
from r2vbatch.ledger import Kind, Ledger, TakeRow
from r2vbatch.planning import request
from r2vbatch.take.billing import billed_seconds, cost


def said(total: str | None, taken: str | None = None, made: str | None = None,
         tier: int | None = None) -> Usage:  # fmt: skip
    """A usage of these seconds in all, of references and of the clip."""
    figures = [None if figure is None else Decimal(figure) for figure in (total, taken, made)]
    return Usage(*figures, size=None, tier=tier)


def row(folder: Path, kind: Kind = "live", **shot: Any) -> TakeRow:
    """A take as the plan brings it into a ledger, and the ledger hands it out."""
    (take,) = planned(storyboard({"id": "a", "prompt": "@ellen", **shot})).takes
    ledger = Ledger.open(folder / "ledger.db")
    try:
        return ledger.take(add(ledger, planned_row(kind, take, request(take), "a"))[0])
    finally:
        ledger.close()


@pytest.mark.parametrize(
    ("usage", "shot", "expected"),
    [
        (said("5", tier=720), {}, "0.25"),
        (said("5"), {}, "0.25"),
        (said("5", tier=1080), {}, "0.375"),
        (said("5", tier=720), {"resolution": "1080P"}, "0.25"),
        (said("5", tier=720), {"audio": False}, "0.125"),
        (said("5", tier=480), {}, "0.25"),
        (said("7.5", "2.5", "5"), {}, "0.375"),
        (said(None, "2.5", "5"), {}, "0.375"),
        (said(None, None, "5"), {}, "0.25"),
        (said("0"), {}, "0"),
        (said(None, "2.5"), {}, None),
        (None, {}, None),
    ],
)
def test_the_seconds_and_the_tier_are_the_service_s(
    usage: Usage | None, shot: dict[str, Any], expected: str | None, tmp_path: Path
) -> None:
    """Seconds in all, else of both parts, at the price of the tier that was made, sound as asked;
    nothing is guessed where the service does not say."""
    found = cost(row(tmp_path, **shot), usage)
    assert found == (None if expected is None else Decimal(expected))


def test_a_slate_and_a_take_without_a_price(tmp_path: Path) -> None:
    """One costs nothing, whatever its usage; of the other nobody knows."""
    assert cost(row(tmp_path, "preview"), said("5")) == 0
    ledger = Ledger.open(tmp_path / "ledger.db")
    (key,) = add(ledger, new_take("b_t01", estimate=None, currency=None, per_second={}))
    assert cost(ledger.take(key), said("5", tier=720)) is None
    assert billed_seconds(said("5")) == 5
    ledger.close()


def test_a_price_of_an_older_ledger(tmp_path: Path) -> None:
    """It knows the price that was asked for alone, as a number."""
    ledger = Ledger.open(tmp_path / "ledger.db")
    (key,) = add(ledger, new_take())
    with closing(sqlite3.connect(ledger.path)) as db, db:
        db.execute("UPDATE takes SET per_second = '0.05'")
    assert cost(ledger.take(key), said("5", tier=1080)) == Decimal("0.25")
    ledger.close()
