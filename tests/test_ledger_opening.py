"""Ledgers that cannot be used: a sentence and a hint for each, and nothing in them touched."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import tempfile
from contextlib import closing, suppress
from decimal import Decimal
from pathlib import Path
from typing import get_args

import pytest
from ledgers import add, new_take, ran, set_back

from r2vbatch.dashscope.model import Upload
from r2vbatch.errors import OutputUnavailable
from r2vbatch.ledger import Kind, Ledger, Move, State, UploadKey, sql
from r2vbatch.ledger.results import as_jsonl, result
from r2vbatch.manifest.model import Money
from r2vbatch.media.model import FileFacts


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A sound ledger of 300 takes, closed."""
    ledger = Ledger.open(tmp_path / "ledger.db")
    add(ledger, *(new_take(f"s{n}_t01") for n in range(300)))
    ledger.close()
    return tmp_path / "ledger.db"


def refused(path: Path, *, create: bool = True) -> str:
    """What opening `path` says; every byte beside it must be as before."""
    before = {p: p.read_bytes() for p in path.parent.iterdir() if p.is_file()}
    with pytest.raises(OutputUnavailable) as said:
        Ledger.open(path, create=create, patience=0.05)
    assert {p: p.read_bytes() for p in path.parent.iterdir() if p.is_file()} == before
    assert said.value.exit_code == 5
    return f"{said.value.message} | {said.value.hint}".replace(str(path), "LEDGER")


def change(path: Path, *statements: str) -> None:
    """Change a database behind the ledger's back."""
    with sqlite3.connect(path) as db:
        for statement in statements:
            db.execute(statement)
    db.close()


def test_a_database_of_another_program(tmp_path: Path) -> None:
    """It is refused as it lies: not a byte of it changes, its journal mode neither."""
    change(tmp_path / "ledger.db", "CREATE TABLE songs (name)", "INSERT INTO songs VALUES ('x')")
    assert refused(tmp_path / "ledger.db") == (
        "LEDGER is a database of another program | choose another output folder with -o, or"
        " another place with --ledger"
    )
    with sqlite3.connect(tmp_path / "ledger.db") as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    db.close()


def test_a_newer_format(path: Path) -> None:
    """A ledger of a later version is left alone."""
    change(path, "PRAGMA user_version = 99")
    assert (
        refused(path)
        == "LEDGER was written by a newer r2vbatch | upgrade r2vbatch to go on with it"
    )


def test_garbage(tmp_path: Path) -> None:
    """A file that is no database."""
    (tmp_path / "ledger.db").write_bytes(b"shots:\n" * 1000)
    assert refused(tmp_path / "ledger.db") == (
        "the ledger LEDGER cannot be used: file is not a database | restore it from a copy; the"
        " clips beside it are not touched"
    )


