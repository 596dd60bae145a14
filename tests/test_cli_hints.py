"""What the command line answers to slips, and to a Ctrl-C at a bad moment."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from studio import Studio

from r2vbatch.errors import Exit


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
