"""Words of others, from a manifest, a file name or the service, on their way to a terminal."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledgers import add, bring, new_take
from studio import KEY, PROGRAM, Outcome, Studio

from r2vbatch.errors import Exit
from r2vbatch.ledger import Known, Ledger, State, Transition
from r2vbatch.progress import Mode, Tally, progress
from r2vbatch.visible import as_json, visible

HOSTILE = "\x1b[2K\x1b[1G\x07\x7f\x9b31m\u202eevil\u2066\u2028\r"
"""Escape codes of 7 and 8 bits, a bell, a turn of the writing, breaks of lines."""


def obeyed(text: str) -> list[str]:
    """What of `text` a terminal would obey instead of showing it."""
    breaks = ("Cc", "Cs", "Zl", "Zp")
    turns = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
    return [
        c
        for c in text
        if (c != "\n" and unicodedata.category(c) in breaks)
        or unicodedata.bidirectional(c) in turns
    ]


@given(st.text(st.characters()))
def test_nothing_shown_is_obeyed(text: str) -> None:
    """Whatever a text holds, it can be shown; what was harmless stays, and shown twice is as shown
    once."""
    shown = visible(text)
    assert not obeyed(shown)
    assert "\n" not in shown
    assert visible(shown) == shown
    assert len(shown) == len(text)
    assert shown.encode().decode() == shown


@given(st.recursive(st.text(st.characters()) | st.integers(), st.lists, max_leaves=5))
def test_json_is_harmless_and_exact(value: object) -> None:
    """JSON is one line that no terminal obeys, and reads back as it was."""
    line = as_json(value)
    assert visible(line) == line
    assert json.loads(line) == value


def test_json_stays_readable() -> None:
    """Only what is not harmless is escaped."""
    assert as_json({"雨": "🎬\x9b\u202e é"}) == '{"雨": "🎬\\u009b\\u202e é"}'


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    """A storyboard whose every free text is hostile, in a folder and a file of such names."""
    made = Studio(tmp_path / "film")
    made.shots(
        {"id": "a", "prompt": f"@ellen {HOSTILE}", "notes": HOSTILE},
        {"id": "b", "prompt": f"@ellen {HOSTILE}", "model": "wan2.6-r2v"},
        title=HOSTILE,
        output=f"out{HOSTILE}",
    )
    return made


def harmless(outcome: Outcome) -> Outcome:
    """The same, once it is seen to be harmless."""
    assert obeyed(outcome.out) == []
    assert obeyed(outcome.err) == []
    return outcome


@pytest.mark.parametrize("format_", ["text", "json", "github"])
def test_what_check_shows(studio: Studio, format_: str) -> None:
    """A problem in hostile words is told in harmless ones, in every format, file name included."""
    name = f"film{HOSTILE}.yaml"
    studio.board["shots"][0]["after"] = HOSTILE
    studio.board[HOSTILE] = HOSTILE
    studio.save()
    studio.file.rename(studio.folder / name)
    found = harmless(studio.call("check", name, "--format", format_))
    assert found.code == Exit.MANIFEST
    assert "unknown-key" in found.out + found.err


@pytest.mark.parametrize(
    "words",
    [["plan"], ["plan", "--requests"], ["run", "--dry-run"], ["run", "--only", HOSTILE],
     [HOSTILE], ["plan", f"--{HOSTILE}"]],
)  # fmt: skip
def test_what_verbs_show(studio: Studio, words: list[str]) -> None:
    """No verb lets through what a manifest, a file name or the command line says."""
    said = harmless(studio.call(words[0], "film.yaml", *words[1:]))
    assert "evil" in said.out + said.err
    assert said.code != Exit.BUG


@pytest.mark.long
def test_what_a_preview_shows(studio: Studio) -> None:
    """A run in a folder with such a name, its exports and its status."""
    assert harmless(studio.preview("--progress", "plain")).code == Exit.DONE
    output = f"out{HOSTILE}"
    for words in (["status", output], ["status", output, "--json"], ["resume", output]):
        assert harmless(studio.call(*words)).code == Exit.DONE
    for name in ("results.csv", "results.jsonl"):
        text = (studio.folder / output / name).read_text(encoding="utf-8")
        assert not obeyed(text.replace("\r\n", "\n"))
        assert "evil" in text


def test_what_the_service_says(tmp_path: Path) -> None:
    """A message of the service reaches `status` and progress without its escape codes."""
    ledger = Ledger.open(tmp_path / "ledger.db")
    (key,) = add(ledger, new_take("a_t01"))
    bring(ledger, key, State.FAILED, error_code=HOSTILE, error_message=HOSTILE)
    ledger.set_meta(kind="live", **{"live manifest_file": HOSTILE})
    ledger.close()
    studio = Studio(tmp_path / "film")
    for words in (["status", str(tmp_path)], ["status", str(tmp_path), "--json"]):
        assert "evil" in harmless(studio.call(*words)).out
    modes: list[Mode] = ["plain", "json"]
    for mode in modes:
        stream = io.StringIO()
        row = Known(1, f"a{HOSTILE}", "s", "f", True, State.PLANNED, False)
        view = progress(mode, Tally([row], 1), stream)
        view.show(Transition(1, State.PLANNED, State.FAILED, 1.0, HOSTILE))
        view.say(HOSTILE)
        assert not obeyed(stream.getvalue())
        assert stream.getvalue().count("evil") == 3
        assert stream.getvalue().count("\n") == 2


def test_a_manifest_cannot_forge_the_key_question(studio: Studio) -> None:
    """An endpoint with escape codes is a problem of the manifest, before anything is asked."""
    studio.shots("a", endpoint=f"https://evil.example/{HOSTILE}/api/v1")
    said = harmless(studio.call("run", "film.yaml", DASHSCOPE_API_KEY=KEY))
    assert said.code == Exit.MANIFEST
    assert "endpoint must be" in said.err


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="no /dev/full")
@pytest.mark.parametrize(
    "words", [["plan", "film.yaml"], ["check", "film.yaml", "--format", "json"], ["--help"]]
)
def test_a_full_disk_behind_stdout(studio: Studio, words: list[str]) -> None:
    """Where nothing can be printed, one sentence says so on stderr; exit 1."""
    said = _into_full(studio, words)
    assert said.code == Exit.NOT_ALL_DONE
    assert said.err == "error: what there is to say cannot be written: No space left on device\n"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="no /dev/full")
def test_a_full_disk_behind_progress(studio: Studio) -> None:
    """The batch goes on without its progress; a sentence and exit 1 say that it was not shown."""
    studio.shots("a", output="out")
    said = _into_full(studio, ["run", "film.yaml", "--progress", "json"])
    assert said.code == Exit.NOT_ALL_DONE
    assert "progress could not be shown to the end: No space left" in said.err
    assert "1 of 1 take done" in said.err


def _into_full(studio: Studio, words: list[str]) -> Outcome:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*PROGRAM, *words], cwd=studio.folder, stdout=full, stderr=subprocess.PIPE, text=True,
            timeout=60, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    return Outcome(done.returncode, "", done.stderr)