@pytest.mark.parametrize("part", [0.3, 0.9])
def test_a_truncated_file(path: Path, part: float) -> None:
    """A ledger cut short is damaged, not empty."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * part)])
    assert refused(path) == (
        "the ledger LEDGER cannot be used: database disk image is malformed | restore it from a"
        " copy; the clips beside it are not touched"
    )


def test_damage_in_the_middle(path: Path) -> None:
    """Pages overwritten behind the names of the tables: told at once, not by a step."""
    data = path.read_bytes()
    whole = 20 * 4096  # the names of the tables lie before
    path.write_bytes(data[:whole] + b"\xff" * (len(data) - whole))
    assert "malformed" in refused(path)


def test_a_directory_and_a_missing_folder(tmp_path: Path) -> None:
    """Neither can hold a ledger."""
    (tmp_path / "ledger.db").mkdir()
    assert refused(tmp_path / "ledger.db") == (
        "LEDGER is no file, and a ledger is one | move it elsewhere, or choose another place with"
        " --ledger"
    )
    with pytest.raises(OutputUnavailable, match="unable to open database file") as said:
        Ledger.open(tmp_path / "no" / "ledger.db")
    assert said.value.hint == "see that its folder is there and may be written to"


def test_a_pipe_and_a_device(tmp_path: Path) -> None:
    """What is no file is neither waited for nor written to."""
    os.mkfifo(tmp_path / "ledger.db")
    (tmp_path / "null.db").symlink_to(os.devnull)
    for name in ("ledger.db", "null.db"):
        assert refused(tmp_path / name).startswith("LEDGER is no file, and a ledger is one")


@pytest.mark.parametrize(
    ("changes", "lacking"),
    [
        (["DROP TABLE board"], "table board"),
        (["DROP TABLE moves", "CREATE TABLE moves (key)"], "column moves.target"),
        (["ALTER TABLE takes DROP COLUMN flags"], "column takes.flags"),
        (["DROP INDEX one_wanted_take"], "index one_wanted_take"),
        (["DROP TABLE uploads"], "table uploads"),
    ],
)
def test_a_ledger_that_is_not_whole(path: Path, changes: list[str], lacking: str) -> None:
    """One of an unfinished version, or tampered with: what it lacks is named, whoever opens it."""
    change(path, *changes)
    for create in (True, False):
        assert refused(path, create=create).startswith(
            f"the ledger LEDGER is not whole: it has no {lacking} | an unfinished r2vbatch made it"
        )


def test_a_ledger_of_the_format_before(path: Path) -> None:
    """It is read as it is, money that was lost and all; a run gives it the tables it lacks, and
    leaves the rest alone."""
    set_back(path, 1)
    change(path, "UPDATE takes SET lost = '0.75', per_second = '0.15' WHERE key = 7")
    reader = Ledger.open(path, create=False)
    salt, takes, purses = reader.salt, reader.known("live"), reader.purses()
    assert [purse.spent for purse in purses] == [Money(Decimal("0.75"), "USD")]
    reader.close()
    key = UploadKey("0" * 64, "wan2.6-r2v", "https://h.example/api/v1", "0a1b2c3d")
    for _ in range(2):
        ledger = Ledger.open(path)
        assert (ledger.salt, ledger.known("live"), ledger.purses()) == (salt, takes, purses)
        ledger.set_upload(key, Upload("oss://there", 1.0))
        ledger.close()
    later = Ledger.open(path, create=False)
    assert later.upload(key) == Upload("oss://there", 1.0)
    assert later.upload(key._replace(mark="another")) is None
    later.close()


def test_an_empty_file(tmp_path: Path) -> None:
    """Nothing is read from it; a run, which may have died while it made it, makes it whole."""
    (tmp_path / "ledger.db").touch()
    assert refused(tmp_path / "ledger.db", create=False).startswith("the ledger LEDGER is empty")
    Ledger.open(tmp_path / "ledger.db").close()
    Ledger.open(tmp_path / "ledger.db", create=False).close()


def test_no_ledger_is_made_where_one_is_only_read(tmp_path: Path) -> None:
    """`status` and `resume` make nothing."""
    with pytest.raises(OutputUnavailable, match="no ledger here"):
        Ledger.open(tmp_path / "ledger.db", create=False)
    assert list(tmp_path.iterdir()) == []


def test_locked_by_another_writer(path: Path) -> None:
    """Another program that keeps writing: waited for, then named as the reason."""
    ledger = Ledger.open(path, patience=0.05)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert refused(path) == (
        "the ledger LEDGER cannot be used: database is locked | another program is writing to"
        " it: wait for it, or close it"
    )
    with pytest.raises(OutputUnavailable, match="locked"):
        ledger.move(1, State.SUBMITTING)
    other.execute("ROLLBACK")
    other.close()
    assert ledger.move(1, State.SUBMITTING).state is State.SUBMITTING
    ledger.close()


def test_failed_openings_leave_nothing_open(path: Path) -> None:
    """A refused ledger is let go of at once: the next one may write."""
    change(path, "PRAGMA user_version = 99")
    before = len(os.listdir("/dev/fd"))
    with pytest.raises(OutputUnavailable) as said:
        Ledger.open(path)
    assert len(os.listdir("/dev/fd")) == before
    assert said.tb is not None  # what holds the frames, and all they name, is still here


READ_ONLY = """
import os, sys
from pathlib import Path
from r2vbatch.errors import OutputUnavailable
from r2vbatch.ledger import Ledger
if os.getuid() == 0:
    os.setuid(65534)
try:
    Ledger.open(Path(sys.argv[1])).note("x")
except OutputUnavailable as said:
    print(said.message.replace(sys.argv[1], "LEDGER"), "|", said.hint)
