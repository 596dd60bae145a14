"""Lint: each case is a file in `lint/`, with all that is told of it beside it.

To add a case, add a manifest and an empty ``.txt``, run the test, and read what it says.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from storyboards import CATALOGUE

from r2vbatch.diagnostics import Diagnostic
from r2vbatch.manifest import load, load_text
from r2vbatch.planning import lint, plan

CASES = sorted((Path(__file__).parent / "lint").glob("*.yaml"))


def told(found: Diagnostic) -> str:
    """One diagnostic with its line, underlined, and its hint; long lines are cut."""
    at = found.position
    left = max(0, at.column - 60)
    shown = at.source[left : left + 90]
    mark = " " * (at.column - 1 - left) + "^" * min(at.width, 90 - (at.column - 1 - left))
    head = f"{at.line}:{at.column}: {found.severity}: {found.message} [{found.rule}]"
    return "\n".join([head, f"    {shown}", f"    {mark}", *([found.hint] if found.hint else [])])


def diagnostics(case: Path) -> list[Diagnostic]:
    manifest, problems = load(case)
    assert manifest is not None
    assert problems == []
    return plan(manifest, {}, CATALOGUE).diagnostics


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_case(case: Path) -> None:
    """Everything that is told of a manifest, word for word, where it is told."""
    said = "".join(f"{told(found)}\n\n" for found in diagnostics(case))
    assert said == case.with_suffix(".txt").read_text("utf-8")


def test_every_rule_is_documented_and_has_a_case() -> None:
    """The module's docstring lists the rules that there are, and each is shown by a case."""
    told_of = {found.rule for case in CASES for found in diagnostics(case)}
    listed = set(re.findall(r"^    ([a-z]+(?:-[a-z]+)+) ", lint.__doc__ or "", re.MULTILINE))
    assert told_of == listed


def test_words_that_no_model_of_today_knows() -> None:
    """A tier or ratio that the manifest may name but this model does not make is refused."""
    manifest, _ = load(CASES[0].with_name("quiet.yaml"))
    assert manifest is not None
    shot = replace(manifest.shots[0], settings={"resolution": "480P", "ratio": "21:9"})
    made = plan(replace(manifest, shots=[shot]), {}, CATALOGUE)
    assert [d.message for d in made.diagnostics] == [
        "resolution 480P is not one that wan2.6-r2v-flash makes",
        "ratio 21:9 is not one that wan2.6-r2v-flash makes",
    ]
    assert not made.takes


def test_what_cannot_be_read_is_not_guessed_at() -> None:
    """Of a duration or a shot type that failed the schema nothing is concluded: one mistake, one
    diagnostic."""
    text = CASES[0].with_name("ranges.yaml").read_text("utf-8")
    text = re.sub(r"(duration|shot_type): \w+", r"\1: {}", text)
    manifest, problems = load_text(text, CASES[0].with_name("ranges.yaml"))
    assert manifest is not None
    assert {d.rule for d in problems} == {"wrong-type", "wrong-value"}
    messages = [d.message for d in plan(manifest, {}, CATALOGUE).diagnostics]
    assert messages
    assert not [m for m in messages if "the clip lasts" in m or "shot_type" in m]


def test_what_would_be_refused_is_left_out() -> None:
    """A shot with an error has no takes; one with a warning has."""
    manifest, _ = load(CASES[0].with_name("parameters.yaml"))
    assert manifest is not None
    made = plan(manifest, {}, CATALOGUE)
    assert [take.id for take in made.takes] == ["longer-in-2.7_t01"]
