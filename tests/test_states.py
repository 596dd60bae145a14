"""The table of legal transitions, written out from design 6 and compared pair by pair."""

from __future__ import annotations

import itertools

import pytest

from r2vbatch.ledger import ASK_AGAIN, AT_SERVICE, ENDED, PAID, TO_FETCH, Kind, State, legal

FORWARD = """
planned -> submitting            the intent
submitting -> submitted          a task id
submitted -> running
running -> generated
generated -> fetched
fetched -> done
submitted -> generated           a short task is never seen running
submitting -> in_doubt           no answer that settles anything
submitting -> planned            refused, nothing was created
submitting -> failed             refused for what the take asks
planned -> failed                a reference was refused, or has changed on disk
in_doubt -> submitted            adopted
in_doubt -> planned              proven absent
in_doubt -> failed               absent after the last resend
submitted -> failed
submitted -> canceled
submitted -> expired             UNKNOWN at 24 h
running -> failed
running -> canceled
running -> expired
generated -> expired             link dead
fetched -> generated             not whole: fetched again, never bought again
done -> generated                file gone
generated -> done                file back
expired -> done                  file back, whatever became of the link
planned -> skipped               a predecessor ended badly
planned -> held                  over the budget
failed -> planned                asked again
canceled -> planned              asked again
expired -> planned               asked again
skipped -> planned               asked again
held -> planned                  asked again
"""
LIVE = {
    tuple(State(word) for word in line.split("  ")[0].split(" -> "))
    for line in FORWARD.strip().splitlines()
}
# "at start-up, unfinished preview takes simply return to planned" (8); slates are replaced (5)
PREVIEW = LIVE | {(state, State.PLANNED) for state in State if state is not State.PLANNED}
PAIRS = list(itertools.product(State, State))


@pytest.mark.parametrize(("kind", "table"), [("live", LIVE), ("preview", PREVIEW)])
def test_every_pair_is_legal_or_not_as_the_design_says(
    kind: Kind, table: set[tuple[State, State]]
) -> None:
    """Exactly the transitions of design 6 are legal; for slates also any back to planned."""
    assert {pair for pair in PAIRS if legal(kind, *pair)} == table


def test_a_paid_take_has_no_way_to_be_bought_again_by_itself() -> None:
    """From a state with a task or a possible one, planned is reached only through an outcome
    that is named, or by a refusal or a proof of absence."""
    back = {
        before for before, after in PAIRS if after is State.PLANNED and legal("live", before, after)
    }
    assert back & PAID == {State.SUBMITTING, State.IN_DOUBT, State.EXPIRED}


def test_every_take_can_end_and_every_state_is_reached() -> None:
    """From planned every state can be reached, and from every state done can."""
    ways = {s: {after for after in State if legal("live", s, after)} for s in State}
    assert _reached(ways, State.PLANNED) == set(State)
    assert all(State.DONE in _reached(ways, s) for s in State)


def test_the_groups_part_the_states() -> None:
    """Each state is in flight, to be fetched, ended, or one of those that wait or are in doubt."""
    groups = [AT_SERVICE, TO_FETCH, ENDED,
              {State.PLANNED, State.SUBMITTING, State.IN_DOUBT, State.HELD}]  # fmt: skip
    assert sorted(state for group in groups for state in group) == sorted(State)
    assert {s for s in State if s not in PAID} == {
        State.PLANNED, State.FAILED, State.CANCELED, State.SKIPPED, State.HELD
    }  # fmt: skip
    assert all(legal("live", state, State.PLANNED) for state in ASK_AGAIN)


def _reached(ways: dict[State, set[State]], start: State) -> set[State]:
    found, todo = {start}, [start]
    while todo:
        todo.extend(new := ways[todo.pop()] - found)
        found |= new
    return found