"""


@pytest.mark.parametrize("what", ["file", "folder"])
def test_read_only(path: Path, what: str) -> None:
    """A ledger, or its folder, that may not be written to."""
    folder = Path(tempfile.mkdtemp())  # pytest's own folders are closed to other users
    copy = folder / "ledger.db"
    shutil.copyfile(path, copy)
    copy.chmod(0o444 if what == "file" else 0o666)
    folder.chmod(0o777 if what == "file" else 0o555)
    code, lines = ran(READ_ONLY, copy)
    folder.chmod(0o700)
    shutil.rmtree(folder)
    assert code == 0
    assert lines[0].startswith("the ledger LEDGER cannot be used: ")
    assert "permissions" in lines[0] or "may be written to" in lines[0]


FULL = """
import resource, sys
from pathlib import Path
from ledgers import add, new_take
from r2vbatch.errors import OutputUnavailable
from r2vbatch.ledger import Ledger, State
path = Path(sys.argv[1])
ledger = Ledger.open(path)
if sys.argv[2] == "pages":
    pages = ledger._db.execute("PRAGMA page_count").fetchone()[0]
    ledger._db.execute(f"PRAGMA max_page_count = {pages + 5}")
else:
    soft = path.stat().st_size + 100_000
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, soft))
try:
    for n in range(10_000):
        (key,) = add(ledger, new_take(f"full{n}_t01"))
        print(key, flush=True)
except OutputUnavailable as said:
    print(said.message.replace(sys.argv[1], "LEDGER"), "|", said.hint)
    print(len(ledger.purses()), len(ledger.wanted("live")))
"""


@pytest.mark.parametrize(
    ("limit", "reason"), [("pages", "database or disk is full"), ("file", "disk I/O error")]
)
def test_a_full_disk(path: Path, limit: str, reason: str) -> None:
    """A write that does not fit is said with its own reason, is undone as a whole, and costs
    none of what was committed before."""
    code, lines = ran(FULL, path, limit)
    assert code == 0
    *keys, said, after = lines
    assert said == (
        f"the ledger LEDGER cannot be used: {reason} | free some room, check the disk, and run"
        " again; nothing is lost"
    )
    assert after == f"0 {300 + len(keys)}"
    ledger = Ledger.open(path)
    assert len(ledger.wanted("live")) == 300 + len(keys) > 300
    ledger.close()


NOT_OURS = [
    None, "", "x", "-1", "NaN", "Infinity", "1e999", "{", "[]", "[1]", "{}", '{"a": []}', '"t"',
    "[" * 100_000, b"\xff\x00", -1, 7, 2**63 - 1, float("inf"), float("-inf"), 1e300,
]  # fmt: skip


@pytest.fixture(scope="module")
def lived_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger with a row in each of its tables."""
    ledger = Ledger.open(tmp_path_factory.mktemp("ledger") / "ledger.db")
    a, b = add(ledger, new_take("a_t01"), new_take("b_t01"))
    for key, task in ((a, "task-1"), (b, "task-2")):
        ledger.move(key, State.SUBMITTING, endpoint="https://e.example", intent_at=1.7e9)
        ledger.created(key, task, submitted_at=1.7e9)
    ledger.move(b, State.EXPIRED)
    ledger.move(b, State.PLANNED)  # a loss
    ledger.set_board([("a_t01", "f-a_t01")])
    ledger.set_upload(UploadKey("s", "m", "e", "k"), Upload("oss://x", 1.7e9))
    ledger.put(Path("a.png"), 1, 1, FileFacts("s", 1, "image", None, 8, 8))
    ledger.set_meta(kind="live")
    ledger.circle(a)
    ledger.add_note(a, "good", 1.0)
    ledger.ask_again("a", "live", agreed=Money(Decimal("0.1"), "USD"))
    ledger.continue_from(b, a, "s", ledger.take(b).request)
    ledger.apply(fresh=(), named=(), unwanted=(), moves=[Move(a, "x", "y")])
    ledger.close()
    return ledger.path


def answers(ledger: Ledger) -> None:
    """Ask an open ledger all there is to ask."""
    for kind in get_args(Kind):
        for ask in (
            ledger.wanted, ledger.unfinished, ledger.standing, ledger.known, ledger.files,
            ledger.transitions, ledger.stale,
        ):  # fmt: skip
            ask(kind)
    for say in (
        ledger.shown, ledger.marks, ledger.counts, ledger.purses, ledger.reasons, ledger.moves,
        ledger.storyboard, ledger.notes, ledger.retakes, ledger.sources, ledger.revision,
        ledger.tasks,
    ):  # fmt: skip
        say()
    ledger.upload(UploadKey("s", "m", "e", "k"))
    ledger.get(Path("a.png"), 1, 1)
    as_jsonl(map(result, ledger.shown()))


