"""Shot tables: what a cell means, where it stands, and that a row is a shot like any other."""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r2vbatch.diagnostics import Diagnostic, as_text
from r2vbatch.manifest import load, load_text
from r2vbatch.manifest.model import Manifest, Reading, Shot
from r2vbatch.manifest.tables.records import cells_of, records, spans

HEAD = """version: 1
model: wan2.6-r2v-flash
cast:
  ellen: https://example.com/ellen.png
  小雨: https://example.com/rain.png
"""


def read(name: str, table: str) -> Reading:
    """A manifest whose shots stand in `table`."""
    return load_text(f"{HEAD}shots: {name}\n", "/nowhere/film.yaml", "film.yaml", table=table)


def sound(name: str, table: str) -> Manifest:
    """The same, which must have no problem."""
    reading = read(name, table)
    assert as_text(reading.diagnostics) == "no problems\n"
    assert reading.manifest is not None
    return reading.manifest


def underlined(found: Diagnostic) -> str:
    """What the carets stand under."""
    place = found.position
    return place.source[place.column - 1 :][: place.width]


@pytest.mark.parametrize(
    ("file", "rule", "words"),
    [
        ("shot.csv", "missing-file", "did you mean shots.csv?"),
        ("other/shots.csv", "missing-file", "there is no folder other"),
        ("folder.csv", "not-a-file", "folder.csv is a folder; give one .csv, .tsv or .jsonl file"),
        ("shots.xlsx", "not-a-table", "save the sheet as CSV (UTF-8)"),
        ("shots.json", "not-a-table", "write one object a line, and name it .jsonl"),
        ("shots", "not-a-table", "files without a suffix"),
        ("https://example.com/shots.csv", "not-a-table", "a URL"),
        ('"nul\\0.csv"', "missing-file", "no such file"),
        ("~/shots.csv", "missing-file", "~ is not expanded"),
        ("pipe.csv", "not-a-file", "not a regular file"),
    ],
)
def test_what_is_no_table(tmp_path: Path, file: str, rule: str, words: str) -> None:
    """A path that leads to no table is one problem, at the path itself, with what to do."""
    (tmp_path / "shots.csv").write_text("id,prompt\na,@ellen\n")
    (tmp_path / "folder.csv").mkdir()
    os.mkfifo(tmp_path / "pipe.csv")
    manifest = tmp_path / "film.yaml"
    manifest.write_text(f"{HEAD}shots: {file}\n", "utf-8")
    [found] = load(manifest, "film.yaml").diagnostics
    assert (found.rule, found.position.line, found.position.column) == (rule, 6, 8)
    assert words in f"{found.message}; {found.hint}"


