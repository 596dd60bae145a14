"""Which take of the ledger is which take of the plan (design 5), on real plans."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from storyboards import planned, storyboard

from r2vbatch.batch.matching import Matching, match
from r2vbatch.ledger import PAID, Known, State
from r2vbatch.planning.model import PlannedTake


def takes(*shots: tuple[str, str], **keys: Any) -> list[PlannedTake]:
    """The takes of shots given as (id, what happens)."""
    return list(planned(storyboard(*({"id": i, "prompt": p} for i, p in shots), **keys)).takes)


def known(of: list[PlannedTake], state: State = State.DONE, **changes: Any) -> list[Known]:
    """What the ledger knows after a run of these takes."""
    rows = [
        Known(key, t.id, t.shot.id, t.fingerprint, True, state, state is State.DONE)
        for key, t in enumerate(of, 1)
    ]
    return [row._replace(**changes) for row in rows]


def told(found: Matching) -> dict[str, Any]:
    """A matching in short: ids kept (from which id), fresh, unwanted."""
    return {
        "kept": {take: k.take for take, k in found.kept.items()},
        "fresh": [t.id for t in found.fresh],
        "unwanted": [k.take for k in found.unwanted],
    }


WALK, RUN, SIT = "@ellen walks", "@ellen runs", "@ellen sits"


def test_nothing_changed() -> None:
    """Each take is its own, and nothing is to do."""
    plan = takes(("a", WALK), ("b", RUN))
    found = match(plan, known(plan))
    assert told(found) == {
        "kept": {"a_t01": "a_t01", "b_t01": "b_t01"},
        "fresh": [],
        "unwanted": [],
    }
    assert (found.renamed, found.restored, found.retired) == ([], [], [])


def test_a_renamed_shot_keeps_its_clip() -> None:
    """The take goes on under its new id."""
    found = match(takes(("z", WALK), ("b", RUN)), known(takes(("a", WALK), ("b", RUN))))
    assert told(found) == {
        "kept": {"z_t01": "a_t01", "b_t01": "b_t01"},
        "fresh": [],
        "unwanted": [],
    }
    assert [(k.take, take) for k, take in found.renamed] == [("a_t01", "z_t01")]


def test_swapped_shots_swap_their_clips() -> None:
    """Two shots that change ids, or texts, are two renamed takes."""
    found = match(takes(("a", RUN), ("b", WALK)), known(takes(("a", WALK), ("b", RUN))))
    assert told(found) == {
        "kept": {"a_t01": "b_t01", "b_t01": "a_t01"},
        "fresh": [],
        "unwanted": [],
    }


def test_reordered_shots_stay() -> None:
    """Order is no part of a clip."""
    found = match(takes(("b", RUN), ("a", WALK)), known(takes(("a", WALK), ("b", RUN))))
    assert told(found)["kept"] == {"a_t01": "a_t01", "b_t01": "b_t01"}


def test_an_inserted_variation_does_not_disturb_its_neighbours() -> None:
    """`-2` becomes `-3` and keeps its clip; only the new one is made."""

    def varied(*lenses: str) -> list[PlannedTake]:
        shot = {"id": "a", "prompt": "@ellen, ${lens}", "vary": {"lens": list(lenses)}}
        return list(planned(storyboard(shot)).takes)

    found = match(varied("wide", "close-up", "low"), known(varied("wide", "low")))
    assert told(found) == {
        "kept": {"a-1_t01": "a-1_t01", "a-3_t01": "a-2_t01"}, "fresh": ["a-2_t01"], "unwanted": [],
    }  # fmt: skip


def test_twins_get_one_clip_each() -> None:
    """Two shots that ask for the same: the one with the clip keeps it, the other is made."""
    plan = takes(("a", WALK), ("b", WALK))
    found = match(plan, known(plan[1:]))
    assert told(found) == {"kept": {"b_t01": "b_t01"}, "fresh": ["a_t01"], "unwanted": []}
    assert told(match(plan, known(plan)))["kept"] == {"a_t01": "a_t01", "b_t01": "b_t01"}


def test_an_edited_shot_alone_is_made_again() -> None:
    """Its old clip is retired, its neighbour kept."""
    found = match(takes(("a", SIT), ("b", RUN)), known(takes(("a", WALK), ("b", RUN))))
    assert told(found) == {
        "kept": {"b_t01": "b_t01"}, "fresh": ["a_t01"], "unwanted": ["a_t01"],
    }  # fmt: skip
    assert [k.take for k in found.retired] == ["a_t01"]


def test_a_shot_changed_back_gets_its_clip_back() -> None:
    """A retired clip is restored, the one made meanwhile is retired."""
    first, second = takes(("a", WALK)), takes(("a", SIT))
    rows = [*known(first, wanted=False), *known(second, key=2)]
    found = match(first, rows)
    assert [(k.key, take) for k, take in found.restored] == [(1, "a_t01")]
    assert [k.key for k in found.unwanted] == [2]


def test_a_removed_shot_is_retired_only_where_there_is_or_will_be_a_clip() -> None:
    """Planned or failed, it is simply no longer wanted."""
    for state in State:
        found = match([], known(takes(("a", WALK)), state))
        assert told(found)["unwanted"] == ["a_t01"]
        coming = {State.DONE, State.GENERATED, State.FETCHED, State.SUBMITTED, State.RUNNING}
        assert bool(found.retired) is (state in coming)


def test_take_numbers_are_no_twins() -> None:
    """Take 2 is another take: fewer takes retire the last, more are made."""

    def of(number: int) -> list[PlannedTake]:
        return list(planned(storyboard({"id": "a", "prompt": WALK, "takes": number})).takes)

    assert told(match(of(1), known(of(2))))["unwanted"] == ["a_t02"]
    assert told(match(of(3), known(of(2))))["fresh"] == ["a_t03"]


@pytest.mark.parametrize("state", [s for s in State if s not in PAID])
def test_what_was_never_paid_is_found_under_its_own_id_only(state: State) -> None:
    """A planned or failed take of a renamed shot is no clip to keep: the new one is fresh."""
    rows = known(takes(("a", WALK)), state)
    assert told(match(takes(("a", WALK)), rows))["kept"] == {"a_t01": "a_t01"}
    assert told(match(takes(("z", WALK)), rows)) == {
        "kept": {}, "fresh": ["z_t01"], "unwanted": ["a_t01"],
    }  # fmt: skip


@pytest.mark.parametrize("state", sorted(PAID - {State.DONE}))
def test_a_finished_clip_goes_before_a_twin_on_its_way(state: State) -> None:
    """Of two twins one is removed, and the clip was the other's: the clip is used, rather than
    paid for once more or waited for."""
    a, b = takes(("a", WALK), ("b", WALK))
    rows = [*known([a], state), *known([b], key=2)]
    assert told(match([a], rows)) == {
        "kept": {"a_t01": "b_t01"},
        "fresh": [],
        "unwanted": ["a_t01"],
    }


def test_beyond_the_scope_nothing_is_touched() -> None:
    """With --only, edits, removals, renames and new shots elsewhere wait for their turn."""
    before = known(takes(("a", WALK), ("b", RUN), ("c", SIT)))
    after = takes(("a", "@ellen hums"), ("x", RUN), ("y", "@ellen waves"))
    found = match(after, before, lambda shot: shot == "y")
    assert told(found) == {"kept": {}, "fresh": ["y_t01"], "unwanted": []}


def test_a_shot_in_scope_takes_its_clip_from_one_beyond_it() -> None:
    """A clip that is the scope's by its fingerprint is used, not bought a second time."""
    found = match(takes(("z", WALK)), known(takes(("a", WALK))), lambda shot: shot == "z")
    assert told(found) == {"kept": {"z_t01": "a_t01"}, "fresh": [], "unwanted": []}


