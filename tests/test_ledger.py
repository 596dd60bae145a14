"""The ledger in use: money, wishes, moves, questions, readers beside a writer."""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from pathlib import Path

import pytest
from ledgers import add, bring, child, new_take, states

from r2vbatch.ledger import ENDED, PAID, Kind, Ledger, Move, State
from r2vbatch.media.model import FileFacts


@pytest.fixture
def ledger(tmp_path: Path):  # type: ignore[no-untyped-def]
    """An open ledger, closed afterwards."""
    opened = Ledger.open(tmp_path / "ledger.db")
    yield opened
    opened.close()


def spent(ledger: Ledger, currency: str) -> Decimal:
    """What is spent or set aside in `currency`."""
    found = (p for p in ledger.purses() if p.spent.currency == currency)
    return sum((p.spent.amount + p.set_aside.amount for p in found), Decimal(0))


COUNTED = [
    (State.PLANNED, None, "0"),
    (State.SUBMITTING, None, "1.50"),
    (State.IN_DOUBT, None, "1.50"),
    (State.SUBMITTED, None, "1.50"),
    (State.RUNNING, None, "1.50"),
    (State.GENERATED, None, "1.50"),
    (State.GENERATED, "1.20", "1.20"),
    (State.GENERATED, "0", "0"),
    (State.DONE, "1.20", "1.20"),
    (State.DONE, None, "1.50"),
    (State.EXPIRED, None, "1.50"),
    (State.EXPIRED, "1.20", "1.20"),
    (State.FAILED, None, "0"),
    (State.CANCELED, None, "0"),
    (State.SKIPPED, None, "0"),
    (State.HELD, None, "0"),
]


@pytest.mark.parametrize(("state", "cost", "counted"), COUNTED)
def test_spent_counts_what_is_or_may_be_paid(
    ledger: Ledger, state: State, cost: str | None, counted: str
) -> None:
    """What was billed, else the full estimate of all that is submitting, in flight, in doubt or
    expired; nothing for what was refused, failed, canceled, skipped or held."""
    (key,) = add(ledger, new_take())
    bring(ledger, key, state, **({"cost": Decimal(cost)} if cost else {}))
    assert spent(ledger, "USD") == Decimal(counted)
    not_known_yet = {State.SUBMITTING, State.IN_DOUBT, State.SUBMITTED, State.RUNNING}
    aside = Decimal(counted) if state in not_known_yet else Decimal(0)
    for purse in ledger.purses():
        assert (purse.spent.amount, purse.set_aside.amount) == (Decimal(counted) - aside, aside)


@pytest.mark.parametrize(("cost", "after"), [(None, "1.50"), ("1.20", "1.20"), ("0", "0")])
def test_money_lost_with_an_expired_take_stays_counted(
    ledger: Ledger, cost: str | None, after: str
) -> None:
    """Made again, an expired take counts twice: what it may have cost, and its new price."""
    (key,) = add(ledger, new_take())
    bring(ledger, key, State.EXPIRED, **({"cost": Decimal(cost)} if cost else {}))
    ledger.move(key, State.PLANNED, "asked again")
    assert spent(ledger, "USD") == Decimal(after)
    bring(ledger, key, State.SUBMITTED)
    assert spent(ledger, "USD") == Decimal(after) + Decimal("1.50")
    ledger.move(key, State.FAILED)
    assert spent(ledger, "USD") == Decimal(after)


def test_slates_and_other_currencies_cost_nothing_here(ledger: Ledger) -> None:
    """Spent is live money in one currency: slates and yuan are not dollars."""
    keys = add(ledger, new_take("a_t01", "preview"), new_take("b_t01", currency="CNY"),
               new_take("c_t01", currency=None, estimate=None), new_take("d_t01"))  # fmt: skip
    for key in keys:
        bring(ledger, key, State.DONE)
    assert (spent(ledger, "USD"), spent(ledger, "CNY")) == (Decimal("1.50"), Decimal("1.50"))


def test_a_take_no_longer_wanted_still_counts(ledger: Ledger) -> None:
    """Money does not come back with an edited manifest."""
    (key,) = add(ledger, new_take())
    bring(ledger, key, State.RUNNING)
    ledger.apply(fresh=[], named=[], unwanted=[key], moves=[])
    assert spent(ledger, "USD") == Decimal("1.50")
    assert [row.key for row in ledger.unfinished("live")] == [key]


