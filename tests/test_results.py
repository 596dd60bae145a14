"""results.csv and results.jsonl: columns, types, nulls, and no signed link."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledgers import add, bring, new_take

from r2vbatch.ledger import Ledger, State
from r2vbatch.ledger.results import COLUMNS, as_csv, as_jsonl, iso, result, shown_reference
from r2vbatch.visible import visible

# as design 9 lists them
DESIGN = """shot, take, kind, status,
flags, clip, model, endpoint, prompt, references, size, duration, seed, audio, task_id, request_id,
attempts, submitted_at, started_at, ended_at, billed_seconds, cost, currency, estimate, sha256,
bytes, error_code, error_message"""
SIGNED = "https://bucket.example.com/a%20b.png?Expires=1790000000&OSSAccessKeyId=x&Signature=s3cret"
AWKWARD = 'She says: "no, 雨子",\r\nthen\rleaves\n\t| 🎬'


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """An open ledger, closed afterwards."""
    opened = Ledger.open(tmp_path / "ledger.db")
    yield opened
    opened.close()


def done_row(ledger: Ledger) -> dict[str, Any]:
    """A finished take with everything known, and awkward texts."""
    request = {
        "model": "wan2.6-r2v-flash",
        "input": {"prompt": AWKWARD,
                  "reference_urls": [SIGNED, "oss://PENDING/abc/%E9%9B%A8%20%231.png"]},
        "parameters": {"size": "720*1280", "duration": 5, "seed": 8, "audio": False},
    }  # fmt: skip
    (key,) = add(ledger, new_take("sh010_t02", request=request))
    bring(ledger, key, State.DONE, endpoint="https://dashscope-intl.aliyuncs.com/api/v1",
          attempts=2, task_id="t-1", request_id="r-1", submitted_at=1.0, started_at=61.25,
          ended_at=1_800_000_000.5, billed_seconds=Decimal("10"), cost=Decimal("1.50"),
          file="clips/sh010_t02.mp4", sha256="ab" * 32, bytes=1234, flags=["size", "no-sound"],
          link=SIGNED, link_expires=2.0)  # fmt: skip
    return result(ledger.take(key))


def planned_row(ledger: Ledger) -> dict[str, Any]:
    """A take of which nothing is known yet, in a request that leaves all to the service."""
    request = {"model": "wan2.6-r2v", "input": {"prompt": "p", "reference_urls": []}}
    (key,) = add(ledger, new_take("z_t01", "preview", model="wan2.6-r2v", request=request,
                                  estimate=None, currency=None, per_second={}))  # fmt: skip
    return result(ledger.take(key))


def test_the_columns_are_the_designs() -> None:
    """In its order, no more and no fewer."""
    assert ", ".join(COLUMNS) == DESIGN.replace("\n", " ")


def test_a_finished_take(ledger: Ledger) -> None:
    """Numbers are numbers, booleans booleans, times UTC; references by name or without query."""
    assert done_row(ledger) == {
        "shot": "sh010", "take": "sh010_t02", "kind": "live", "status": "done",
        "flags": ["size", "no-sound"], "clip": "clips/sh010_t02.mp4",
        "model": "wan2.6-r2v-flash", "endpoint": "https://dashscope-intl.aliyuncs.com/api/v1",
        "prompt": AWKWARD,
        "references": ["https://bucket.example.com/a%20b.png", "雨 #1.png"],
        "size": "720*1280", "duration": 5, "seed": 8, "audio": False, "task_id": "t-1",
        "request_id": "r-1", "attempts": 2, "submitted_at": "1970-01-01T00:00:01.000Z",
        "started_at": "1970-01-01T00:01:01.250Z", "ended_at": "2027-01-15T08:00:00.500Z",
        "billed_seconds": 10, "cost": 1.5, "currency": "USD", "estimate": 1.5,
        "sha256": "ab" * 32, "bytes": 1234, "error_code": None, "error_message": None,
    }  # fmt: skip


def test_what_is_not_known_is_null(ledger: Ledger) -> None:
    """Of a planned take only what was asked is known."""
    known = {name: value for name, value in planned_row(ledger).items() if value is not None}
    assert known == {
        "shot": "z", "take": "z_t01", "kind": "preview", "status": "planned", "flags": [],
        "model": "wan2.6-r2v", "prompt": "p", "references": [], "attempts": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("model", "parameters", "size"),
    [
        ("wan2.7-r2v", {"resolution": "720P", "ratio": "9:16"}, "720*1280"),
        ("wan2.7-r2v", {"resolution": "1080P", "ratio": "4:3"}, "1632*1248"),
        ("of-our-own", {"resolution": "1080P", "ratio": "1:1"}, "1440*1440"),
        ("wan2.7-r2v", {"resolution": "720P"}, None),
        ("wan2.7-r2v", {}, None),
    ],
)
def test_a_size_asked_in_other_words(
    ledger: Ledger, model: str, parameters: dict[str, Any], size: str | None
) -> None:
    """A tier and a ratio are a size in pixels too; a shape that was left open is none."""
    request = {"model": model, "input": {"prompt": "p", "media": []}, "parameters": parameters}
    (key,) = add(ledger, new_take("a_t01", model=model, request=request))
    assert result(ledger.take(key))["size"] == size


def test_json_lines_are_one_object_a_row(ledger: Ledger) -> None:
    """Each line stands for itself, keys in order, text readable as written."""
    rows = [done_row(ledger), planned_row(ledger)]
    lines = as_jsonl(rows).split("\n")
    assert [json.loads(line) for line in lines[:-1]] == rows
    assert lines[-1] == ""
    assert [list(json.loads(line)) for line in lines[:-1]] == [list(COLUMNS)] * 2
    assert "雨子" in lines[0]


def test_csv_reads_back_as_rfc_4180_says(ledger: Ledger) -> None:
    """Quotes doubled, commas, CJK and line feeds inside a cell kept, CRLF between rows, empty
    for what is not known, lists joined by `|`."""
    text = as_csv([done_row(ledger), planned_row(ledger)])
    head, done, planned = csv.reader(io.StringIO(text, newline=""), strict=True)
    assert head == list(COLUMNS)
    cells = dict(zip(head, done, strict=True))
    assert cells["prompt"] == AWKWARD.replace("\r", "␍")
    assert (cells["flags"], cells["audio"], cells["cost"]) == ("size|no-sound", "false", "1.5")
    assert cells["references"] == "https://bucket.example.com/a%20b.png|雨 #1.png"
    assert dict(zip(head, planned, strict=True))["cost"] == ""
    assert text.count("\r\n") == 3
    assert '"She says: ""no, 雨子"",␍\nthen␍leaves' in text


def test_no_signature_leaves_the_ledger(ledger: Ledger) -> None:
    """Not by a reference, a link or a service's message that names one; the history has none."""
    rows = [done_row(ledger)]
    (key,) = add(ledger, new_take("bad_t01"))
    said = f'cannot download "{SIGNED}", nor {SIGNED}；下载失败'
    bring(ledger, key, State.FAILED, error_message=said, error_code="InvalidURL")
    ledger.move(key, State.PLANNED, f"asked again: {said}")
    ledger.move(key, State.FAILED, said, error_message=said)
    ledger.note(said, url=SIGNED)
    rows.append(result(ledger.take(key)))
    assert rows[1]["error_message"] == (
        'cannot download "https://bucket.example.com/a%20b.png", nor'
        " https://bucket.example.com/a%20b.png；下载失败"
    )
    for text in (as_csv(rows), as_jsonl(rows), repr(ledger.events(key))):
        assert "s3cret" not in text
        assert "a%20b.png" in text


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://x.example/a.mp4", "https://x.example/a.mp4"),
        ("https://x.example/a.mp4?sig=1#t=2", "https://x.example/a.mp4"),
        ("oss://bucket/dir/a.mp4?sig=1", "oss://bucket/dir/a.mp4"),
        ("oss://PENDING/0123/hello%20world%3F.png", "hello world?.png"),
    ],
)
def test_a_reference_is_shown_by_name_or_without_its_query(url: str, shown: str) -> None:
    """A local file by its name, a URL as far as it is no secret."""
    assert shown_reference(url) == shown


