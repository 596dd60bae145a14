"""What the cookbook says is so: its recipes are sound, its requests and prices the real ones."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner
from storyboards import CATALOGUE, MANIFESTS

from r2vbatch.cli import cli

TEXT = (MANIFESTS / "README.md").read_text(encoding="utf-8")


class Block(NamedTuple):
    """A fenced block of the cookbook, with the recipe that it belongs to."""

    place: str
    language: str
    text: str
    recipe: str


def blocks() -> list[Block]:
    """All of them, in order; the recipe of a block is the last one above it."""
    found, recipe = [], ""
    for match in re.finditer(r"^```(\w+)\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL):
        recipe = match[2] if match[1] == "yaml" else recipe
        title = re.findall(r"^## (.+)$", TEXT[: match.start()], re.MULTILINE)
        place = f"{title[-1] if title else 'top'}, {match[1]}"
        found.append(Block(place, match[1], match[2], recipe))
    return found


def of(language: str) -> list[pytest.ParameterSet]:
    """The blocks of a language, each a case under its own name."""
    chosen = [block for block in blocks() if block.language == language]
    return [pytest.param(block, id=block.place) for block in chosen]


def said(block: Block, folder: Path, command: str) -> str:
    """What the program prints for `command`, with the block's recipe as ``film.yaml``."""
    shutil.copytree(MANIFESTS / "refs", folder / "refs")
    (folder / "film.yaml").write_text(block.recipe, encoding="utf-8")
    for table in blocks():
        if table.language == "csv" and table.recipe == block.recipe:
            (folder / "shots.csv").write_text(table.text, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        result = CliRunner().invoke(cli, command.split()[1:], standalone_mode=False)
    assert (result.exception, result.stderr) == (None, "")
    return result.stdout.replace(f"{folder}/", "")


@pytest.mark.parametrize("block", of("yaml"))
def test_a_recipe_has_neither_errors_nor_warnings(block: Block, tmp_path: Path) -> None:
    """`plan` has nothing to complain of, and something to make."""
    assert "to make at preview" in said(block, tmp_path, "r2vbatch plan film.yaml")


@pytest.mark.parametrize("block", of("json"))
def test_a_request_is_the_real_one(block: Block, tmp_path: Path) -> None:
    """The first take's, value for value and in its order."""
    lines = said(block, tmp_path, "r2vbatch plan film.yaml --requests").splitlines()
    request = json.loads(lines[0])["request"]
    assert block.text == json.dumps(request, indent=1, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("block", [case for case in of("console") if "$" in str(case.values)])
def test_an_output_is_the_real_one(block: Block, tmp_path: Path) -> None:
    """What stands below a command is what the command prints, prices included."""
    command, _, output = block.text.removeprefix("$ ").partition("\n")
    assert said(block, tmp_path, command) == output


def test_the_prices_are_those_of_the_catalogue() -> None:
    """A row for each model and sound, the prices of a second as `plan` reckons with them."""
    table = TEXT[TEXT.index("<!-- prices -->") :].split("\n\n")[0].splitlines()[3:]
    expected = []
    for model in CATALOGUE.models.values():
        tables = [model.prices[region] for region in ("singapore", "beijing")]
        for sound in tables[0].per_second:
            cells = [f"{table.per_second[sound][tier].normalize():f} {table.currency}"
                     for table in tables for tier in ("720P", "1080P")]  # fmt: skip
            words = [f"`{model.name}`", "yes" if sound == "sound" else "no", *cells]
            expected.append(f"| {' | '.join(words)} |")
    assert sorted(table) == sorted(expected)


def test_its_links_lead_somewhere() -> None:
    """Every recipe in the table at the top has its heading."""
    headings = {
        re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
        for title in re.findall(r"^## (.+)$", TEXT, re.MULTILINE)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", TEXT)) == headings
