"""YAML 1.2 with places: meanings, positions inside scalars, and nothing that makes it fall over."""

from __future__ import annotations

import math
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from r2vbatch.yamlsource import Document, Mapping, Node, Sequence, compose, parse, read_text
from r2vbatch.yamlsource.files import decode

CASES = Path(__file__).parent / "manifests"


def read(text: str) -> Any:
    """The data of `text`, which has no problems."""
    document, problems = parse(text, "f.yaml")
    assert problems == []
    assert document.root is not None
    return document.root.value


def rules(text: str) -> list[str]:
    """The rules of the problems found in `text`."""
    return [one.rule for one in parse(text, "f.yaml")[1]]


MEANINGS = [
    *[(word, word) for word in ("on", "off", "yes", "no", "y", "N", "On", "NO", "tRUE", "nULL")],
    *[(word, word) for word in ("12:30", "1:30:00", "2026-11-22", "1_000", "0b11", "1e", ".", "-")],
    *[(word, word) for word in ("0o8", "0xg", "+0x1", "1.2.3", "--1", "..inf", "inf", "1,5")],
    *[(word, True) for word in ("true", "True", "TRUE")],
    *[(word, False) for word in ("false", "False", "FALSE")],
    *[(word, None) for word in ("null", "Null", "NULL", "~", "")],
    *[("010", 10), ("0o10", 8), ("0xfF", 255), ("-7", -7), ("+7", 7), ("0", 0), ("00", 0)],
    *[("1e3", 1000.0), ("1.", 1.0), (".5", 0.5), ("-1.5E-2", -0.015), ("+12e03", 12000.0)],
    *[(".inf", math.inf), ("-.INF", -math.inf), ("+.Inf", math.inf)],
]


@pytest.mark.parametrize(("written", "meaning"), MEANINGS)
def test_core_schema(written: str, meaning: object) -> None:
    """An unquoted word means what YAML 1.2 core says, and in quotes it is itself."""
    [value] = read(f"- {written}\n") if written != "-" else ["-"]
    assert (value, type(value)) == (meaning, type(meaning))
    assert read(f'- "{written}"\n') == [written]
    assert read(f"- '{written}'\n") == [written]


@given(st.integers(-(10**30), 10**30))
def test_integers(number: int) -> None:
    """Integers come back, with leading zeros too."""
    assert read(f"[{number}, 000{abs(number)}, {hex(abs(number))}]") == [
        number,
        abs(number),
        abs(number),
    ]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats(number: float) -> None:
    """Floats come back as Python writes them."""
    value = read(f"- {number!r}\n")[0]
    assert value == number
    assert type(value) is float


def test_not_a_number() -> None:
    """`.nan` is the float that is no number."""
    assert all(math.isnan(value) for value in read("[.nan, .NaN, .NAN]"))


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]), max_size=20),
)
TREES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text("abc雨<-: #", min_size=1), inner, max_size=4)
    ),
    max_leaves=20,
)


class _Quoting(yaml.SafeDumper):
    """Writes every text in quotes: the emitter would leave `on` plain only where 1.1 allows."""


_Quoting.add_representer(
    str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')
)


@given(TREES)
def test_dumped_data_comes_back(tree: Any) -> None:
    """Whatever PyYAML writes with texts in quotes is read as what it was."""
    assert read(yaml.dump(tree, Dumper=_Quoting, allow_unicode=True)) == tree


def test_anchors_and_merge_keys() -> None:
    """Explicit keys win over merged ones, earlier merged ones over later ones."""
    text = "a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc: {<<: [*a, *b], z: 3}\nd: {z: 4, <<: *b}\n"
    data = read(text + "e: *a\n'<<': text\n")
    assert data["c"] == {"z": 3, "x": 1, "y": 1}
    assert data["d"] == {"z": 4, "y": 2}
    assert data["e"] == {"x": 1, "y": 1}
    assert data["<<"] == "text"


def test_merged_values_are_pointed_at_where_they_stand() -> None:
    """The place of a merged value and key is the one in the anchor's mapping."""
    document, _ = parse("a: &a\n  x: 1\nb:\n  <<: *a\n", "f.yaml")
    place = document.origin(("b", "x")).at()
    assert (place.line, place.column) == (2, 6)
    assert document.key_origin(("b", "x")).at().column == 3
    assert document.origin(("b", "x")).path == "b.x"


