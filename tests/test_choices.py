"""What people say of takes: circles, notes, retakes; and the storyboard that follows from it."""

from __future__ import annotations

import subprocess
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledgers import add, bring, child, new_take, set_back

from r2vbatch.ledger import Ledger, NothingToRetake, State, TakeRow
from r2vbatch.manifest.model import Money

S = State


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """Two shots on the board: sh010 with two takes, sh020 with one that no run has begun."""
    ledger = Ledger.open(tmp_path / "ledger.db")
    ledger.set_board([(f"{t}", f"f-{t}") for t in ("sh010_t01", "sh010_t02", "sh020_t01")])
    return ledger


def board(ledger: Ledger) -> dict[str, tuple[str | None, str | None, bool]]:
    """By shot: the circled take, its kind, and whether a person circled it."""
    return {
        shot.id: (
            shot.circled.take if shot.circled else None,
            shot.circled.kind if shot.circled else None,
            shot.by_person,
        )
        for shot in ledger.storyboard()
    }


def test_the_newest_done_take_is_circled_by_itself(ledger: Ledger) -> None:
    """The one with the highest number, whichever ended last; a clip goes before any slate."""
    first, second = add(ledger, new_take("sh010_t01"), new_take("sh010_t02"))
    slate = add(ledger, new_take("sh010_t02", "preview"))[0]
    assert board(ledger) == {"sh010": (None, None, False), "sh020": (None, None, False)}
    bring(ledger, slate, S.DONE)
    assert board(ledger)["sh010"] == ("sh010_t02", "preview", False)
    bring(ledger, first, S.DONE)
    assert board(ledger)["sh010"] == ("sh010_t01", "live", False)
    bring(ledger, second, S.DONE)
    assert board(ledger)["sh010"] == ("sh010_t02", "live", False)
    ledger.move(second, S.GENERATED, "its file has gone")
    assert board(ledger)["sh010"] == ("sh010_t01", "live", False)


def test_a_person_circles_another(ledger: Ledger) -> None:
    """One take of a shot and kind at a time; taken back, the newest is the good one again."""
    first, second = add(ledger, new_take("sh010_t01"), new_take("sh010_t02"))
    slate = add(ledger, new_take("sh010_t01", "preview"))[0]
    for key in (first, second, slate):
        bring(ledger, key, S.DONE)
    ledger.circle(slate)
    assert board(ledger)["sh010"] == ("sh010_t02", "live", False)
    ledger.circle(first)
    assert board(ledger)["sh010"] == ("sh010_t01", "live", True)
    ledger.circle(second)
    assert ledger.circles().keys() == {second, slate}
    ledger.uncircle(first)
    assert board(ledger)["sh010"] == ("sh010_t02", "live", True)
    ledger.uncircle(second)
    assert board(ledger)["sh010"] == ("sh010_t02", "live", False)


def test_a_circled_take_that_is_no_longer_wanted(ledger: Ledger) -> None:
    """It is off the board, and keeps its circle should it come back."""
    (first,) = add(ledger, take := new_take("sh010_t01"))
    bring(ledger, first, S.DONE)
    ledger.circle(first)
    ledger.apply(fresh=[], named=[], unwanted=[first], moves=[])
    assert board(ledger)["sh010"] == (None, None, False)
    ledger.apply(fresh=[], named=[(first, take)], unwanted=[], moves=[])
    assert board(ledger)["sh010"] == ("sh010_t01", "live", True)


def test_the_storyboard_in_its_order(ledger: Ledger) -> None:
    """Shots and takes as the plan has them, those not begun without a row."""
    keys = add(ledger, new_take("sh010_t02"), new_take("sh010_t01"))
    slate = add(ledger, new_take("sh010_t01", "preview"))[0]
    shots = ledger.storyboard()
    assert [(s.id, [t.id for t in s.takes]) for s in shots] == [
        ("sh010", ["sh010_t01", "sh010_t02"]),
        ("sh020", ["sh020_t01"]),
    ]
    first, second = shots[0].takes
    assert first.live and first.preview and second.live
    assert (first.live.key, first.preview.key, second.live.key) == (keys[1], slate, keys[0])
    assert first.shown == first.live
    assert second.preview is None and shots[1].takes[0].shown is None


def test_notes(ledger: Ledger) -> None:
    """Written, with a moment or without, and taken away; the words stay exactly as they are."""
    (key,) = add(ledger, new_take("sh010_t01"))
    first = ledger.add_note(key, "the cat looks away ‽ \n<b>")
    second = ledger.add_note(key, "here", 2.5)
    assert ledger.notes() == [first, second]
    assert (second.seconds, first.seconds) == (2.5, None)
    ledger.remove_note(first.id)
    ledger.remove_note(first.id)
    assert ledger.notes() == [second]
    assert ledger.add_note(key, "again").id not in {first.id, second.id}


def test_a_retake_has_a_number_of_its_own(ledger: Ledger) -> None:
    """One that no take of the same fingerprint ever had, though it is wanted no longer."""
    _, second = add(ledger, new_take("sh010_t01"), new_take("sh010_t02"))
    ledger.apply(fresh=[], named=[], unwanted=[second], moves=[])
    price = Money(Decimal("0.75"), "USD")
    asked = ledger.ask_again("sh010", "live", 2, agreed=price)
    assert [(r.shot, r.shot_fingerprint, r.number, r.agreed) for r in asked] == [
        ("sh010", "f-sh010", 3, price),
        ("sh010", "f-sh010", 4, price),
    ]
    assert [r.number for r in ledger.ask_again("sh010", "live")] == [5]
    assert [(r.number, r.agreed) for r in ledger.retakes()] == [(3, price), (4, price), (5, None)]


