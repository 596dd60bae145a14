"""An output folder made by someone else, with a task in flight at a place of theirs and a yes to
it already in the ledger: it does not get the key."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hostile import Hostile, hostile, http
from studio import KEY, Studio, service

from r2vbatch.dashscope.key import Key
from r2vbatch.errors import Exit

THEIRS = "http://collector.example/api/v1"
"""Not on this machine for the program; the proxy it is told of is, and sees every byte for it."""


@pytest.fixture
def listener() -> Iterator[Hostile]:
    with hostile(lambda service, method, path: http("200 OK", "{}")) as proxy:
        yield proxy


def borrowed(folder: Path, endpoint: str) -> Studio:
    """A folder whose ledger says that a live take of it runs at their place, and that
    a person agreed to it; `endpoint` is what it remembers for a resume."""
    studio = Studio(folder)
    studio.shots("a")
    assert studio.preview().code == Exit.DONE
    with closing(sqlite3.connect(studio.output / "ledger.db")) as db, db:
        columns = ("take, shot, number, fingerprint, shot_fingerprint, model, request, prompt_key,"
                   " estimate, currency, per_second")  # fmt: skip
        db.execute(
            f"INSERT INTO takes (kind, wanted, state, endpoint, task_id, intent_at, submitted_at,"
            f" {columns}) SELECT 'live', 1, 'submitted', ?, 'theirs', ?, ?, {columns} FROM takes",
            (THEIRS, time.time() - 60, time.time() - 60),
        )
        db.execute("INSERT INTO meta SELECT replace(name, 'preview ', 'live '), value FROM meta"
                   " WHERE name LIKE 'preview %'")  # fmt: skip
        db.execute("UPDATE meta SET value = ? WHERE name = 'live endpoint'", (endpoint,))
        added = [("kind", "live"), (f"key may go to {THEIRS}", "yes")]
        db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", added)
    return studio


def guesses(salt: str) -> list[str]:
    """What someone without the key might write for a yes."""
    return ["yes", "1", "", Key("").mark(f"{salt} {THEIRS}"), Key("sk-other").mark(salt)]


@pytest.mark.parametrize(
    "verb",
    [
        "collect",
        pytest.param("resume", marks=pytest.mark.long),
        pytest.param("cancel", marks=pytest.mark.long),
    ],
)
def test_no_verb_sends_the_key_to_a_place_named_by_a_borrowed_ledger(
    tmp_path: Path, listener: Hostile, verb: str
) -> None:
    """Neither the task in flight nor the remembered endpoint is a reason to go there."""
    studio = borrowed(tmp_path / "film", THEIRS)
    words = {"collect": ["out"], "resume": ["out", "--yes"], "cancel": ["out", "a_t01"]}[verb]
    (salt,) = studio.ledger("SELECT value FROM meta WHERE name = 'salt'")[0]
    for guess in guesses(salt):
        with closing(sqlite3.connect(studio.output / "ledger.db")) as db, db:
            db.execute("UPDATE meta SET value = ? WHERE name LIKE 'key may go%'", (guess,))
        result = studio.call(verb, *words, DASHSCOPE_API_KEY=KEY, HTTP_PROXY=listener.url)
        assert result.code not in (Exit.DONE, Exit.BUG), result.out + result.err
        assert not listener.asked


def test_a_run_elsewhere_leaves_their_task_alone(tmp_path: Path, listener: Hostile) -> None:
    """A resume that a person sends to an endpoint of their own does not ask for it either."""
    studio = borrowed(tmp_path / "film", THEIRS)
    with service() as ours:
        result = studio.call(*studio.live_words(ours, verb="resume"), DASHSCOPE_API_KEY=KEY,
                             HTTP_PROXY=listener.url)  # fmt: skip
    assert result.code == Exit.NOT_ALL_DONE, result.out + result.err
    assert "where this key may not go unasked" in result.out + result.err
    assert not listener.asked


def test_a_place_named_by_a_person_gets_the_key(tmp_path: Path, listener: Hostile) -> None:
    """On the command line it is a yes, which also holds for a later `collect`: else the tests
    above would show nothing."""
    studio = borrowed(tmp_path / "film", "preview")
    words = ["run", str(studio.file), "--endpoint", THEIRS, "--yes"]
    with studio.start(*words, DASHSCOPE_API_KEY=KEY, HTTP_PROXY=listener.url) as program:
        while not listener.count("GET", THEIRS):
            assert program.poll() is None
            time.sleep(0.05)
        program.kill()
        program.communicate()
    assert any(KEY.encode() in head for head in listener.asked)
