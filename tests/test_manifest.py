"""Manifests as files: what valid ones mean, and everything that is said about invalid ones.

Each case in `manifests/invalid` has its whole expected text beside it, each in
`manifests/valid` a JSON file with what it means. A case is added by adding its file and running

    R2VBATCH_UPDATE=1 pytest tests/test_manifest.py

which writes what is missing or has changed. Read what it wrote: it must be what a person who
makes films understands.
"""

from __future__ import annotations

import json
import os
import string
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r2vbatch import datafiles
from r2vbatch.diagnostics import as_text
from r2vbatch.manifest import load, load_text
from r2vbatch.manifest.model import Manifest, Mention, Reading, Reference, Shot

CASES = Path(__file__).parent / "manifests"
INVALID = sorted([*CASES.glob("invalid/*.yaml"), *CASES.glob("invalid/*/storyboard.yaml")])
VALID = sorted(CASES.glob("valid/*.yaml"))
HEAD = "version: 1\nmodel: wan2.6-r2v-flash\ncast: {ellen: 'https://example.com/ellen.png'}\n"


def _holds(expected: Path, text: str) -> None:
    if os.environ.get("R2VBATCH_UPDATE"):
        expected.write_text(text, encoding="utf-8", newline="")
    assert text == expected.read_bytes().decode("utf-8")


def _name(file: Path) -> str:
    return file.relative_to(CASES).with_suffix("").as_posix()


@pytest.mark.parametrize("file", INVALID, ids=_name)
def test_invalid(file: Path) -> None:
    """The whole text that is shown for an invalid manifest is the expected one."""
    inside = file.relative_to(CASES / "invalid")
    expected = CASES / "invalid" / f"{inside.parts[0].removesuffix('.yaml')}.expected"
    _holds(expected, as_text(load(file, shown=inside.as_posix()).diagnostics))


@pytest.mark.parametrize(
    "file", [*CASES.glob("valid/*.csv"), *CASES.glob("valid/*.jsonl")], ids=lambda file: file.name
)
def test_a_table_is_no_manifest(file: Path) -> None:
    """Who gives the table of a storyboard in its place is told what takes it."""
    (found,) = load(file).diagnostics
    assert found.rule == "table-for-manifest"
    assert f"`shots: {file.name}`" in found.hint


def test_invalid_cases_are_many_and_fail() -> None:
    """There are at least 45 invalid cases, and each has at least one problem."""
    assert len(INVALID) >= 45
    assert not [file for file in INVALID if not load(file).diagnostics]


@pytest.mark.parametrize("file", VALID, ids=_name)
def test_valid(file: Path) -> None:
    """A valid manifest has no problems, and means what the JSON beside it says."""
    reading = load(file)
    assert as_text(reading.diagnostics) == "no problems\n"
    assert reading.manifest is not None
    meaning = json.dumps(_dump(reading.manifest), indent=1, ensure_ascii=False) + "\n"
    _holds(file.with_suffix(".json"), meaning)


def _dump(manifest: Manifest) -> dict[str, Any]:
    folder = manifest.file.parent
    output = manifest.output and os.path.relpath(manifest.output, folder)
    cost = manifest.max_cost and f"{manifest.max_cost.amount} {manifest.max_cost.currency}"
    return {
        "title": manifest.title,
        "model": manifest.model,
        "endpoint": manifest.endpoint,
        "output": output,
        "max_cost": cost,
        "in_flight": manifest.limits.in_flight,
        "cast": {name: _reference(one, folder) for name, one in manifest.cast.items()},
        "shots": [_shot(shot, folder) for shot in manifest.shots],
    }


def _shot(shot: Shot, folder: Path) -> dict[str, Any]:
    parts = [{"@": p.name} if isinstance(p, Mention) else p for p in shot.prompt.parts]
    return {
        "id": shot.id,
        "base_id": shot.base_id,
        "form": shot.form,
        "model": shot.model,
        "prompt": parts,
        "negative_prompt": shot.negative_prompt,
        "references": [_reference(one, folder) for one in shot.references],
        "settings": dict(shot.settings),
        "takes": shot.takes,
        "after": list(shot.after),
        "notes": shot.notes,
        "where": {
            key: f"{at.line}:{at.column}"
            for key in ("", "id", "prompt", "duration", "size", "references")
            for at in [shot.where(key).at()]
        },
    }


def _reference(one: Reference, folder: Path) -> dict[str, Any]:
    file = one.file and os.path.relpath(one.file, folder)
    return {"name": one.name, "kind": one.kind, "file": file, "url": one.url}