def test_a_table_too_large(tmp_path: Path) -> None:
    """A file over the limit is refused before it is read as a table."""
    with (tmp_path / "shots.csv").open("wb") as stream:
        stream.truncate(64 * 1024 * 1024 + 1)
    manifest = tmp_path / "film.yaml"
    manifest.write_text(HEAD + "shots: shots.csv\n", "utf-8")
    assert [one.rule for one in load(manifest).diagnostics] == ["file-too-large"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    """What Excel saves, as CSV UTF-8 with its mark or as Unicode text, is read."""
    (tmp_path / "shots.csv").write_text("id\tprompt\r\na\t@小雨走进来\r\n", encoding)
    manifest = tmp_path / "film.yaml"
    manifest.write_text(HEAD + "shots: shots.csv\n", "utf-8")
    read = load(manifest).manifest
    assert read is not None
    assert [shot.prompt.text for shot in read.shots] == ["@小雨走进来"]


@pytest.mark.parametrize(
    ("cell", "value"),
    [("5", 5), (" 5 ", 5), ("5.0", 5), ("5.", 5), ("+5", 5), ("05", 5), ("５", 5), ("5,0", None),
     ("5.5", None), ("5s", None), ("1E+01", None), ("9" * 400, None), ("five", None)],
)  # fmt: skip
def test_numbers(cell: str, value: int | None) -> None:
    """A whole number is one however a spreadsheet shows it; anything else is pointed at."""
    reading = read("s.csv", f'id,prompt,duration\na,@ellen,"{cell}"\n')
    assert reading.manifest is not None
    assert reading.manifest.shots[0].settings.get("duration") == value
    assert [one.rule for one in reading.diagnostics] == ([] if value else ["wrong-type"])


@pytest.mark.parametrize(
    ("cell", "value"),
    [("TRUE", True), ("false", False), ("Yes", True), ("0", False), ("1", True), ("", None)],
)
def test_truth(cell: str, value: bool | None) -> None:
    """Boxes are ticked as spreadsheets write it; an empty cell is a key not given."""
    shot = sound("s.csv", f"id,prompt,audio\na,@ellen,{cell}\n").shots[0]
    assert shot.settings.get("audio") is value


@pytest.mark.parametrize("cell", ["16:9", "16:09", "16:09:00"])
def test_ratios_that_became_times(cell: str) -> None:
    """A spreadsheet takes 16:9 for a time of day; it is a ratio again."""
    shot = sound("s.csv", f"id,prompt,ratio\na,@ellen,{cell}\n").shots[0]
    assert shot.settings["ratio"] == "16:9"


def test_a_comma_in_a_number() -> None:
    """Between semicolons, as Excel writes in most of Europe, 5,0 is 5."""
    assert sound("s.csv", "id;prompt;duration\na;@ellen, hi;5,0\n").shots[0].settings == {
        "duration": 5
    }


CELLS = st.text('ab ,;"\t\n雨|', max_size=6)
ROWS = st.lists(st.lists(CELLS, min_size=1, max_size=4), min_size=1, max_size=4)


@given(ROWS, st.sampled_from([",", ";", "\t"]), st.sampled_from(["\n", "\r\n"]))
def test_places_of_cells(rows: list[list[str]], delimiter: str, end: str) -> None:
    """Where we say that a cell stands, stands what `csv` says it holds."""
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=end).writerows(rows)
    text = out.getvalue()
    found = list(records(text, 0, delimiter))
    assert "".join(text[start:stop] for (start, stop), _ in found) == text
    for (row, cells), written in zip(found, rows, strict=True):
        assert isinstance(cells, list)
        assert cells_of(text, row, delimiter) == cells
        assert [cell.strip() for cell in cells] == [cell.strip() for cell in written]
        places = [text[start:stop] for start, stop in spans(text, row, delimiter)]
        assert [bare(place) for place in places] == [cell.strip() for cell in cells]


def bare(written: str) -> str:
    """What a cell holds, from what stands there."""
    inner = written[1:-1].replace('""', '"') if written.startswith('"') else written
    return inner.strip()


@given(st.text('id,prompt;\t"\n\r@ellen{}[]:1\\u|', max_size=80), st.sampled_from(["csv", "jsonl"]))
def test_no_text_raises(text: str, suffix: str) -> None:
    """Whatever a table holds, there is an answer, with places in the file."""
    head = "id,prompt\n" if suffix == "csv" else ""
    for one in read(f"s.{suffix}", head + text).diagnostics:
        assert 1 <= one.position.column <= len(one.position.source) + 1


SHOTS = st.fixed_dictionaries(
    {"prompt": st.text('a "雨,|\n', max_size=8).map(lambda text: f"@ellen {text}.")},
    optional={
        "duration": st.integers(2, 10),
        "audio": st.booleans(),
        "cast": st.just(["ellen", "小雨"]),
        "negative_prompt": st.text('b",', min_size=1, max_size=4),
        "takes": st.integers(1, 3),
        "seed": st.integers(0, 9),
    },
)


def meant(shot: Shot) -> dict[str, Any]:
    """A shot without its places."""
    return {
        "id": shot.id,
        "prompt": shot.prompt.text,
        "negative": shot.negative_prompt,
        "references": [reference.name for reference in shot.references],
        "settings": dict(shot.settings),
        "takes": shot.takes,
        "after": shot.after,
    }


