"""What the README says is so: its commands work, its example is valid, its price is the price."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import av
import pytest
from conftest import ROOT
from studio import KEY, PROGRAM

from r2vbatch.errors import Exit

README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def commands() -> list[list[str]]:
    """Every `r2vbatch` command of the README, in order; the installing ones are run by CI."""
    lines = [line for block in blocks("console") for line in block.splitlines()]
    return [shlex.split(line)[1:] for line in lines if line.startswith("r2vbatch ")]


@pytest.mark.long
def test_the_commands_work_in_order(tmp_path: Path) -> None:
    """The quickstart is previewed, as real slates, and then every command of the README is run
    where it stands; the live one gets as far as its price, which is the one the README states."""
    shutil.copytree(ROOT / "manifests", tmp_path / "manifests")

    def run(*args: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*PROGRAM, *args], cwd=tmp_path, capture_output=True, text=True, timeout=120,
            stdin=subprocess.DEVNULL, env={**os.environ, **env},
        )  # fmt: skip

    assert run("run", "manifests/quickstart.yaml").returncode == Exit.DONE
    _assert_real_slates(tmp_path / "out" / "day-off")
    found = commands()
    assert {args[0] for args in found} >= {"init", "run", "resume", "status", "collect"}
    last = [args for args in found if args[0] == "retake"]  # whose slates need not be drawn
    for args in [args for args in found if args not in last]:
        if "singapore" in args:
            asked = run(*args, DASHSCOPE_API_KEY=KEY)
            assert asked.returncode == Exit.USAGE
            price = re.search(r"spend up to ([\d.]+ USD)", asked.stderr)
            assert price is not None
            assert f"({price[1]} for this shot)" in README
        else:
            done = run(*args, DASHSCOPE_API_KEY=KEY)
            assert done.returncode == Exit.DONE, (args, done.stderr)
    _assert_python_works(tmp_path)
    for args in last:
        assert run(*args).returncode == Exit.DONE


def _assert_python_works(folder: Path) -> None:
    """The example in Python, on the preview that is there."""
    (example,) = blocks("python")
    done = subprocess.run(
        [sys.executable, "-c", example], cwd=folder, capture_output=True, text=True, timeout=60
    )
    assert done.stderr == ""
    first, *takes = done.stdout.splitlines()
    assert f"# {first}\n" in example
    assert len(takes) == 9
    assert all(f" done {folder}/out/day-off/preview/" in take for take in takes)


def _assert_real_slates(output: Path) -> None:
    """One decodable MP4 a take, as asked in size, length, rate and sound, measured by PyAV."""
    lines = (output / "results.jsonl").read_text(encoding="utf-8").splitlines()
    rows = {row["take"]: row for row in map(json.loads, lines)}
    assert len(rows) >= 6
    assert {row["status"] for row in rows.values()} == {"done"}
    assert {row["size"] for row in rows.values()} >= {"1280*720", "720*1280"}
    for take, row in rows.items():
        assert row["clip"] == f"preview/{take}.mp4"
        with av.open(str(output / row["clip"])) as container:
            video = container.streams.video[0]
            assert f"{video.width}*{video.height}" == row["size"]
            assert (video.codec_context.name, video.average_rate) == ("h264", 30)
            assert [s.codec_context.name for s in container.streams.audio] == (
                ["aac"] if row["audio"] else []
            )
            assert sum(1 for _ in container.decode(video)) == 30 * row["duration"]


def test_the_example_is_a_valid_manifest(tmp_path: Path) -> None:
    """The manifest in the README has no problem beside the quickstart's references."""
    shutil.copytree(ROOT / "manifests" / "refs", tmp_path / "film" / "refs")
    (example,) = blocks("yaml")
    file = tmp_path / "film" / "film.yaml"
    file.write_text(example, encoding="utf-8")
    done = subprocess.run(
        [*PROGRAM, "check", "--strict", str(file)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == Exit.DONE, done.stderr


def test_the_table_is_the_same_storyboard(tmp_path: Path) -> None:
    """With its shots in the README's table, the example asks for the very same requests."""
    shutil.copytree(ROOT / "manifests" / "refs", tmp_path / "refs")
    (example,), (table,) = blocks("yaml"), blocks("csv")
    (tmp_path / "shots.csv").write_text(table, encoding="utf-8")
    (tmp_path / "listed.yaml").write_text(example, encoding="utf-8")
    head = example[: example.index("shots:\n")]
    (tmp_path / "tabled.yaml").write_text(head + "shots: shots.csv\n", encoding="utf-8")
    listed, tabled = (
        subprocess.run(
            [*PROGRAM, "plan", "--requests", str(tmp_path / name)], capture_output=True, text=True,
            timeout=60, check=True,
        ).stdout
        for name in ("listed.yaml", "tabled.yaml")
    )  # fmt: skip
    assert tabled == listed != ""


MISTAKES = (
    ("holding @chelsea.", "holding @chelsee."),
    ("duration: 2", "durration: 2"),
    ("after: sh010", "after: sh001"),
)


def test_its_outputs_are_the_real_ones(tmp_path: Path) -> None:
    """What stands below `$` is what the program says: of the example with three mistakes in it,
    and of the quickstart."""
    shutil.copytree(ROOT / "manifests", tmp_path / "manifests")
    (example,) = blocks("yaml")
    for right, wrong in MISTAKES:
        assert example.count(right) == 1
        example = example.replace(right, wrong)
    (tmp_path / "refs").symlink_to("manifests/refs")
    (tmp_path / "film.yaml").write_text(example, encoding="utf-8")
    shown = [block for block in blocks("console") if block.startswith("$ ")]
    assert len(shown) == 2
    for block in shown:
        command, _, output = block.removeprefix("$ ").partition("\n")
        done = subprocess.run(
            [*PROGRAM, *shlex.split(command)[1:]], cwd=tmp_path, capture_output=True, text=True,
            timeout=60,
        )  # fmt: skip
        said = (done.stdout + done.stderr).replace(f"{tmp_path}/", "")
        assert said.rstrip() == output.rstrip()


@pytest.mark.parametrize("name", ["run", "test"])
def test_the_two_commands_are_marked(name: str) -> None:
    """CI runs the README's two commands; it finds them by these marks."""
    assert len(re.findall(rf"<!-- command: {name} -->\n```console\n.+\n```", README)) == 1


def test_exit_codes_are_told() -> None:
    """Every exit code but that of a bug is explained."""
    told = README[README.index("Exit codes:") :].split("\n\n")[0]
    for code in Exit:
        assert code is Exit.BUG or re.search(rf"\b{code.value}\b", told), code
