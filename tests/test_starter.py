"""What `init` leaves behind, and the schema by which editors read it."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import pytest
import yaml
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator
from storyboards import MANIFESTS, shipped

from r2vbatch import datafiles
from r2vbatch.cli import cli
from r2vbatch.errors import Exit, UsageProblem
from r2vbatch.manifest import load_text

STARTER = (MANIFESTS / "starter.yaml").read_text(encoding="utf-8")
COMMENTED = re.compile(r"^( *)# ([a-z_]+: .*)$", re.MULTILINE)
"""A key that is offered: a `#`, one blank, a key."""
SCHEMA = json.loads(datafiles.manifest_schema().read_text(encoding="utf-8"))


def called(*args: str) -> Result:
    """The program, in this process."""
    return CliRunner().invoke(cli, list(args), standalone_mode=False)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """What `init` makes, in a folder whose name a URL must escape."""
    folder = tmp_path / "my film"
    assert called("init", str(folder)).return_value == Exit.DONE
    return folder


def test_the_starter_has_nothing_to_complain_of() -> None:
    """Neither an error nor a warning, and little to wait for."""
    made = shipped("starter.yaml")
    assert made.diagnostics == []
    assert made.takes[0].id == "sh010_t01"
    assert sum(int(take.shot.settings["duration"]) for take in made.takes) <= 20


def test_what_the_starter_offers_in_comments_is_right() -> None:
    """With the `#` of every such key taken away it is still without a problem."""
    text, offered = COMMENTED.subn(r"\1\2", STARTER)
    manifest, diagnostics = load_text(text, MANIFESTS / "starter.yaml")
    assert offered >= 10
    assert manifest is not None
    assert diagnostics == []


def test_the_starter_teaches_every_key() -> None:
    """Each key of the format is in it, but for another form of shot, what its model does not have
    and what is still to come."""
    shot = SCHEMA["properties"]["shots"]["items"]["properties"]
    untold = {key for key in [*SCHEMA["properties"], *shot] if f"{key}:" not in STARTER}
    assert untold == {"references", "first_frame", "prompt_extend", "continues"}


def test_what_init_says_next_can_be_pasted(tmp_path: Path) -> None:
    """The command it ends with, with a blank in the path too."""
    line = called("init", str(tmp_path / "my film")).stdout.splitlines()[-1]
    assert shlex.split(line) == ["r2vbatch", "run", str(tmp_path / "my film" / "storyboard.yaml")]


def test_init_makes_a_project_that_checks(project: Path) -> None:
    """Its storyboard has no problem, its own name, and an output folder inside the project."""
    board = project / "storyboard.yaml"
    assert called("check", "--strict", str(board)).return_value == Exit.DONE
    assert f"output: {project / 'out'}" in called("plan", str(board)).stdout
    text = board.read_text(encoding="utf-8")
    assert "starter.yaml" not in text
    assert "in the cookbook beside this file, COOKBOOK.md." in text
    assert text.count("r2vbatch run storyboard.yaml") == 2
    assert (project / "COOKBOOK.md").read_text("utf-8").startswith("# Cookbook")


@pytest.mark.parametrize("name", ["storyboard.yaml", "COOKBOOK.md", "refs"])
def test_init_overwrites_nothing(tmp_path: Path, name: str) -> None:
    """One thing in the way, a dangling link too, and nothing at all is written."""
    (tmp_path / name).symlink_to(tmp_path / "elsewhere")
    refused = called("init", str(tmp_path)).exception
    assert isinstance(refused, UsageProblem)
    assert f"{name} is there already" in refused.message
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


@pytest.mark.long
def test_the_starter_runs_at_once(project: Path) -> None:
    """Its preview is made as it stands, each take a slate."""
    assert called("run", str(project / "storyboard.yaml")).return_value == Exit.DONE
    slates = sorted((project / "out" / "storyboard" / "preview").glob("*.mp4"))
    assert len(slates) == len(shipped("starter.yaml").takes)


def as_editor(file: Path) -> tuple[Any, Any]:
    """What an editor does: the schema named in the first line, relative to the file, and the
    file's data."""
    text = file.read_text(encoding="utf-8")
    named = re.match(r"# yaml-language-server: \$schema=(\S+)\n", text)
    assert named is not None
    place = Path(unquote(urlsplit(urljoin(file.as_uri(), named[1])).path))
    return json.loads(place.read_text(encoding="utf-8")), yaml.safe_load(text)


@pytest.mark.parametrize("file", sorted(MANIFESTS.glob("*.yaml")), ids=lambda file: file.name)
def test_editors_find_the_schema_of_what_ships(file: Path) -> None:
    """By a path relative to the manifest, and what it says holds."""
    schema, data = as_editor(file)
    Draft202012Validator(schema).validate(data)


def test_editors_find_the_schema_of_a_new_project(project: Path) -> None:
    """Wherever the project lies; a wrong key is marked, and a known one explained."""
    schema, data = as_editor(project / "storyboard.yaml")
    Draft202012Validator(schema).validate(data)
    data["shots"][0]["durration"] = 3
    (error,) = Draft202012Validator(schema).iter_errors(data)
    assert "durration" in error.message
    assert "seconds" in schema["properties"]["defaults"]["properties"]["duration"]["description"]


def test_the_schema_can_be_had() -> None:
    """`schema` prints it, `schema --path` says where it lies."""
    place = Path(called("schema", "--path").stdout.rstrip("\n"))
    assert place.is_absolute()
    assert json.loads(place.read_text("utf-8")) == json.loads(called("schema").stdout) == SCHEMA