def test_a_paid_take_keeps_the_price_it_was_made_for(ledger: Ledger) -> None:
    """Renamed while another price table is in use, dollars stay dollars."""
    (key,) = add(ledger, new_take("a_t01"))
    bring(ledger, key, State.DONE, cost=Decimal("1.20"))
    yuan = new_take("b_t01", currency="CNY", estimate=Decimal(9), per_second={"": Decimal("0.9")})
    ledger.apply(fresh=[], named=[(key, yuan)], unwanted=[], moves=[])
    row = ledger.take(key)
    assert (row.take, row.shot, row.currency, row.per_second) == (
        "b_t01",
        "b",
        "USD",
        {"": Decimal("0.15")},
    )
    assert (spent(ledger, "USD"), spent(ledger, "CNY")) == (Decimal("1.20"), Decimal(0))


@pytest.mark.parametrize("state", State)
def test_what_is_not_paid_for_takes_the_price_of_the_day(ledger: Ledger, state: State) -> None:
    """Planned in dollars and made in yuan, a take is counted in yuan; what is or may be paid
    for, and what an attempt before lost, stays in its own money."""
    keys = add(ledger, new_take("a_t01"), new_take("b_t01"))
    bring(ledger, keys[0], state)
    bring(ledger, keys[1], State.EXPIRED)
    ledger.move(keys[1], State.PLANNED)
    price = {"currency": "CNY", "estimate": Decimal(9), "per_second": {"": Decimal("0.9")}}
    ledger.price([new_take("a_t01", **price), new_take("b_t01", **price)])
    unpaid = state not in PAID
    assert ledger.take(keys[0]).currency == ("CNY" if unpaid else "USD")
    assert ledger.take(keys[0]).estimate == Decimal(9 if unpaid else "1.50")
    assert ledger.take(keys[1]).currency == "CNY"
    dollars = Decimal("1.50" if unpaid else "3.00")
    assert (spent(ledger, "USD"), spent(ledger, "CNY")) == (dollars, 0)


def test_money_in_two_currencies_is_told_apart(ledger: Ledger) -> None:
    """A take lost in dollars and made again in yuan counts in both, each at its own price, and
    nothing is converted."""
    (key,) = add(ledger, new_take())
    assert ledger.purses() == []
    bring(ledger, key, State.IN_DOUBT)
    ledger.move(key, State.PLANNED, "a person said yes", lost=True)
    price = {"currency": "CNY", "estimate": Decimal(9), "per_second": {"": Decimal("0.9")}}
    ledger.price([new_take(**price)])
    bring(ledger, key, State.RUNNING)
    assert [(str(p.spent), str(p.set_aside)) for p in ledger.purses()] == [
        ("0.00 CNY", "9.00 CNY"),
        ("1.50 USD", "0.00 USD"),
    ]


def test_asked_again_a_take_forgets_its_last_attempt(ledger: Ledger) -> None:
    """Task, link, times, cost and file of an ended attempt are gone; how often it was tried,
    what was asked and at which price are not."""
    (key,) = add(ledger, new_take())
    bring(ledger, key, State.FAILED, task_id="t", request_id="r", submitted_at=1.0, started_at=2.0,
          ended_at=3.0, link="https://x/y?z", link_expires=4.0, billed_seconds=Decimal(5),
          cost=Decimal(1), file="clips/a.mp4", sha256="s", bytes=6, attempts=2, intent_at=0.5,
          post_ended_at=0.7)  # fmt: skip
    row = ledger.move(key, State.PLANNED, "asked again")
    gone = ("task_id", "request_id", "submitted_at", "started_at", "ended_at", "link",
            "link_expires", "billed_seconds", "cost", "file", "sha256", "bytes", "intent_at",
            "post_ended_at")  # fmt: skip
    assert [getattr(row, name) for name in gone] == [None] * len(gone)
    assert (row.attempts, row.estimate, row.request) == (2, Decimal("1.50"), new_take().request)


