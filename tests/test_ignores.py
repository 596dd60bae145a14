"""``# r2v: ignore[rule]`` silences the warnings of one rule at one place, and nothing else."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from conftest import ROOT

from r2vbatch import check
from r2vbatch.diagnostics import as_text
from r2vbatch.manifest import load_text
from r2vbatch.manifest.ignores import WARNINGS

CASE = Path(__file__).parent / "ignores" / "storyboard.yaml"
TOLD = re.compile(r"warning: .*\[([a-z-]+)\]$", re.MULTILINE)


def told(file: Path) -> str:
    """What `check` says of `file`, whose folder is left out."""
    return as_text(check(file)).replace(f"{file.parent}{os.sep}", "")


@pytest.mark.parametrize("case", ["storyboard", "hostile"])
def test_what_is_silenced_and_what_is_told(case: str) -> None:
    """On its line, on the line of a key for the whole value, in no text; a comment that names no
    rule, an unknown one, or one that does not warn there is told at its own place."""
    file = CASE.with_stem(case)
    assert told(file) == file.with_suffix(".expected").read_text(encoding="utf-8")


def test_without_the_comments_they_warn(tmp_path: Path) -> None:
    """Each warning that is silenced is there when the comments are taken away."""
    bare = tmp_path / CASE.name
    bare.write_text(re.sub(r" *# r2v:[^\n\"]*\n", "\n", CASE.read_text(encoding="utf-8")))
    rules = TOLD.findall(told(bare))
    assert sorted(set(rules)) == ["reference-never-named", "shot-ranges", "unused-name"]
    assert len(rules) > len([rule for rule in TOLD.findall(told(CASE)) if rule in rules])


def test_errors_stay(tmp_path: Path) -> None:
    """An error is told whatever a comment says; while there is one, no comment is called idle."""
    text = CASE.read_text(encoding="utf-8").replace(
        "- id: d", "- id: a  # r2v: ignore[duplicate-id]"
    )
    (tmp_path / "film.yaml").write_text(text, encoding="utf-8")
    found = check(tmp_path / "film.yaml")
    assert "duplicate-id" in {each.rule for each in found if each.severity == "error"}
    assert "unused-ignore" not in {each.rule for each in found}


def test_every_rule_that_warns_is_known() -> None:
    """Each warning of the other tests' cases can be silenced, and each name is a rule's."""
    cases = [*ROOT.glob("tests/**/*.expected"), *ROOT.glob("tests/lint/*.txt")]
    warned = {rule for case in cases for rule in TOLD.findall(case.read_text(errors="replace"))}
    assert warned - {"unused-ignore", "unknown-rule"} <= WARNINGS
    sources = "".join(file.read_text() for file in (ROOT / "r2vbatch").rglob("*.py"))
    assert all(sources.count(f'"{rule}"') >= 2 for rule in WARNINGS)


def test_a_broken_manifest_with_a_comment() -> None:
    """What cannot be parsed is told as without it."""
    assert load_text("a: [  # r2v: ignore[wide-at]", "film.yaml").manifest is None