def test_all_duplicates_are_reported_and_the_first_stays() -> None:
    """Two duplicate keys are two problems, and the data is still there."""
    document, problems = parse("a: 1\nb: {c: 1, c: 2}\na: 2\n", "f.yaml")
    assert [(one.position.line, one.position.column) for one in problems] == [(2, 11), (3, 1)]
    assert [one.hint.split(";")[0] for one in problems] == [
        "it was first given on line 2",
        "it was first given on line 1",
    ]
    assert document.root is not None
    assert document.root.value == {"a": 1, "b": {"c": 1}}


@pytest.mark.parametrize("text", ["[" * 100_000, "- " * 100_000, "{a: " * 100_000, "? " * 100_000])
def test_deep_nesting(text: str) -> None:
    """Nesting that would overflow a stack is one problem."""
    assert rules(text) == ["too-deep"]


def test_billion_laughs() -> None:
    """Aliases that multiply are stopped before they cost time or memory."""
    lines = ["a0: &a0 [x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    assert rules("\n".join(lines)) == ["too-many-values"]


def test_a_file_made_to_fill_the_memory() -> None:
    """What costs the most for its length, mappings of one key, stays under 300 MB."""
    text = "x-a: [" + "{a: 1}," * 10_000 + "]"
    tracemalloc.start()
    try:
        document, _ = parse(text, "f.yaml")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert document.root is not None
    assert peak * compose.MOST_NODES / values(document.root) < 300e6


def test_twenty_thousand_full_shots_are_not_too_many() -> None:
    """Of shots with 15 keys, two of them lists, a fiftieth of 20,000 take less than a fiftieth of
    what is allowed."""
    keys = "".join(f"    key{n}: value\n" for n in range(12))
    shot = f"  - id: a\n{keys}    cast: [a, b]\n    references: [c]\n"
    document, problems = parse("shots:\n" + shot * 400, "f.yaml")
    assert not problems and document.root is not None
    assert values(document.root) * 50 < compose.MOST_NODES


def values(node: Node) -> int:
    """How many there are in a tree, keys among them."""
    if isinstance(node, Mapping):
        return 1 + sum(1 + values(value) for _, value in node.entries.values())
    return 1 + sum(map(values, node.items)) if isinstance(node, Sequence) else 1


def test_huge_number() -> None:
    """A number too long to be read is a problem at its place; the rest is read."""
    assert rules(f"a: 1{'0' * 5000}\nb: 1\nb: 2\n") == ["bad-number", "duplicate-key"]


@pytest.mark.parametrize(
    ("data", "line", "column"),
    [
        (b"a: 1\nb: \xff\n", 2, 4),
        ("é: 雨\n雨: ".encode() + b"\xe9x", 2, 4),
        (b"\xef\xbb\xbfa: \x80", 1, 4),
        (b"\xff\xfe" + "a: 雨\n".encode("utf-16-le") + b"x", 2, 1),
    ],
)
def test_broken_encodings(data: bytes, line: int, column: int) -> None:
    """The place of a byte that is no text counts characters, as editors do."""
    problem = decode(data, "f.yaml")
    assert not isinstance(problem, str)
    assert (problem.rule, problem.position.line, problem.position.column) == (
        "bad-encoding",
        line,
        column,
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_marked_encodings(encoding: str) -> None:
    """UTF-8, and UTF-16 and 32 with their mark, are read."""
    text = decode("雨: é\n".encode(encoding), "f.yaml")
    assert isinstance(text, str)
    assert read(text) == {"雨": "é"}


INDICATORS = st.text("ab:-?[]{},#&*!|>'\"%@`\\ \t\n\r~<=.0é\x85\u2028", max_size=40)


@settings(max_examples=500)
@given(st.one_of(INDICATORS, st.text(max_size=40)))
def test_no_text_raises(text: str) -> None:
    """Every text is data or has a problem, and problems have places in it."""
    document, problems = parse(text, "f.yaml")
    assert document.root is not None or problems
    for one in problems:
        lines = document.text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        place = one.position
        assert lines[place.line - 1] == place.source
        assert 1 <= place.column <= len(place.source) + 1
        assert place.width >= 1


@given(st.binary(max_size=60))
def test_no_bytes_raise(data: bytes) -> None:
    """Every file is text or one problem."""
    text = decode(data, "f.yaml")
    if isinstance(text, str):
        parse(text, "f.yaml")
    else:
        assert text.position.line >= 1


@pytest.mark.parametrize("file", sorted(CASES.glob("*/*.yaml")), ids=lambda file: file.stem)
def test_the_pure_parser_agrees(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where PyYAML has no libyaml, the same data comes out, and a problem where there was one."""
    text = read_text(file, "f.yaml")
    if not isinstance(text, str):
        return
    fast, problems = parse(text, "f.yaml")
    monkeypatch.setattr(compose, "_Parser", yaml.SafeLoader)
    slow, same_problems = parse(text, "f.yaml")
    assert [one.position.line for one in problems] == [one.position.line for one in same_problems]
    assert (fast.root and fast.root.value) == (slow.root and slow.root.value)


WORDS = st.text("abcdeé雨'\"#:-@\\", min_size=1, max_size=8)
GAPS = st.sampled_from([" ", " ", " ", "\n", "\n\n", "  ", "\n  "])


@st.composite
def marked_texts(draw: st.DrawFn) -> str:
    """A text of several lines with the word MARK somewhere in it."""
    words = draw(st.lists(WORDS, max_size=12))
    words.insert(draw(st.integers(0, len(words))), "MARK")
    return "".join(word + draw(GAPS) for word in words[:-1]) + words[-1]


def check_mark(document: Document, text: str) -> None:
    """MARK is found where it stands in the source, and so is every other plain letter."""
    origin = document.origin(("shots", 0))
    place = origin.at(text.index("MARK"), 4)
    assert place.source[place.column - 1 :][: place.width] == "MARK"
    for offset, character in enumerate(text):
        if character in "abcdMARK":
            found = origin.at(offset, 1)
            assert found.source[found.column - 1] == character


@settings(max_examples=300)
@given(
    marked_texts(),
    st.sampled_from(["", "'", '"', "|", ">"]),
    st.sampled_from([12, 30, 80]),
    st.booleans(),
    st.sampled_from([2, 4]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["", "\n", "\n\n"]),
)
def test_places_inside_dumped_scalars(
    text: str, style: str, width: int, unicode: bool, indent: int, line_break: str, tail: str
) -> None:
    """A word is found in every style PyYAML writes: folded, escaped, indented, CRLF."""
    text += tail
    source = yaml.safe_dump(
        {"shots": [text, "next"]},
        default_style=style or None,
        width=width,
        allow_unicode=unicode,
        indent=indent,
        line_break=line_break,
    )
    document, problems = parse(source, "f.yaml")
    assert problems == []
    assert document.root is not None
    written = yaml.safe_load(source)["shots"][0]  # PyYAML folds some lines that must not be
    assert document.root.value == {"shots": [written, "next"]}
    check_mark(document, written)


LINES = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(["ab", "MARK", "雨 b", "# c", "", "a: b", "\tc"])),
    min_size=1,
    max_size=8,
).filter(lambda lines: [word for _, word in lines].count("MARK") == 1)


@settings(max_examples=300)
@given(
    LINES,
    st.sampled_from("|>"),
    st.sampled_from(["", "-", "+"]),
    st.booleans(),
    st.booleans(),
)
def test_places_inside_block_scalars(
    lines: list[tuple[int, str]], style: str, chomp: str, explicit: bool, comment: bool
) -> None:
    """The same for hand-made blocks: extra indentation, blank lines, indicators, comments."""
    header = style + ("3" if explicit else "") + chomp + ("  # MARK-like" if comment else "")
    body = "".join("    " + " " * extra + word + "\n" for extra, word in lines)
    source = f"shots:\n- {header}\n{body}- next\n"
    document, problems = parse(source, "f.yaml")
    if problems:
        return  # less indented than its first line: not YAML
    value = document.origin(("shots", 0))
    text = read(source)["shots"][0]
    place = value.at(text.index("MARK"), 4)
    assert place.source[place.column - 1 :][: place.width] == "MARK"
    assert place.line == 3 + [word for _, word in lines].index("MARK")


def test_files_are_read_whole(tmp_path: Path) -> None:
    """A file's text comes without its mark and with its own line ends."""
    (tmp_path / "a.yaml").write_bytes(b"\xef\xbb\xbfa: 1\r\n")
    assert read_text(tmp_path / "a.yaml", "a.yaml") == "a: 1\r\n"