def test_two_takes_may_swap_their_ids(ledger: Ledger) -> None:
    """One wanted take an id holds at the end of a transaction, not in the middle of it."""
    one, two = add(ledger, new_take("a_t01"), new_take("b_t01"))
    named = [(one, new_take("b_t01")), (two, new_take("a_t01"))]
    ledger.apply(fresh=[], named=named, unwanted=[], moves=[])
    assert {row.take: row.key for row in ledger.wanted("live")} == {"b_t01": one, "a_t01": two}


def test_the_same_id_may_be_wanted_once_of_each_kind(ledger: Ledger) -> None:
    """A slate and a clip share an id; a second clip of that id is refused, and nothing of the
    wish is carried out."""
    add(ledger, new_take("a_t01"), new_take("a_t01", "preview"))
    with pytest.raises(Exception, match="cannot be used"):
        ledger.apply(fresh=[new_take("z_t01"), new_take("a_t01")], named=[], unwanted=[], moves=[])
    assert [row.take for row in ledger.wanted("live")] == ["a_t01"]


def test_moves_are_remembered_until_they_end(ledger: Ledger, tmp_path: Path) -> None:
    """A move outlives a crash, first from its place, then from where moving files wait."""
    (key,) = add(ledger, new_take())
    move = Move(key, "clips/a.mp4", "clips/b.mp4")
    ledger.apply(fresh=[], named=[], unwanted=[], moves=[move])
    other = Ledger.open(tmp_path / "ledger.db")
    assert other.moves() == [move]
    other.moves_set_out()
    assert ledger.moves() == [Move(key, f".moving/{key}", "clips/b.mp4")]
    ledger.end_moves()
    assert other.moves() == []
    assert other.take(key).file == "clips/b.mp4"
    other.close()


def test_same_prompt_is_open_while_its_submit_is_not_settled(ledger: Ledger) -> None:
    """Only an unsettled submit of the same kind and prompt, begun after the moment given."""
    kinds: tuple[Kind, ...] = ("live", "live", "live", "preview")
    keys = add(ledger, *(new_take(f"s{n}_t01", kind, prompt="same" if n != 2 else "other")
                         for n, kind in enumerate(kinds)))  # fmt: skip
    first, second, third, slate = (ledger.take(key) for key in keys)
    assert ledger.same_prompt_open(second, since=0) is None
    ledger.move(first.key, State.SUBMITTING, intent_at=100.0)
    found = [ledger.same_prompt_open(row, since=99.0) for row in (first, second, third, slate)]
    assert found == [None, "s0_t01", None, None]
    assert ledger.same_prompt_open(second, since=100.0) is None
    ledger.move(first.key, State.IN_DOUBT)
    assert ledger.same_prompt_open(second, since=99.0) == "s0_t01"
    ledger.move(first.key, State.SUBMITTED)
    assert ledger.same_prompt_open(second, since=99.0) is None


def test_questions_by_state(ledger: Ledger) -> None:
    """Counts, unfinished takes, known takes and files agree on where each take stands."""
    keys = add(ledger, *(new_take(f"{state}_t01") for state in State))
    for key, state in zip(keys, State, strict=True):
        columns = {"file": f"clips/{state}.mp4"} if state is State.DONE else {}
        bring(ledger, key, state, **columns)
    assert states(ledger, keys) == list(State)
    assert ledger.counts() == {"live": dict.fromkeys(State, 1), "preview": {}}
    assert {row.state for row in ledger.unfinished("live")} == set(State) - {State.DONE}
    ended = ledger.in_states("live", ENDED)
    assert {row.state for row in ended} == ENDED
    assert [(k.state, k.has_file) for k in ledger.known("live") if k.has_file] == [
        (State.DONE, True)
    ]
    assert [file for _, file, _ in ledger.files("live")] == ["clips/done.mp4"]


def test_facts_are_remembered_for_one_version_of_a_file(ledger: Ledger) -> None:
    """Length, size and hash of a reference come back exactly; not after it has changed."""
    facts = FileFacts("ab" * 32, 10, "video", Decimal("5.12"), 1280, 720)
    path = Path("/refs/\udce9llen 雨.mp4")  # not all file names are UTF-8
    ledger.put(path, 10, 1234567890123456789, facts)
    assert ledger.get(path, 10, 1234567890123456789) == facts
    assert ledger.get(path, 10, 1234567890123456788) is None
    assert ledger.get(path, 11, 1234567890123456789) is None