@pytest.mark.parametrize(
    "odd",
    ["state = 'zzz'", "flags = '{'", "request = '[]'", "request = ']'", "cost = 'x'",
     "per_second = '{\"a\": []}'", "marks = '7'", "ended_at = 9e999", "number = -1",
     "fingerprint = 'a' || char(0) || 'b'", "fingerprint = '../x'"],
)  # fmt: skip
def test_a_value_that_is_not_ours(path: Path, odd: str) -> None:
    """It is found as the ledger is opened; a sentence names the column, and nothing is touched."""
    change(path, f"UPDATE takes SET {odd} WHERE take = 's7_t01'")
    column = f"takes.{odd.partition(' ')[0]}"
    assert refused(path).startswith(
        f"the ledger LEDGER holds what r2vbatch did not write: {column}"
    )


@pytest.mark.parametrize("at", [0.0, 7_258_118_399.0])
def test_the_farthest_that_a_service_may_say(path: Path, at: float) -> None:
    """What the decoder lets through (1970 to 2199, a thousand million seconds at the dearest price,
    a clock as wrong as that) is ours: the ledger opens again."""
    ledger = Ledger.open(path, clock=lambda: at)
    ledger.move(1, State.SUBMITTING, intent_at=at, clock_offset=2 * at - 7_258_118_399.0)
    ledger.created(1, "task-1", submitted_at=at, request_id="\ud800", post_ended_at=at)
    dearest = Decimal(10**9) * Decimal("999999.999999999")
    ledger.move(
        1, State.RUNNING, "\udfff",
        started_at=at, ended_at=at, link_expires=at, billed_seconds=Decimal(10**9), cost=dearest,
        flags=["\x00"], error_code="7", error_message="http://x/?sig=[\\",
    )  # fmt: skip
    ledger.close()
    with closing(Ledger.open(path)) as again:
        assert (again.take(1).cost, again.take(1).ended_at) == (dearest, at)
        answers(again)


@pytest.mark.long
def test_whatever_a_column_holds(lived_in: Path) -> None:
    """Changed by hand, or by somebody who sent the ledger: a sentence names the column, or every
    question is answered all the same; and as it was written, it opens."""
    sound = lived_in.read_bytes()
    with closing(sqlite3.connect(lived_in)) as db:
        columns = [name for (name,) in db.execute(sql.SHAPE) if name.startswith("column ")]
    refused = set()
    for column in columns:
        table, _, name = column.removeprefix("column ").partition(".")
        for value in NOT_OURS:
            with closing(sqlite3.connect(lived_in, isolation_level=None)) as db:
                db.execute("PRAGMA ignore_check_constraints = ON")
                with suppress(sqlite3.IntegrityError, OverflowError):  # what SQLite itself refuses
                    db.execute(f"UPDATE {table} SET {name} = ?", (value,))
            try:
                with closing(Ledger.open(lived_in, create=False)) as ledger:
                    answers(ledger)
            except OutputUnavailable as said:
                assert f"{table}.{name}" in said.message or "cannot be read" in said.message
                refused.add(f"{table}.{name}")
            lived_in.write_bytes(sound)
    with closing(Ledger.open(lived_in)) as ledger:
        answers(ledger)
    assert len(refused) > 50


INSIDE = [
    {"input": {}}, {"input": {"prompt": 7}}, {"input": {"prompt": "x", "reference_urls": [1]}},
    {"input": {"prompt": "x", "media": [1]}}, {"input": {"prompt": "x"}, "parameters": [1]},
    *({"input": {"prompt": "x"}, "parameters": {name: value}} for name, value in (
        ("size", "9"), ("size", 7), ("resolution", "4K"), ("duration", "2"), ("duration", -1),
        ("seed", {}),
    )),
]  # fmt: skip


@pytest.mark.parametrize("request_", INSIDE, ids=json.dumps)
def test_a_request_that_is_not_ours(path: Path, request_: dict[str, object]) -> None:
    """Its inside is looked at where it is read; a sentence names the take."""
    change(path, f"UPDATE takes SET request = '{json.dumps(request_)}' WHERE take = 's7_t01'")
    with (
        closing(Ledger.open(path)) as ledger,
        pytest.raises(OutputUnavailable, match="a take that cannot be read: s7_t01"),
    ):
        ledger.wanted("live")


@pytest.mark.parametrize("column", ["flags", "marks"])
def test_a_take_that_nobody_can_read(path: Path, column: str) -> None:
    """Changed while the ledger is open, which nobody looks through then: a sentence names it."""
    ledger = Ledger.open(path)
    change(path, f"UPDATE takes SET {column} = '{{' WHERE take = 's7_t01'")
    with pytest.raises(OutputUnavailable, match="a take that cannot be read: s7_t01"):
        ledger.wanted("live")
    ledger.close()