def test_an_id_needed_in_scope_is_given_up_beyond_it() -> None:
    """`b` is to be made anew in scope, its clip is now `c`'s, whose clip nobody wants: the
    clips move on, for two takes cannot have one id."""
    before = known(takes(("b", RUN), ("c", SIT)))
    after = takes(("b", WALK), ("c", RUN))
    found = match(after, before, lambda shot: shot == "b")
    assert told(found) == {"kept": {"c_t01": "b_t01"}, "fresh": ["b_t01"], "unwanted": ["c_t01"]}


# --- properties --------------------------------------------------------------------------

POOL = {(shot, prompt): takes((shot, prompt))[0] for shot in "abcd" for prompt in (WALK, RUN, SIT)}


@st.composite
def situations(draw: st.DrawFn) -> tuple[list[PlannedTake], list[Known], Collection[str]]:
    """A plan (ids unique), a ledger (wanted ids unique), and a scope."""
    prompts = st.sampled_from([WALK, RUN, SIT])
    ids = draw(st.lists(st.sampled_from("abcd"), unique=True))
    plan = [POOL[i, draw(prompts)] for i in ids]
    rows, taken = [], set()
    for key in range(1, draw(st.integers(0, 6)) + 1):
        take = POOL[draw(st.sampled_from("abcd")), draw(prompts)]
        wanted = draw(st.booleans()) and take.id not in taken
        taken |= {take.id} if wanted else set()
        state = draw(st.sampled_from(State))
        rows.append(
            Known(key, take.id, take.shot.id, take.fingerprint, wanted, state, state is State.DONE)
        )
    return plan, rows, draw(st.sets(st.sampled_from("abcd")))


