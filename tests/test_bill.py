"""What a run would do and cost, said before it is done."""

from __future__ import annotations

from decimal import Decimal

import pytest
from storyboards import planned, storyboard

from r2vbatch.batch.bill import Act, Bill, draw_up, shown
from r2vbatch.batch.matching import match
from r2vbatch.ledger import Known, State
from r2vbatch.manifest.model import Money
from r2vbatch.planning import Plan

S = State


def board(**shots: str) -> Plan:
    """A plan of shots given as id=what happens, 5 s each."""
    return planned(storyboard(*({"id": i, "prompt": f"@ellen {p}"} for i, p in shots.items())))


def bill(plan: Plan, known: list[Known], scope: str = "") -> Bill:
    """The bill of a plan over a ledger; `scope` holds the shots that the run is about."""

    def inside(shot: str) -> bool:
        return not scope or shot in scope

    return draw_up(plan, match(plan.takes, known, inside), inside)


def row(plan: Plan, state: State, index: int = 0, **changes: object) -> Known:
    """A take of a plan as the ledger has it."""
    take = plan.takes[index]
    known = Known(index + 1, take.id, take.shot.id, take.fingerprint, True, state, state is S.DONE)
    return known._replace(**changes)


ACTS = {
    S.PLANNED: (Act.MAKE, "not made yet"),
    S.SUBMITTING: (Act.DOUBT, "its submit was not answered; it may be running"),
    S.IN_DOUBT: (Act.DOUBT, "its submit was not answered; it may be running"),
    S.SUBMITTED: (Act.WATCH, "submitted at the service"),
    S.RUNNING: (Act.WATCH, "running at the service"),
    S.GENERATED: (Act.FETCH, "generated, not fetched yet"),
    S.FETCHED: (Act.FETCH, "generated, not fetched yet"),
    S.DONE: (Act.KEEP, "done"),
    S.FAILED: (Act.MAKE, "failed"),
    S.CANCELED: (Act.MAKE, "canceled"),
    S.EXPIRED: (Act.MAKE_AGAIN, "expired: possibly paid and lost"),
    S.SKIPPED: (Act.MAKE, "skipped"),
    S.HELD: (Act.MAKE, "held"),
}


@pytest.mark.parametrize("state", State)
def test_what_becomes_of_a_take_in_each_state(state: State) -> None:
    """Only what is not made, or lost, is made; nothing that is or may be on its way."""
    plan = board(a="walks")
    (item,) = bill(plan, [row(plan, state)]).items
    assert (item.act, item.why) == ACTS[state]


def test_reasons_name_what_changed() -> None:
    """New, edited, renamed and restored takes each say so."""
    before, after = (
        board(a="walks", b="runs", c="sits"),
        board(a="hums", z="runs", c="sits", n="waves"),
    )
    rows = [row(before, S.DONE), row(before, S.DONE, 1), row(before, S.DONE, 2, wanted=False)]
    made = bill(after, rows)
    assert [(item.take.id, item.act, item.why) for item in made.items] == [
        ("a_t01", Act.MAKE, "changed since it was made"),
        ("z_t01", Act.KEEP, "done, was b_t01"),
        ("c_t01", Act.KEEP, "restored"),
        ("n_t01", Act.MAKE, "new"),
    ]
    assert [k.take for k in made.retired] == ["a_t01"]
    assert [(k.take, name) for k, name in made.renamed] == [("b_t01", "z_t01")]
    assert [name for _, name in made.restored] == ["c_t01"]


def test_only_what_is_made_is_priced() -> None:
    """Seconds and price of the takes to make, those made again among them, and no others."""
    plan = board(a="walks", b="runs", c="sits", d="hums")
    one = plan.takes[0].estimate
    assert one.cost is not None
    made = bill(plan, [row(plan, S.DONE), row(plan, S.EXPIRED, 1), row(plan, S.RUNNING, 2)])
    assert [item.take.id for item in made.to_make] == ["b_t01", "d_t01"]
    assert [item.take.id for item in made.again] == ["b_t01"]
    assert made.seconds == 2 * one.seconds == 10
    assert made.cost == Money(2 * one.cost.amount, "USD")
    assert {act: made.count(act) for act in Act} == {
        Act.MAKE: 1, Act.MAKE_AGAIN: 1, Act.FETCH: 0, Act.WATCH: 1, Act.DOUBT: 0, Act.KEEP: 1,
    }  # fmt: skip


def test_a_scope_is_all_that_is_on_the_bill() -> None:
    """Shots beyond it are neither listed nor priced."""
    plan = board(a="walks", b="runs")
    assert [item.take.id for item in bill(plan, [], "b").items] == ["b_t01"]


def test_nothing_to_make_costs_nothing_known() -> None:
    """There is no price of nothing in no currency; the seconds are none."""
    plan = board(a="walks")
    made = bill(plan, [row(plan, S.DONE)])
    assert (made.to_make, made.seconds, made.cost, made.estimate.exact) == ([], 0, None, True)


def test_a_remote_video_makes_a_price_a_bound() -> None:
    """Its length is not known before it is billed: the bill says that it is counted at its cap."""
    assert bill(board(a="walks"), []).estimate.exact
    assert not bill(planned(storyboard({"id": "a", "prompt": "@bunny hops"})), []).estimate.exact


@pytest.mark.parametrize(
    ("amount", "text"),
    [("2.625", "2.625 USD"), ("6", "6.00 USD"), ("0.05", "0.05 USD"), ("0", "0.00 USD"),
     ("100", "100.00 USD"), ("1.23456", "1.2346 USD"), ("1E+3", "1000.00 USD")],
)  # fmt: skip
def test_money_is_shown_with_two_to_four_decimals(amount: str, text: str) -> None:
    """Never in powers of ten, never with a false digit."""
    assert shown(Money(Decimal(amount), "USD")) == text


def test_an_unknown_price_is_said() -> None:
    """In words, not as zero."""
    assert shown(None) == "an unknown price"