def as_csv(shots: list[dict[str, Any]]) -> str:
    """The same shots as a spreadsheet would save them."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(dict.fromkeys(key for shot in shots for key in shot)))
    writer.writeheader()
    for shot in shots:
        writer.writerow({k: "|".join(v) if isinstance(v, list) else v for k, v in shot.items()})
    return out.getvalue()


@settings(max_examples=60)
@given(st.lists(SHOTS, min_size=1, max_size=3))
def test_a_row_is_a_shot(found: list[dict[str, Any]]) -> None:
    """The same storyboard means the same in YAML, in CSV and in JSON lines."""
    shots = [{"id": f"sh{number}", **shot} for number, shot in enumerate(found)]
    lines = "".join(json.dumps(shot) + "\n" for shot in shots)
    listed = load_text(HEAD + f"shots: {json.dumps(shots)}\n", "/nowhere/film.yaml").manifest
    assert listed is not None
    expected = [meant(shot) for shot in listed.shots]
    for name, table in (("s.csv", as_csv(shots)), ("s.jsonl", lines)):
        reading = read(name, table)
        assert reading.manifest is not None
        assert [meant(shot) for shot in reading.manifest.shots] == expected


@given(st.text('a"雨\n\\😀', max_size=8), st.sampled_from(["s.csv", "s.jsonl"]))
def test_a_word_is_pointed_at(before: str, name: str) -> None:
    """A mistake behind quotes, escapes and line breaks is underlined where it was written."""
    prompt = f"@ellen {before} @stranger"
    row = {"id": "a", "prompt": prompt}
    table = as_csv([row]) if name == "s.csv" else json.dumps(row) + "\n"
    assert [underlined(one) for one in read(name, table).diagnostics] == ["@stranger"]


def test_variations_in_columns() -> None:
    """`vary.NAME` gives the values of NAME, each pointed at in its own place."""
    table = "id,prompt,vary.lens,vary.Time\na,@ellen ${lens} ${Time},wide|@close,dawn\n"
    reading = read("s.csv", table)
    assert reading.manifest is not None
    assert [shot.id for shot in reading.manifest.shots] == ["a-1", "a-2"]
    assert [underlined(one) for one in reading.diagnostics] == ["@close"]


def test_references_in_a_cell() -> None:
    """The reference form works from a table; each URL is a reference of its own."""
    table = "id,prompt,references\na,character1 waves,https://x.com/a.png|https://x.com/b.mp4\n"
    shot = sound("s.csv", table).shots[0]
    assert [(one.url, one.kind) for one in shot.references] == [
        ("https://x.com/a.png", "image"),
        ("https://x.com/b.mp4", "video"),
    ]


def test_a_row_may_wait_for_one_that_is_lost() -> None:
    """Where a row could not be read, no other is blamed for naming its shot."""
    table = 'id,prompt,after\na,"x"y,\nb,@ellen,a\n'
    assert [one.rule for one in read("s.csv", table).diagnostics] == ["broken-row"]


@pytest.mark.parametrize(
    ("name", "table", "rules"),
    [
        ("s.csv", f"id,prompt\na,@ellen\nb,{',' * 2_000_000}\n", {"broken-row"}),
        ("s.csv", f"id,prompt\na,@ellen\nb,\"{'x' * 200_000}\"\n", {"broken-row"}),
        ("s.csv", f"id,prompt\na,@ellen\nb,\"{'x' * 2_000_000}\n", {"broken-row"}),
        ("s.csv", ",".join(f"c{n}" for n in range(100_000)) + "\n", {"missing-column"}),
        ("s.csv", f"id,prompt,{','.join(f'vary.c{n}' for n in range(50_000))}\na,@ellen\n", set()),
        ("s.jsonl", f'{{"id": "a", "cast": [{"[],[]," * 400_000}[]]}}\n', {"broken-row"}),
        ("s.jsonl", f'{{"id": "a", "prompt": "@ellen", "cast": {"[" * 9_000}\n', {"broken-row"}),
        ("s.jsonl", f'{{"id": "a", "prompt": "@ellen", "x-n": {"9" * 9_000}}}\n', {"broken-row"}),
    ],
    ids=["commas", "cell", "quote", "unknown", "columns", "lists", "nested", "digits"],
)  # fmt: skip
def test_rows_without_end(name: str, table: str, rules: set[str]) -> None:
    """A row made to fill the memory, or to take for ever, is one problem found at once."""
    assert {one.rule for one in read(name, table).diagnostics} == rules
