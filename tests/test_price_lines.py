"""What is said of a price before anything is spent, as whole texts."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from storyboards import planned, storyboard

from r2vbatch.batch.bill import draw_up
from r2vbatch.batch.matching import match
from r2vbatch.batch.settings import Options, settle
from r2vbatch.cli.price import price_lines, table
from r2vbatch.ledger import Known, Purse, State
from r2vbatch.manifest.model import Money
from r2vbatch.planning import Asked, with_retakes

WAVES = {"id": "a", "prompt": "@ellen waves."}
DANCES = {"id": "b", "prompt": "@bunny dances with @ellen, ${lens}.",
          "vary": {"lens": ["wide", "close"]}}  # fmt: skip
LARGE = {"resolution": "1080P"}
LINK = {"id": "c", "prompt": "character1", "references": ["https://h.example/v.mp4?Signature=s"]}


def purse(spent: str, aside: str, currency: str = "USD") -> Purse:
    """Money in a folder."""
    return Purse(Money(Decimal(spent), currency), Money(Decimal(aside), currency))


def said(
    *shots: dict[str, Any], endpoint: str = "singapore", done: Sequence[str] = (),
    purses: Sequence[Purse] = (), prices: str | None = None, asked: int = 0, **keys: Any,
) -> list[str]:  # fmt: skip
    """The table of takes and the lines below it; takes named in `done` are on disk, and
    `asked` more of the first shot are asked for."""
    plan = planned(storyboard(*shots, endpoint=endpoint, **keys), prices=prices)
    first = plan.takes[0]
    more = [Asked(first.shot.id, first.shot_fingerprint, n) for n in range(2, asked + 2)]
    plan = with_retakes(plan, more)
    known = [Known(n, t.id, t.shot.id, t.fingerprint, True, State.DONE, True)
             for n, t in enumerate(plan.takes) if t.id in done]  # fmt: skip
    settings = settle(plan.manifest, Options())
    bill = draw_up(plan, match(plan.takes, known), settings.in_scope)
    above = list(table(bill, free=settings.kind == "preview"))
    return [*above, "", *price_lines(bill, plan, settings, purses)]


CASES = {
    "of a preview, all takes as live clips": (
        said(WAVES, {**DANCES, "takes": 2}, endpoint="preview", done=["a_t01"]),
        """
        TAKE              SECONDS            PRICE  WHY
        a_t01    keep           5         0.25 USD  done
        b-1_t01  make         7.5  up to 0.375 USD  new
        b-1_t02  make         7.5  up to 0.375 USD  new
        b-2_t01  make         7.5  up to 0.375 USD  new
        b-2_t02  make         7.5  up to 0.375 USD  new
          b      4 takes       30   up to 1.50 USD

        4 of 5 takes to make at preview: free
        live: 35 billed seconds, up to 1.75 USD (prices of singapore, read 2026-11)
            remote videos, counted at their cap until they are billed: bunny
        """,
    ),
    "live, what is made alone": (
        said(WAVES, {**WAVES, "id": "d", "takes": 2}, done=["a_t01", "d_t02"]),
        """
        TAKE         SECONDS     PRICE  WHY
        a_t01  keep                     done
        d_t01  make        5  0.25 USD  new
        d_t02  keep                     done

        1 of 3 takes to make at singapore: 5 billed seconds
        price: 0.25 USD (prices of singapore, read 2026-11)
        """,
    ),
    "nothing left to make": (
        said(WAVES, done=["a_t01"], purses=[purse("0.25", "0")]),
        """
        TAKE         SECONDS  PRICE  WHY
        a_t01  keep                  done

        0 of 1 take to make at singapore: 0 billed seconds
        price: nothing (prices of singapore, read 2026-11)
        money in this folder: 0.25 USD spent
        """,
    ),
    "a cap, and money in two currencies": (
        said(WAVES, LINK, budget={"max_cost": "1.00 USD"},
             purses=[purse("3", "1.50", "CNY"), purse("0.30", "0.20")]),
        """
        TAKE         SECONDS           PRICE  WHY
        a_t01  make        5        0.25 USD  new
        c_t01  make       10  up to 0.75 USD  new

        2 of 2 takes to make at singapore: 15 billed seconds
        price: up to 1.00 USD (prices of singapore, read 2026-11)
            remote videos, counted at their cap until they are billed: https://h.example/v.mp4
        money in this folder: 0.30 USD spent, 0.20 set aside, cap 1.00
        also in this folder: 3.00 CNY spent, 1.50 set aside, which the cap does not count
        warning: in storyboard order, the cap of 1.00 USD would hold 1 of 2 takes:
            c_t01
        """,
    ),
    "takes that the folder asks for, and no manifest": (
        said(WAVES, asked=2, done=["a_t01"]),
        """
        TAKE            SECONDS     PRICE  WHY
        a_t01  keep                        done
        a_t02  make           5  0.25 USD  asked for once more
        a_t03  make           5  0.25 USD  asked for once more
          a    2 takes       10  0.50 USD

        2 of 3 takes to make at singapore: 10 billed seconds
        price: 0.50 USD (prices of singapore, read 2026-11)
            2 takes asked for in this folder beyond the manifest: a_t02, a_t03
        """,
    ),
    "a model without prices there": (
        said(WAVES, {**WAVES, "id": "d", "model": "wan2.6-r2v", **LARGE}, endpoint="https://h.example/api/v1",
             prices="virginia"),
        """
        TAKE         SECONDS     PRICE  WHY
        a_t01  make        5   unknown  new
        d_t01  make        5  5.00 CNY  new

        2 of 2 takes to make at https://h.example/api/v1: 10 billed seconds
        price: 5.00 CNY and the unknown price of 1 take (prices of virginia, read 2026-11)
            no prices are known there of wan2.6-r2v-flash
        """,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_is_said_of_a_price(name: str) -> None:
    """The whole of it: what it is, as of when, how exactly it is known, and what a cap holds."""
    lines, text = CASES[name]
    assert lines == [line.removeprefix(" " * 8) for line in text.strip("\n").splitlines()[:-1]]
