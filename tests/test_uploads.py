"""Uploads of whole batches: made once, used by later runs, made again when they are gone."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from studio import KEY, Outcome, Studio, account, service

from r2vbatch.emulator import process
from r2vbatch.errors import Exit

HOUR = 3600


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path / "film")


def uploads(at: process.Child) -> int:
    """How many there were, of all accounts."""
    return int(at.stats()["total"]["uploads"])


def make(studio: Studio, at: process.Child, *ids: str, key: str = KEY) -> Outcome:
    """A live run of a storyboard of these shots alone, with two references each."""
    shots: list[dict[str, Any]] = [
        {"id": shot, "prompt": f"@ellen does {shot}, @chelsea looks on."} for shot in ids
    ]
    studio.shots(*shots)
    return studio.call(*studio.live_words(at), DASHSCOPE_API_KEY=key)


def change(studio: Studio, statement: str) -> None:
    """Change the ledger behind the program's back."""
    with contextlib.closing(sqlite3.connect(studio.output / "ledger.db")) as db, db:
        db.execute(statement)


def test_later_runs_use_the_uploads_of_earlier_ones(studio: Studio) -> None:
    """A second run makes none; one with another model, key or place makes its own; one that comes
    when they are about to die makes them again. None of their URLs is told to anybody."""
    with service() as at, service() as elsewhere:
        first = make(studio, at, "a", "b")
        assert (first.code, uploads(at)) == (Exit.DONE, 2)
        assert (make(studio, at, "a", "b", "c").code, uploads(at)) == (Exit.DONE, 2)

        studio.board["model"] = "wan2.6-r2v"
        assert (make(studio, at, "d").code, uploads(at)) == (Exit.DONE, 4)
        other = make(studio, at, "e", key="sk-" + "4d3c2b1a" * 4)
        assert (other.code, uploads(at)) == (Exit.DONE, 6)
        assert (make(studio, elsewhere, "f").code, uploads(elsewhere)) == (Exit.DONE, 2)

        change(studio, f"UPDATE uploads SET made_at = made_at - {46 * HOUR}")
        last = make(studio, at, "g")
        assert (last.code, uploads(at)) == (Exit.DONE, 8)

    urls = [url for (url,) in studio.ledger("SELECT url FROM uploads")]
    assert len(urls) == 8
    told = [text for row in studio.ledger("SELECT why, detail FROM events") for text in row]
    told += [f.read_text(encoding="utf-8") for f in studio.output.glob("results.*")]
    told += [first.out, first.err, last.out, last.err]
    assert not any(url.removeprefix("oss://") in text for url in urls for text in told)


WHEN = pytest.mark.parametrize(
    "oss_refused", ["at_once", pytest.param("later", marks=pytest.mark.long)]
)


@WHEN
def test_an_upload_that_the_service_has_lost(studio: Studio, oss_refused: str) -> None:
    """It is made once more, for all takes that were refused, and none of them fails."""
    with service(oss_refused=oss_refused) as at:
        assert make(studio, at, "a").code == Exit.DONE
        change(studio, "UPDATE uploads SET url = 'oss://lost.png'")
        result = make(studio, at, "a", "b", "c", "d")
        assert result.code == Exit.DONE, result.out
        assert (uploads(at), account(at)["billed_tasks"]) == (4, 4)
        assert make(studio, at, "e").code == Exit.DONE
        assert uploads(at) == 4


@WHEN
def test_a_file_that_the_service_refuses_again(studio: Studio, oss_refused: str) -> None:
    """Takes fail that are refused with a new upload, too: there is one more for each file, not one
    for each take."""
    with service(oss_refused=oss_refused, upload_life=0.0) as at:
        result = make(studio, at, "a", "b", "c")
        assert result.code == Exit.NOT_ALL_DONE, result.out
        assert set(studio.states().values()) == {"failed"}
        assert (uploads(at), account(at)["billed_tasks"]) == (4, 0)


@pytest.mark.long
def test_five_hundred_shots_make_four_uploads(studio: Studio) -> None:
    """A whole batch of them, over four files. (All are refused: their clips are others' matter.)"""
    ellen = (studio.folder / "refs" / "ellen.png").read_bytes()
    for name in ("porch", "rocket"):
        (studio.folder / "refs" / f"{name}.png").write_bytes(ellen + name.encode())
        studio.board["cast"][name] = {"image": f"refs/{name}.png"}
    names = [*studio.board["cast"]]
    studio.shots(
        *({"id": f"sh{n:03}", "prompt": f"@{names[n % 4]} does {n} things."} for n in range(500)),
        limits={"submits_per_second": 500},
    )
    with service("submit:refuse=DataInspectionFailed:1") as at:
        assert studio.live(at).code == Exit.NOT_ALL_DONE
        assert (uploads(at), account(at)["posts"]) == (4, 500)