@given(st.lists(st.text(st.characters()), min_size=1, max_size=4))
def test_any_text_survives_both_forms(texts: list[str]) -> None:
    """Whatever a prompt or a message holds, both files can be written as UTF-8 and read back,
    row by row: JSON lines exactly, CSV with nothing in it that a terminal would obey."""
    rows = [{**dict.fromkeys(COLUMNS), "prompt": text} for text in texts]
    jsonl, table = as_jsonl(rows).encode().decode(), as_csv(rows).encode().decode()
    assert [json.loads(line)["prompt"] for line in jsonl.split("\n")[:-1]] == texts
    cells = list(csv.reader(io.StringIO(table, newline=""), strict=True))[1:]
    shown = [visible(text, keep="\t\n") for text in texts]
    assert [row[COLUMNS.index("prompt")].removeprefix("'") for row in cells] == [
        text.removeprefix("'") for text in shown
    ]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "plain", "1=2", "'x"])
def test_a_spreadsheet_takes_no_words_for_a_formula(text: str) -> None:
    """A prompt or a message that begins like a formula gets an apostrophe, in CSV alone; other
    columns are as they are."""
    row = {**dict.fromkeys(COLUMNS), "prompt": text, "error_message": text, "seed": -1}
    (cells,) = csv.DictReader(io.StringIO(as_csv([row]), newline=""))
    expected = f"'{text}" if text[0] in "=+-@\t" else text
    assert (cells["prompt"], cells["error_message"], cells["seed"]) == (expected, expected, "-1")
    assert json.loads(as_jsonl([row]))["prompt"] == text


def test_times_are_utc() -> None:
    """ISO 8601 with milliseconds and a Z; nothing is made of nothing."""
    assert iso(1763802000.1239) == "2025-11-22T09:00:00.123Z"
    assert iso(None) is None