def test_what_was_asked_for_is_taken_back(ledger: Ledger) -> None:
    """As long as nothing of it was or may be paid for; the other shot's stays."""
    add(ledger, new_take("sh010_t01"), new_take("sh020_t01"))
    begun, _, planned = (ledger.ask_again("sh010", "live")[0] for _ in range(3))
    other = ledger.ask_again("sh020", "live")
    second, fourth = (
        new_take(f"sh010_t0{retake.number}", shot_fingerprint="f-sh010")
        for retake in (begun, planned)
    )
    bring(ledger, add(ledger, second)[0], S.SUBMITTED)
    row = ledger.take(add(ledger, fourth)[0])
    seen = ledger.last_retake()
    assert [retake.number for retake in ledger.take_back("sh010", "live")] == [3, 4]
    assert ledger.retakes() == [begun, *other]
    left = ledger.intend(row, 0.0, beside_twin=False)  # by a run that had it before it
    assert isinstance(left, TakeRow) and (left.state, left.wanted) == (S.PLANNED, False)
    assert ledger.take_back("sh010", "live") == []
    assert [retake.number for retake in ledger.ask_again("sh010", "live")] == [5]
    assert ledger.last_retake() != seen


@pytest.mark.parametrize(("shot", "kind"), [("sh020", "live"), ("sh010", "preview")])
def test_what_was_never_begun_is_not_asked_for_again(ledger: Ledger, shot: str, kind: str) -> None:
    """There is no take of it to be unhappy with."""
    add(ledger, new_take("sh010_t01"))
    with pytest.raises(NothingToRetake):
        ledger.ask_again(shot, "live" if kind == "live" else "preview")
    assert ledger.retakes() == []


def test_each_change_is_seen_from_outside(ledger: Ledger) -> None:
    """A reader that only looks at the revision misses none; what changes nothing is none."""
    (key,) = add(ledger, new_take("sh010_t01"))
    reader = Ledger.open(ledger.path, create=False)
    seen = [reader.revision()]
    for change in (
        lambda: ledger.circle(key),
        lambda: ledger.uncircle(key),
        lambda: ledger.add_note(key, "hm"),
        lambda: ledger.remove_note(1),
        lambda: ledger.ask_again("sh010", "live"),
    ):
        change()
        seen.append(reader.revision())
    ledger.uncircle(key)
    ledger.remove_note(1)
    assert reader.revision() == seen[-1]
    assert seen == sorted(set(seen))
    reader.close()


def test_a_ledger_of_the_format_before(ledger: Ledger) -> None:
    """A reader finds no choices in it and leaves it as it is; the first choice makes the place."""
    (key,) = add(ledger, new_take("sh010_t01"))
    ledger.close()
    set_back(ledger.path, 2)
    other = Ledger.open(ledger.path, create=False)
    assert (other.notes(), other.retakes(), other.circles()) == ([], [], {})
    assert [shot.id for shot in other.storyboard()] == ["sh010", "sh020"]
    other.circle(key)
    assert other.circles().keys() == {key}
    other.close()


@settings(max_examples=15)
@given(steps=st.permutations([(what, n) for what in ("circle", "uncircle") for n in range(3)]))
def test_of_a_shot_one_take_at_most_is_circled(
    steps: list[tuple[str, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever people do in whatever order: the last one circled and not taken back."""
    ledger = Ledger.open(tmp_path_factory.mktemp("circles") / "ledger.db")
    keys = add(ledger, *(new_take(f"sh010_t0{n}") for n in (1, 2, 3)))
    circled: set[int] = set()
    for what, n in steps:
        if what == "circle":
            ledger.circle(keys[n])
            circled = {keys[n]}
        else:
            ledger.uncircle(keys[n])
            circled -= {keys[n]}
        assert ledger.circles().keys() == circled
    ledger.close()


_KILLED = """
import sys
from pathlib import Path
from r2vbatch.ledger import Ledger
ledger = Ledger.open(Path(sys.argv[1]), create=False)
for _ in range(20):  # and no more: who writes without a pause keeps others out for long
    for retake in ledger.ask_again("sh010", "live"):
        print(retake.number, flush=True)
sys.stdin.read()
"""


def test_choices_beside_a_writer_that_is_killed(ledger: Ledger) -> None:
    """Two processes ask at once and one is killed: each retake is there once, none is lost."""
    add(ledger, new_take("sh010_t01"))
    with child(_KILLED, ledger.path, stdin=subprocess.PIPE) as other:
        assert other.stdout
        said = [int(other.stdout.readline()) for _ in range(3)]
        ours = [ledger.ask_again("sh010", "live")[0].number for _ in range(3)]
        said += [int(other.stdout.readline()) for _ in range(3)]
        other.kill()
    found = [retake.number for retake in ledger.retakes()]
    assert {*said, *ours} <= set(found)
    assert sorted(found) == list(range(2, 2 + len(found)))