@given(situations())
def test_everything_is_accounted_for_once(
    situation: tuple[list[PlannedTake], list[Known], Collection[str]],
) -> None:
    """Each wanted take is kept or fresh; each row of the ledger serves one take at most; what
    is kept has the take's fingerprint; a claimed row is not unwanted."""
    plan, rows, _ = situation
    found = match(plan, rows)
    assert sorted([*found.kept, *(t.id for t in found.fresh)]) == sorted(t.id for t in plan)
    keys = [k.key for k in found.kept.values()]
    assert len(keys) == len(set(keys))
    assert not {k.key for k in found.unwanted} & set(keys)
    assert all(found.kept[t.id].fingerprint == t.fingerprint for t in plan if t.id in found.kept)
    assert {k.key for k in rows if k.wanted} <= set(keys) | {k.key for k in found.unwanted}


@given(situations())
def test_no_clip_lies_idle_while_its_take_is_made(
    situation: tuple[list[PlannedTake], list[Known], Collection[str]],
) -> None:
    """For each fingerprint: nothing is made while a paid take of it is unused, no clip is unused
    while a take is kept that is none, and a clip stays with its own id where that is wanted."""
    plan, rows, _ = situation
    found = match(plan, rows)
    used = {k.key for k in found.kept.values()}
    for fingerprint in {t.fingerprint for t in plan}:
        idle = [k for k in rows if k.fingerprint == fingerprint and k.key not in used]
        kept = [k for k in found.kept.values() if k.fingerprint == fingerprint]
        if any(k.state in PAID for k in idle):
            assert fingerprint not in {t.fingerprint for t in found.fresh}
        if any(k.state is State.DONE for k in idle):
            assert {k.state for k in kept} == {State.DONE}
        ids = {t.id for t in plan if t.fingerprint == fingerprint}
        for k in kept:
            if k.state is State.DONE and k.take in ids:
                assert found.kept[k.take].take == k.take


@given(situations())
def test_any_scope_leaves_ids_unique_and_others_alone(
    situation: tuple[list[PlannedTake], list[Known], Collection[str]],
) -> None:
    """Carried out, a matching leaves each id wanted once, whatever the scope; a row beyond the
    scope changes only if a take in scope uses it, or pushes it off its id."""
    plan, rows, scope = situation
    found = match(plan, rows, scope.__contains__)
    names = {k.key: k.take for k in rows if k.wanted}
    for k in found.unwanted:
        del names[k.key]
    names |= {k.key: take for take, k in found.kept.items()}
    ids = [*names.values(), *(t.id for t in found.fresh)]
    assert len(ids) == len(set(ids))
    assert {t.shot.id for t in found.fresh} <= set(scope)
    given_away = {take for take, k in found.kept.items() if k.take != take} | {
        t.id for t in found.fresh
    }
    for k in rows:
        if k.wanted and k.shot not in scope:
            assert (
                names.get(k.key) == k.take
                or k.take in given_away
                or (found.kept.get(names.get(k.key, "")) == k and names[k.key][0] in scope)
            )
