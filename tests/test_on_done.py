"""`--on-done`: what the user's command is told, what it is not, and that it decides nothing."""

from __future__ import annotations

import json
import shlex
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from studio import KEY, Studio, service

from r2vbatch.errors import Exit

HOOK = """
import json, os, sys
from pathlib import Path
told = {"stdin": json.load(sys.stdin), "env": dict(os.environ), "args": sys.argv[2:]}
Path(sys.argv[1]).write_text(json.dumps(told), encoding="utf-8")
print("printed by the hook")
sys.exit(7)
"""


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    made = Studio(tmp_path / "film")
    made.shots("a", "b")
    (made.folder / "hook.py").write_text(HOOK, encoding="utf-8")
    return made


def hook(*words: str) -> list[str]:
    """The option, with a command that writes down what it is told, and fails."""
    return ["--on-done", shlex.join([sys.executable, "hook.py", "told.json", *words])]


def told(studio: Studio) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((studio.folder / "told.json").read_text(encoding="utf-8"))
    return found


def test_it_is_told_the_outcome_and_not_the_key(studio: Studio) -> None:
    """JSON on stdin, a few variables, and no variable with the key in it; the words of the command
    mean nothing but themselves; its failure is said, and the exit code is the batch's own."""
    words = hook("$HOME", "a|b", "*", "two words")
    with service("submit:fail=DataInspectionFailed:#2") as at:
        live = studio.live_words(at, "--progress", "json", *words)
        done = studio.call(*live, DASHSCOPE_API_KEY=KEY, TOKEN=f"Bearer {KEY}", OTHER="kept")
    assert done.code == Exit.NOT_ALL_DONE
    assert "ended with exit code 7" in done.err
    assert "printed by the hook" in done.err
    assert "printed by the hook" not in done.out
    found = told(studio)
    assert found["args"] == words_of(words)
    outcome, env = found["stdin"], found["env"]
    assert (outcome["exit_code"], outcome["done"], outcome["total"]) == (1, 1, 2)
    assert outcome["counts"] == {"done": 1, "failed": 1}
    assert [take["state"] for take in outcome["takes"]] == ["done", "failed"]
    assert Path(outcome["takes"][0]["clip"]).is_file()
    assert "DataInspectionFailed" in outcome["takes"][1]["reason"]
    assert outcome["spent"] == {"amount": 0.1, "currency": "USD"}
    assert outcome["summary"][0] == env["R2VBATCH_SUMMARY"]
    assert env["R2VBATCH_SUMMARY"].startswith("1 of 2 takes done (1 failed)")
    assert (env["R2VBATCH_EXIT_CODE"], env["R2VBATCH_DONE"], env["R2VBATCH_TOTAL"]) == (
        "1", "1", "2",
    )  # fmt: skip
    assert env["R2VBATCH_OUTPUT"] == outcome["output"] == str(studio.output)
    assert env["OTHER"] == "kept"
    assert KEY not in json.dumps(found)


def words_of(option: list[str]) -> list[str]:
    return shlex.split(option[1])[3:]


def test_it_is_run_after_an_interruption(studio: Studio) -> None:
    """Ctrl-C is an end like others; the folder is free when it is run."""
    with service(latency=30.0) as at:
        words = studio.live_words(at, "--progress", "json", *hook())
        with studio.start(*words, DASHSCOPE_API_KEY=KEY) as program:
            assert program.stdout is not None
            submitted = 0
            while submitted < 2:
                submitted += json.loads(program.stdout.readline())["after"] == "submitted"
            program.send_signal(signal.SIGINT)
            program.communicate(timeout=30)
    assert program.returncode == Exit.INTERRUPTED
    outcome = told(studio)["stdin"]
    assert (outcome["exit_code"], outcome["interrupted"]) == (Exit.INTERRUPTED, True)
    assert {take["lives_until"] is None for take in outcome["takes"]} == {False}


def test_it_is_run_where_the_manifest_has_become_invalid(studio: Studio) -> None:
    """An unattended batch that cannot begin is what its owner wants to hear of."""
    studio.shots({"id": "a", "prompt": "@chelsee"})
    assert studio.preview(*hook()).code == Exit.MANIFEST
    outcome = told(studio)["stdin"]
    assert (outcome["exit_code"], outcome["error"]) == (3, "1 error in the manifest")
    assert (outcome["done"], outcome["total"]) == (0, 0)


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("no-such-program --now", "there is no command 'no-such-program'"),
        ("echo 'open", "cannot be split into words"),
        (" ", "names no command"),
        ("./hook.py", "is not executable"),
    ],
)
def test_a_bad_command_is_a_usage_error(studio: Studio, command: str, says: str) -> None:
    """Said before anything is made, not in the morning."""
    done = studio.preview("--on-done", command)
    assert done.code == Exit.USAGE
    assert says in done.err
    assert not studio.output.exists()


def test_it_is_not_run_where_nothing_was_begun(studio: Studio) -> None:
    """A usage error is told to whoever typed it; a dry run does nothing."""
    assert studio.preview("--only", "zz", *hook()).code == Exit.USAGE
    assert studio.preview("--dry-run", *hook()).code == Exit.DONE
    assert not (studio.folder / "told.json").exists()
