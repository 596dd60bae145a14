"""What the command line answers to slips, and to a Ctrl-C at a bad moment."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from studio import KEY, Studio

from r2vbatch.errors import Exit
from r2vbatch.ledger import Ledger


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    """Two shots."""
    made = Studio(tmp_path / "film")
    made.shots("a", "b")
    return made


@pytest.mark.parametrize("module", ["click", "r2vbatch.cli", "r2vbatch.cli.plan", "jsonschema"])
def test_an_interrupt_while_it_is_being_loaded(studio: Studio, module: str) -> None:
    """A Ctrl-C while modules are imported leaves with a word and no traceback."""
    code = (
        "import os, signal, sys\n"
        # as in a terminal; what is started in the background may inherit that it is ignored
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "class Finder:\n"
        "    @staticmethod\n"
        "    def find_spec(name, path=None, target=None):\n"
        f"        if name == {module!r}:\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Finder)\n"
        "from r2vbatch.__main__ import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "plan", "film.yaml"], cwd=studio.folder,
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == Exit.INTERRUPTED
    assert done.stderr.strip() == "Interrupted."


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (["film.yaml"], Exit.USAGE, "did you mean `r2vbatch run film.yaml`?"),
        (["preview", "film.yaml"], Exit.USAGE, "did you mean `r2vbatch run film.yaml`?"),
        (["validate"], Exit.USAGE, "did you mean `r2vbatch check`?"),
        (["help", "run"], Exit.USAGE, "did you mean `r2vbatch run --help`?"),
        (["help"], Exit.USAGE, "did you mean `r2vbatch --help`?"),
        (["--endpoint", "singapore", "run"], Exit.USAGE, "options stand behind the verb"),
        (["run", "film.yaml", "--dryrun"], Exit.USAGE, "error: no such option '--dryrun'"),
        (["run", "film.yaml", "x"], Exit.USAGE, "hint: `r2vbatch run --help` shows how"),
        (["resume", "film.yaml"], Exit.USAGE, "hint: use `r2vbatch run film.yaml`"),
        (["status", "film.yaml"], Exit.USAGE, "film.yaml is a manifest, not an output folder"),
        (["run", "film.yaml", "--only", "a,b"], Exit.USAGE, "repeat it: --only a --only b"),
        (["resume", "refs"], Exit.OUTPUT, "no ledger here"),
        (["run", "film.yaml", "--grace", "nan"], Exit.USAGE, "more than 0 s, and at most a day"),
        (["collect", "refs", "--grace", "inf"], Exit.USAGE, "more than 0 s, and at most a day"),
    ],
)
def test_what_was_probably_meant(studio: Studio, args: list[str], code: int, says: str) -> None:
    """A slip that can be recognised is answered with what to type."""
    result = studio.call(*args)
    assert (result.code, says in result.err) == (code, True), result.err


@pytest.mark.parametrize(
    ("verb", "given"),
    [("resume", "."), ("status", "."), ("collect", "."), ("cancel", "."), ("status", "out")],
)
def test_the_folder_of_a_project_is_not_its_output(studio: Studio, verb: str, given: str) -> None:
    """Where a project's folder is given, or that of its outputs, the output folder is named."""
    ledger = studio.folder / "out" / "day-off" / "ledger.db"
    ledger.parent.mkdir(parents=True)
    Ledger.open(ledger).close()
    result = studio.call(verb, given, DASHSCOPE_API_KEY=KEY)
    assert result.code == Exit.OUTPUT
    assert "did you mean out/day-off?" in result.err
