"""Diagnostics as text, JSON and GitHub annotations."""

from __future__ import annotations

import json
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from r2vbatch.diagnostics import (
    Diagnostic,
    Position,
    as_github,
    as_json,
    as_text,
    in_order,
    summary,
)


def at(source: str, word: str, **more: str) -> Diagnostic:
    """A problem at `word` in the one line `source`."""
    place = Position("a.yaml", 1, source.index(word) + 1, len(word), source)
    return Diagnostic(place, "wrong", **more)  # type: ignore[arg-type]


def columns(text: str) -> int:
    """The columns of a terminal that `text` takes."""
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide - sum(unicodedata.category(c) == "Mn" for c in text)


def test_text() -> None:
    """Place, severity, message and rule; the line, carets under the word, the hint; counts."""
    one = at('prompt: "@elen waves"', "@elen", rule="unknown-mention", hint="did you mean @ellen?")
    assert as_text([one]) == (
        "a.yaml:1:10: error: wrong [unknown-mention]\n"
        '    prompt: "@elen waves"\n'
        "             ^^^^^\n"
        "hint: did you mean @ellen?\n"
        "\n"
        "1 error\n"
    )


def test_order() -> None:
    """Problems are told by file, line and column; at one place, as they were found."""
    places = [("b", 1, 1), ("a", 2, 1), ("a", 1, 9), ("a", 1, 9), ("a", 1, 2)]
    found = [Diagnostic(Position(*place), str(n)) for n, place in enumerate(places)]
    assert [one.message for one in in_order(found)] == ["4", "2", "3", "1", "0"]


def test_summary() -> None:
    """Counts are told in words, warnings apart."""
    error, warning = at("x", "x"), at("x", "x", severity="warning")
    assert summary([]) == "no problems"
    assert summary([error]) == "1 error"
    assert summary([warning, error, error]) == "2 errors, 1 warning"
    assert as_text([]) == "no problems\n"


LINE = st.text("ab \té雨，e\u0301\x1b\x00\u202e", max_size=300)


@given(LINE, LINE)
def test_carets_stand_under_the_word(before: str, after: str) -> None:
    """After tabs, wide, combining and control characters, in lines short and long."""
    _, source, carets, *_ = as_text([at(f"{before}MARK{after}", "MARK")]).split("\n")
    assert set(carets.strip()) == {"^"}
    assert columns(source[: source.index("MARK")]) == carets.index("^")
    assert carets.count("^") == 4
    assert columns(source) <= 110


@given(st.text(max_size=60))
def test_nothing_harmful_is_shown(text: str) -> None:
    """No control or direction character of a manifest reaches the terminal, and all encodes."""
    one = Diagnostic(Position(text, 1, 1, 1, text), text, hint=text, rule="r")
    shown = as_text([one])
    shown.encode("utf-8")
    assert not [c for c in shown if unicodedata.category(c) in ("Cc", "Cs", "Zl") and c != "\n"]
    assert "\u202e" not in shown


def test_long_lines_are_cut_quickly() -> None:
    """Of a line of many megabytes only what stands round the word is looked at."""
    shown = as_text([at("雨" * 5_000_000 + "MARK" + "x" * 5_000_000, "MARK")])
    assert len(shown) < 300
    assert "…" in shown


def test_of_very_many_the_first_are_shown() -> None:
    """A hundred, errors before warnings, each where it stands; the counts are of all."""
    warnings = [
        Diagnostic(Position("a.yaml", n, 1), "odd", severity="warning") for n in range(1, 300)
    ]
    errors = [Diagnostic(Position("a.yaml", n, 1), "wrong") for n in (1000, 150)]
    lines = as_text([*warnings, *errors]).splitlines()
    heads = [line for line in lines if line.startswith("a.yaml:")]
    assert len(heads) == 100
    assert heads[-2:] == ["a.yaml:150:1: error: wrong", "a.yaml:1000:1: error: wrong"]
    assert lines[-3:] == [
        "… and 201 more; `check --format json` has all", "", "2 errors, 299 warnings"
    ]  # fmt: skip
    assert len(json.loads(as_json([*warnings, *errors]))) == 301


def test_end_of_line() -> None:
    """A place just behind the last character has its caret there."""
    one = Diagnostic(Position("a.yaml", 1, 4, 1, "a: "), "no value")
    assert as_text([one]).split("\n")[2] == "       ^"


def test_json() -> None:
    """One object for each, in order, with all that is known."""
    one = at("id: 雨 1", "雨 1", severity="warning", rule="bad-id", path="shots[0].id", hint="no")
    assert json.loads(as_json([one])) == [
        {
            "file": "a.yaml",
            "line": 1,
            "column": 5,
            "width": 3,
            "severity": "warning",
            "rule": "bad-id",
            "path": "shots[0].id",
            "message": "wrong",
            "hint": "no",
            "source": "id: 雨 1",
        }
    ]
    assert json.loads(as_json([])) == []


def test_github() -> None:
    """Annotations escape what the runner would take for its own syntax."""
    place = Position("a,b:c%.yaml", 3, 5, 2)
    one = Diagnostic(place, "100%\r\n::warning::x", rule="r", hint="a: b")
    assert as_github([one]) == (
        "::error file=a%2Cb%3Ac%25.yaml,line=3,col=5,endColumn=7,title=r"
        "::100%25%0D%0A::warning::x%0Ahint: a: b\n"
    )


@given(st.lists(st.text(), max_size=4))
def test_github_is_one_line_each(texts: list[str]) -> None:
    """Whatever a message holds, it stays one command."""
    found = [Diagnostic(Position(text, 1, 1), text, hint=text) for text in texts]
    lines = as_github(found).encode("utf-8").split(b"\n")[:-1]
    assert len(lines) == len(texts)
    assert all(
        line.startswith(b"::error file=") or not text
        for line, text in zip(lines, sorted(texts), strict=True)
    )