@pytest.mark.parametrize("what", ["missing.yaml", "folder", "folder/x.yaml/y", "pipe", "nul\0"])
def test_no_file(tmp_path: Path, what: str) -> None:
    """A file that cannot be read is one problem at line 1, column 1, and no manifest."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "x.yaml").write_text("version: 1\n")
    os.mkfifo(tmp_path / "pipe")
    reading = load(tmp_path / what, shown="shown.yaml")
    assert reading.manifest is None
    [problem] = reading.diagnostics
    place = problem.position
    assert (problem.rule, place.file, place.line, place.column) == (
        "unreadable-file",
        "shown.yaml",
        1,
        1,
    )


def test_too_large(tmp_path: Path) -> None:
    """A file over 16 MiB is refused before it is parsed."""
    file = tmp_path / "video.yaml"
    with file.open("wb") as stream:
        stream.truncate(16 * 1024 * 1024 + 1)
    assert [one.rule for one in load(file).diagnostics] == ["file-too-large"]


def test_references_lie_beside_the_file(tmp_path: Path) -> None:
    """A text kept elsewhere finds its references where the manifest lay."""
    (tmp_path / "a.png").write_bytes(b"")
    text = HEAD + "shots: [{id: a, prompt: character1, references: [a.png]}]\n"
    manifest = _sound(load_text(text, tmp_path / "gone.yaml", "gone.yaml"))
    assert manifest.shots[0].references[0].file == tmp_path / "a.png"
    assert manifest.text == text


def test_money_is_exact() -> None:
    """A budget is a decimal, not a float."""
    text = HEAD + "budget: {max_cost: 0.10 CNY}\nshots: [{id: a, prompt: '@ellen'}]\n"
    manifest = _sound(load_text(text, "m.yaml"))
    assert manifest.max_cost is not None
    assert (manifest.max_cost.amount, manifest.max_cost.currency) == (Decimal("0.10"), "CNY")


def test_a_manifest_is_returned_with_its_problems() -> None:
    """What failed is left out; the rest of the shot, and the other shots, are there."""
    shots = "shots: [{id: a, prompt: '@ellen', seed: x, takes: 2}, {prompt: '@ellen'}, 5]\n"
    reading = load_text(HEAD + shots, "m.yaml")
    assert [one.rule for one in reading.diagnostics] == ["wrong-type", "missing-key", "wrong-type"]
    assert reading.manifest is not None
    assert [(shot.id, shot.takes, dict(shot.settings)) for shot in reading.manifest.shots] == [
        ("a", 2, {})
    ]


def test_texts_that_grow_without_end() -> None:
    """A variable repeated until its text is enormous is one problem, found at once."""
    shot = {"id": "a", "prompt": "@ellen " + "${v}" * 20_000}
    text = HEAD + f"vars: {{v: {'x' * 20_000}}}\nshots: [{json.dumps(shot)}]\n"
    assert [one.rule for one in load_text(text, "m.yaml").diagnostics] == ["too-long"]


def test_problems_without_end() -> None:
    """Problems beyond counting end with one that says so."""
    shots = "".join(f"- {{id: a{n}, prompt: '@a @b @c'}}\n" for n in range(7_000))
    found = load_text(HEAD + "shots:\n" + shots, "m.yaml").diagnostics
    assert len(found) == 20_001
    assert [one.rule for one in found].count("too-many-problems") == 1


def test_every_property_is_documented() -> None:
    """Each property of the schema has a title and a description, for editors."""
    file = datafiles.folder("schemas") / "manifest.schema.json"
    undocumented = []

    def visit(node: Any, path: str) -> None:
        if not isinstance(node, dict):
            return
        for group in ("properties", "patternProperties"):
            for key, child in node.get(group, {}).items():
                if not (child.get("title") and child.get("description")):
                    undocumented.append(f"{path}/{key}")
                visit(child, f"{path}/{key}")
        for key in ("items", "additionalProperties"):
            visit(node.get(key), f"{path}/{key}")

    visit(json.loads(file.read_text(encoding="utf-8")), "")
    assert undocumented == []


def _sound(reading: Reading) -> Manifest:
    assert as_text(reading.diagnostics) == "no problems\n"
    assert reading.manifest is not None
    return reading.manifest


WORDS = """version title model endpoint output budget max_cost limits in_flight cast vars defaults
shots id prompt size resolution ratio duration seed takes vary after references image <<"""
KEYS = st.sampled_from(WORDS.split())
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 20),
    st.floats(),
    st.sampled_from(["@ellen", "${a}", "$", "@", "@@", "a.png", "https://x/a.mp4", "1280*720"]),
    st.text(max_size=8),
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(KEYS | st.text(max_size=4), inner, max_size=6)
    ),
    max_leaves=30,
)


@settings(max_examples=200)
@given(TREES)
def test_no_data_raises(tree: Any) -> None:
    """Whatever JSON-like data a manifest holds, there is an answer, with places in the file."""
    text = json.dumps(tree)
    reading = load_text(text, "m.yaml")
    lines = text.count("\n") + 1
    for one in reading.diagnostics:
        assert 1 <= one.position.line <= lines
        assert 1 <= one.position.column <= len(one.position.source) + 1
    assert reading.diagnostics
    assert as_text(reading.diagnostics)


@settings(max_examples=200)
@given(st.dictionaries(KEYS, TREES, max_size=8))
def test_no_shot_raises(shot: dict[str, Any]) -> None:
    """The same inside a shot, where most of the work is done."""
    load_text(HEAD + f"shots: [{json.dumps(shot)}]\n", "m.yaml")


NAMES = st.text(string.ascii_lowercase + "é小雨_", min_size=1, max_size=6).filter(
    lambda name: name != "previous"
)
FILLER = st.text("ab 雨,.\n", max_size=6)


@given(st.lists(st.tuples(FILLER, NAMES), min_size=1, max_size=5), FILLER)
def test_prompts_come_apart(pieces: list[tuple[str, str]], tail: str) -> None:
    """Text and braced mentions come back as written, and references by first mention."""
    names = list(dict.fromkeys(name for _, name in pieces))
    cast = {name: f"https://example.com/{number}.png" for number, name in enumerate(names)}
    prompt = "".join(f"{text}@{{{name}}}" for text, name in pieces) + tail
    shot = {"id": "a", "prompt": prompt}
    tree = {"version": 1, "model": "m", "cast": cast, "shots": [shot]}
    [read] = _sound(load_text(json.dumps(tree), "m.yaml")).shots
    expected = [part for text, name in pieces for part in (text, Mention(name)) if part]
    assert list(read.prompt.parts) == [*expected, tail] if tail else expected
    assert [one.name for one in read.references] == names


@given(FILLER, st.text("ab 雨", min_size=1, max_size=6), FILLER, st.sampled_from(["${v}", "$$"]))
def test_places_survive_substitution(before: str, value: str, after: str, token: str) -> None:
    """A mistake behind a variable, or inside its value, is pointed at where it was written."""
    tree = {
        "version": 1,
        "model": "m",
        "cast": {"ellen": "https://example.com/e.png"},
        "vars": {"v": f"{value}@nobody "},
        "shots": [{"id": "a", "prompt": f"{before}{token}{after}@@ ${{v}} @{{ellen}} @stranger"}],
    }
    text = json.dumps(tree, ensure_ascii=False)
    found = {
        one.position.source[one.position.column - 1 :][: one.position.width]
        for one in load_text(text, "m.yaml").diagnostics
    }
    assert found == {"@nobody", "@stranger"}


@given(st.lists(st.integers(1, 3), min_size=1, max_size=3))
def test_variations_are_the_product(sizes: list[int]) -> None:
    """`vary` gives every combination once, in order, numbered from 1."""
    vary = {f"v{n}": [f"{n}.{i}" for i in range(size)] for n, size in enumerate(sizes)}
    prompt = "@ellen " + " ".join(f"${{{name}}}" for name in vary)
    text = HEAD + f"shots: [{json.dumps({'id': 'a', 'prompt': prompt, 'vary': vary})}]\n"
    shots = _sound(load_text(text, "m.yaml")).shots
    count = 1
    for size in sizes:
        count *= size
    assert [shot.id for shot in shots] == [f"a-{n}" for n in range(1, count + 1)]
    prompts = [shot.prompt.text for shot in shots]
    assert prompts == sorted(set(prompts))


def test_a_link_that_leads_back_to_itself(tmp_path: Path) -> None:
    """Such a reference is said to be one, not to be missing."""
    (tmp_path / "loop.png").symlink_to("loop.png")
    text = HEAD.replace("https://example.com/ellen.png", "loop.png")
    reading = load_text(text + 'shots: [{id: a, prompt: "@ellen"}]\n', tmp_path / "film.yaml")
    assert [one.message for one in reading.diagnostics] == [
        "loop.png is a link that leads back to itself"
    ]


@pytest.mark.parametrize(
    ("output", "warned"),
    [("out", False), ("../out", False), ("a/../..", False), ("../..", True), ("../../x", True),
     ("/", True), ("/etc", True), ("{folder}/out", False), ("../../{parent}/{name}/o", False)],
)  # fmt: skip
def test_output_elsewhere(tmp_path: Path, output: str, warned: bool) -> None:
    """A manifest may write into its folder and beside it; further away it is warned of."""
    folder = tmp_path / "film"
    path = output.format(folder=folder, parent=tmp_path.name, name=folder.name)
    text = f"{HEAD}output: {path}\nshots: [{{id: a, prompt: '@ellen'}}]\n"
    rules = [one.rule for one in load_text(text, folder / "film.yaml").diagnostics]
    assert rules == (["output-elsewhere"] if warned else [])
