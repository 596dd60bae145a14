"""`import`: production shot lists become manifests that need references and nothing else."""

from __future__ import annotations

import csv
import io
import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from studio import PROGRAM

from r2vbatch import catalogue
from r2vbatch.errors import Exit, UsageProblem
from r2vbatch.manifest import load_text
from r2vbatch.planning import plan
from r2vbatch.shotlist import draft, manifest_text, read_shot_list
from r2vbatch.shotlist.lengths import fitted, length

CASES = Path(__file__).parent / "shotlists"
LISTS = sorted([*CASES.glob("*.csv"), *CASES.glob("*.tsv")])
CATALOGUE = catalogue.load()
TO_DO = {"missing-file", "empty"}
"""What a person adds: references, and what is seen where the list does not say it."""


def imported(file: Path) -> str:
    """The manifest that `file` becomes."""
    model = CATALOGUE.model("wan2.6-r2v-flash")
    assert model is not None
    found = read_shot_list(file, file.name)
    return manifest_text(found, draft(found, model), model, "manifest.schema.json")


def call(*args: str) -> subprocess.CompletedProcess[str]:
    """The program, run with `args`."""
    return subprocess.run(
        [*PROGRAM, *args], capture_output=True, text=True, encoding="utf-8", timeout=60
    )


def rules(text: str) -> set[str]:
    """What `check` would say of a manifest, warnings too."""
    reading = load_text(text, "/nowhere/film.yaml")
    assert reading.manifest is not None
    found = [*reading.diagnostics, *plan(reading.manifest, {}, CATALOGUE).diagnostics]
    return {one.rule for one in found}


@pytest.mark.parametrize("file", LISTS, ids=lambda file: file.name)
def test_import(file: Path) -> None:
    """A list becomes the manifest beside it, which lacks its references and nothing else."""
    expected = file.with_suffix(".yaml")
    text = imported(file)
    if os.environ.get("R2VBATCH_UPDATE"):
        expected.write_text(text, encoding="utf-8")
    assert text == expected.read_text(encoding="utf-8")
    assert "missing-file" in rules(text)
    assert rules(text) <= TO_DO


CELLS = st.text("Ellen Mr. O'Hara@$:\"#|\n雨é\u0301-_/5", max_size=12)
COLUMNS = ["Scene", "Shot", "Characters", "Description", "Dialogue", "Shot Size", "Nb Frames"]


@settings(max_examples=60)
@given(st.lists(st.lists(CELLS, min_size=7, max_size=7), min_size=1, max_size=4))
def test_any_list(tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]) -> None:
    """Whatever stands in the cells, the manifest lacks no more than what the list lacks."""
    out = io.StringIO()
    csv.writer(out).writerows([COLUMNS, *rows])
    file = tmp_path_factory.getbasetemp() / "any.csv"
    file.write_text(out.getvalue(), "utf-8", newline="")
    try:
        text = imported(file)
    except UsageProblem:
        assert not any(cell.strip() for row in rows for cell in row)
    else:
        assert rules(text) <= TO_DO


@pytest.mark.parametrize(
    ("cells", "seconds", "words"),
    [
        ({"frames": "120", "fps": "24"}, 5, "5 s (120 frames at 24 fps)"),
        ({"frames": "112"}, 5, "rounded from 4.67 s (112 frames at 24 fps, a guess)"),
        ({"frame_in": "1001", "frame_out": "1150", "fps": "29,97"}, 5, "150 frames at 29.97 fps"),
        ({"frames": "2400", "fps": "25"}, 10, "96 s (2400 frames at 25 fps); M makes 10 s at most"),
        ({"frames": "12", "fps": "24"}, 2, "0.5 s (12 frames at 24 fps); M makes 2 s at least"),
        ({"duration": "00:00:05:12", "fps": "24"}, 6, "rounded from 5.5 s (00:00:05:12 at 24 fps)"),
        ({"duration": "0:07"}, 7, "7 s (0:07)"),
        ({"duration": "4 sec"}, 4, ""),
        ({"frames": "5", "fps": "0"}, 2, "24 fps, a guess"),
    ],
)
def test_lengths(cells: dict[str, str], seconds: int, words: str) -> None:
    """Frames, timecodes and times become whole seconds in the model's range, and say how."""
    told = length(cells)
    assert told is not None
    whole, comment = fitted(told, 2, 10, "M")
    assert whole == seconds
    assert words in comment
    assert bool(words) == bool(comment)


@pytest.mark.parametrize("text", ["soon", "", "12:3", "-5"])
def test_no_length(text: str) -> None:
    """What is no length is none, and no guess."""
    assert length({"duration": text}) is None


def test_it_overwrites_nothing(tmp_path: Path) -> None:
    """A manifest is written once; a second import, or one onto a link, changes nothing."""
    list_ = tmp_path / "film.csv"
    list_.write_bytes((CASES / "kitsu.csv").read_bytes())
    assert call("import", str(list_)).returncode == Exit.DONE
    made = (tmp_path / "film.yaml").read_bytes()
    (tmp_path / "link.yaml").symlink_to("elsewhere.yaml")
    for more in ([], ["-o", str(tmp_path / "link.yaml")]):
        again = call("import", str(list_), *more)
        assert again.returncode == Exit.USAGE
        assert "is there already" in again.stderr
    assert (tmp_path / "film.yaml").read_bytes() == made


def test_what_to_type_next(tmp_path: Path) -> None:
    """A manifest with spaces in its name is named so that a shell takes it; one for a folder that
    is not there is refused, with what makes the folder."""
    list_ = tmp_path / "Ep 4.csv"
    list_.write_bytes((CASES / "kitsu.csv").read_bytes())
    assert f"r2vbatch check '{tmp_path / 'Ep 4.yaml'}'" in call("import", str(list_)).stdout
    nowhere = tmp_path / "new ones" / "film.yaml"
    refused = call("import", str(list_), "-o", str(nowhere))
    assert refused.returncode == Exit.USAGE
    assert f"mkdir -p '{nowhere.parent}'" in refused.stderr


@pytest.mark.parametrize(
    ("name", "text", "code", "words"),
    [
        ("a.xlsx", "", Exit.USAGE, "export the list as CSV"),
        ("a.csv", "one,two\n1,2\n", Exit.USAGE, "no row that names columns of a shot list"),
        ("a.csv", "Scene,Shot\n", Exit.USAGE, "has no shots below them"),
        ("a.csv", 'Scene,Shot\n1,"A"B\n2,"C\n', Exit.MANIFEST, "a.csv:3:3: error: this quote"),
        ("a.csv", "Scene,Shot\n\0", Exit.MANIFEST, "a NUL byte is not allowed"),
    ],
)
def test_what_is_no_list(tmp_path: Path, name: str, text: str, code: int, words: str) -> None:
    """What cannot be imported is said in words, and nothing is written."""
    (tmp_path / name).write_text(text)
    result = call("import", str(tmp_path / name))
    assert result.returncode == code
    assert words in result.stderr
    assert [file.name for file in tmp_path.iterdir()] == [name]