def test_half_a_surrogate_pair_stops_nothing(ledger: Ledger) -> None:
    """A service's message may hold what UTF-8 cannot: it is spelled out, and a request keeps it."""
    request = {"input": {"prompt": "a \ud83d b"}}
    (key,) = add(ledger, new_take(request=request, prompt_key="a \ud83d b"))
    row = ledger.move(key, State.FAILED, "why \ud83d", error_message="bad \ud83d")
    assert row.error_message == "bad \\ud83d"
    assert row.request == request
    assert ledger.events(key)[-1][3] == "why \\ud83d"


def test_readers_read_while_a_writer_is_in_the_middle(ledger: Ledger, tmp_path: Path) -> None:
    """Any SQL tool reads the last committed state while a write is under way, and a reader
    that stays for long holds up neither a commit nor a checkpoint."""
    (key,) = add(ledger, new_take())
    reader = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None, timeout=0)
    writer = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("UPDATE takes SET state = 'running'")
    assert reader.execute("SELECT state FROM takes").fetchall() == [("planned",)]
    writer.execute("ROLLBACK")
    reader.execute("BEGIN")
    assert reader.execute("SELECT state FROM takes").fetchall() == [("planned",)]
    ledger.move(key, State.SUBMITTING)
    ledger.checkpoint()
    assert reader.execute("SELECT state FROM takes").fetchall() == [("planned",)]
    assert ledger.move(key, State.SUBMITTED).state is State.SUBMITTED
    reader.close()
    writer.close()


@pytest.mark.parametrize("shared_disk", [False, True])
def test_a_copy_of_the_file_alone_is_complete_after_a_checkpoint(
    tmp_path: Path, shared_disk: bool
) -> None:
    """After `checkpoint` and after `close` everything is in the one file; on a shared disk it
    always is, and there is no write-ahead log."""
    path = tmp_path / "ledger.db"
    ledger = Ledger.open(path, shared_disk=shared_disk)
    keys = add(ledger, *(new_take(f"s{n}_t01") for n in range(50)))
    assert Path(f"{path}-wal").exists() is not shared_disk
    ledger.checkpoint()
    assert _copied_states(path, tmp_path / "1.db") == {"planned": 50}
    ledger.move(keys[0], State.SKIPPED)
    ledger.close()
    assert _copied_states(path, tmp_path / "2.db") == {"planned": 49, "skipped": 1}


def _copied_states(path: Path, copy: Path) -> dict[str, int]:
    copy.write_bytes(path.read_bytes())
    with sqlite3.connect(copy) as db:
        found = dict(db.execute("SELECT state, count(*) FROM takes GROUP BY state"))
    db.close()
    return found


def test_a_ledger_may_change_its_disk(tmp_path: Path) -> None:
    """The journal follows where the file lies now, both ways, and nothing is lost."""
    path = tmp_path / "ledger.db"
    for shared, mode in [(False, "wal"), (True, "delete"), (False, "wal")]:
        ledger = Ledger.open(path, shared_disk=shared)
        ledger.note(mode)
        ledger.close()
        with sqlite3.connect(path) as db:
            assert db.execute("PRAGMA journal_mode").fetchone() == (mode,)
        db.close()
    ledger = Ledger.open(path)
    assert ledger.revision() == 3
    ledger.close()


SECOND = """
import sys
from pathlib import Path
from ledgers import add, new_take
from r2vbatch.ledger import Ledger
ledger = Ledger.open(Path(sys.argv[1]))
for n in range(40):
    add(ledger, new_take(f"{sys.argv[2]}{n}_t01"))
ledger.close()
"""


def test_two_writers_take_turns(tmp_path: Path) -> None:
    """Other verbs may write while a batch runs: nothing of either is lost."""
    Ledger.open(tmp_path / "ledger.db").close()
    writers = [child(SECOND, tmp_path / "ledger.db", name) for name in ("a", "b", "c")]
    for writer in writers:
        writer.communicate(timeout=60)
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    ledger = Ledger.open(tmp_path / "ledger.db")
    assert len(ledger.wanted("live")) == 120
    ledger.close()
