"""What TAB offers, asked as a shell asks, and the scripts that make shells ask."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from click.shell_completion import BashComplete
from ledgers import add, bring, new_take
from studio import PROGRAM, Studio

from r2vbatch.cli import cli
from r2vbatch.cli.completion import SHELLS, VARIABLE
from r2vbatch.errors import Exit
from r2vbatch.ledger import Ledger, State


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Studio:
    """A storyboard and a batch, in the folder where the shell is."""
    made = Studio(tmp_path / "film")
    made.shots("sh010", {"id": "sh020", "prompt": "@ellen ${l}", "vary": {"l": ["far", "near"]}})
    (made.folder / "shots.csv").touch()
    made.output.mkdir()
    ledger = Ledger.open(made.output / "ledger.db")
    keys = add(ledger, *(new_take(f"sh0{n}0_t01") for n in (1, 2, 3)))
    states = (State.DONE, State.RUNNING, State.IN_DOUBT)
    for key, state in zip(keys, states, strict=True):
        bring(ledger, key, state)
    ledger.close()
    monkeypatch.chdir(made.folder)
    return made


def offered(line: str) -> list[str]:
    """What TAB offers at the end of `line`; ``file:`` and ``dir:`` are left to the shell."""
    *args, typed = line.split(" ")[1:]
    completion = BashComplete(cli, {}, "r2vbatch", VARIABLE)
    items = completion.get_completions(args, typed)
    return [item.value if item.type == "plain" else f"{item.type}:" for item in items]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("r2vbatch st", ["status"]),
        ("r2vbatch co", ["collect", "completion"]),
        ("r2vbatch run ", ["film.yaml"]),
        ("r2vbatch check film.yaml ", ["film.yaml"]),
        ("r2vbatch run refs/", ["file:"]),
        ("r2vbatch run film.yaml --dry", ["--dry-run"]),
        ("r2vbatch run film.yaml --endpoint ", ["preview", "singapore", "beijing", "virginia",
                                                "frankfurt"]),
        ("r2vbatch plan film.yaml --prices b", ["beijing"]),
        ("r2vbatch run film.yaml --only ", ["sh010", "sh020", "sh020-1", "sh020-2"]),
        ("r2vbatch run film.yaml --resubmit-in-doubt ", ["sh030_t01"]),
        ("r2vbatch run film.yaml -o ", ["dir:"]),
        ("r2vbatch status ", ["out"]),
        ("r2vbatch status ./o", ["./out"]),
        ("r2vbatch plan ./", ["./film.yaml"]),
        ("r2vbatch import ", ["shots.csv"]),
        ("r2vbatch resume out --only sh01", ["sh010"]),
        ("r2vbatch cancel out ", ["sh020_t01"]),
        ("r2vbatch resume out --resubmit-in-doubt ", ["sh030_t01"]),
        ("r2vbatch completion ", list(SHELLS)),
    ],
)  # fmt: skip
def test_what_is_offered(studio: Studio, line: str, words: list[str]) -> None:
    """Verbs, options, endpoints, files that fit, and the shots and takes that there are."""
    assert offered(line) == words


@pytest.mark.parametrize(
    "line",
    [
        "r2vbatch run nothing.yaml --only ",
        "r2vbatch run refs --only ",
        "r2vbatch run --only ",
        "r2vbatch cancel nowhere ",
        "r2vbatch cancel film.yaml ",
        "r2vbatch resume refs --resubmit-in-doubt ",
    ],
)
def test_what_cannot_be_known_is_not_offered(
    studio: Studio, line: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Nothing is offered, and nothing said into the line that is being typed."""
    assert offered(line) == []
    assert capfd.readouterr() == ("", "")


def test_the_next_manifest_and_ledger_are_found(studio: Studio) -> None:
    """From the folder above, one TAB reaches both; hidden folders stay so."""
    (studio.folder / ".old").mkdir()
    shutil.copy(studio.file, studio.folder / ".old")
    os.chdir(studio.folder.parent)
    assert offered("r2vbatch run ") == ["film/film.yaml"]
    assert offered("r2vbatch run film/f") == ["film/film.yaml"]
    assert offered("r2vbatch collect fi") == ["film/out"]


def test_names_that_want_quotes_are_left_to_the_shell(studio: Studio) -> None:
    """A blank in a name would break the line; the shell's own completion writes it right."""
    shutil.copy(studio.file, studio.folder / "second film.yaml")
    assert offered("r2vbatch run ") == ["file:"]
    assert offered("r2vbatch run film") == ["film.yaml"]


def test_a_name_that_a_shell_would_run_is_not_offered(studio: Studio) -> None:
    """TAB puts words on the line unquoted, and a ledger may be someone else's."""
    with closing(Ledger.open(studio.output / "ledger.db")) as ledger:
        (key,) = add(ledger, new_take("$(touch${IFS}ours)_t01"))
        bring(ledger, key, State.RUNNING)
    assert offered("r2vbatch cancel out ") == ["sh020_t01"]


def test_a_large_folder_does_not_hold_up_the_shell(studio: Studio) -> None:
    """The look around ends after a bounded number of files."""
    crowd = studio.folder / "a"
    crowd.mkdir()
    for number in range(2500):
        (crowd / str(number)).touch()
    (studio.folder / "b").mkdir()
    shutil.copy(studio.file, studio.folder / "b" / "late.yaml")
    assert offered("r2vbatch run ") == ["film.yaml"]
    assert offered("r2vbatch run b/") == ["b/late.yaml"]


def command(folder: Path) -> dict[str, str]:
    """An environment in which `r2vbatch` is a command."""
    shim = folder / "bin" / "r2vbatch"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m r2vbatch "$@"\n')
    shim.chmod(0o755)
    return {**os.environ, "PATH": f"{shim.parent}{os.pathsep}{os.environ['PATH']}"}


ASKING = {
    "bash": 'eval "$(r2vbatch completion bash)"; COMP_WORDS=(r2vbatch run film.yaml --only sh);'
    " COMP_CWORD=4; $(complete -p r2vbatch | sed 's/.*-F //; s/ .*//') r2vbatch;"
    ' printf "%s\\n" "${COMPREPLY[@]}"',
    "fish": 'r2vbatch completion fish | source; complete -C "r2vbatch run film.yaml --only sh"',
    "zsh": 'compdef() { ran=$1 }; compadd() { eval "print -l \\$$argv[-1]" };'
    ' eval "$(r2vbatch completion zsh)"; words=(r2vbatch run film.yaml --only sh); CURRENT=5; $ran',
}  # zsh completes nowhere but on a terminal: what its script hands over is printed


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_completes(studio: Studio, shell: str) -> None:
    """The script, loaded as help says, makes the shell offer the shots of the manifest."""
    if not shutil.which(shell):
        pytest.skip(f"there is no {shell} here")
    done = subprocess.run(
        [shell, "-c", ASKING[shell]], capture_output=True, text=True, timeout=60,
        env=command(studio.folder),
    )  # fmt: skip
    assert done.stdout.split() == ["sh010", "sh020", "sh020-1", "sh020-2"], done.stderr


def test_the_shell_is_the_one_in_use() -> None:
    """Without a name the script is for $SHELL; for one that is not known, the three are named."""

    def script(shell: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*PROGRAM, "completion"], capture_output=True, text=True, timeout=60,
            env={**os.environ, "SHELL": shell},
        )  # fmt: skip

    assert script("/usr/bin/fish").stdout.startswith("function ")
    strange = script("/bin/tcsh")
    assert strange.returncode == Exit.USAGE
    assert "name one of bash, zsh, fish" in strange.stderr
