"""Prices, limits and models of a user's own, and how a model of the family is added."""

from __future__ import annotations

import json
import os
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from storyboards import MANIFESTS, read, storyboard

from r2vbatch import catalogue, datafiles
from r2vbatch.batch.endpoint import likes_of
from r2vbatch.catalogue import own
from r2vbatch.cli import cli
from r2vbatch.diagnostics import as_text
from r2vbatch.emulator import checks
from r2vbatch.emulator.options import Options
from r2vbatch.emulator.refusals import Refusal
from r2vbatch.errors import ManifestInvalid, R2VBatchError
from r2vbatch.planning import plan, request

CASES = Path(__file__).parent / "catalogues"
OURS = CASES / "ours.yaml"
WAVE = {"id": "a", "prompt": "@ellen waves"}


def typed(*args: str | Path) -> Result:
    """What a command line comes to; its exit code is the verb's."""
    result = CliRunner().invoke(cli, [str(arg) for arg in args], standalone_mode=False)
    problem = result.exception
    result.exit_code = (
        problem.exit_code if isinstance(problem, R2VBatchError) else result.return_value
    )
    return result


@pytest.mark.parametrize("case", ["slips", "senseless", "broken", "list"])
def test_what_is_wrong_is_told_at_its_place(case: str) -> None:
    """Everything that is told of a file, word for word, with line and column."""
    text = (CASES / f"{case}.yaml").read_text("utf-8")
    with pytest.raises(ManifestInvalid) as raised:
        own.of_text(text, f"{case}.yaml")
    expected = CASES / f"{case}.expected"
    said = as_text(raised.value.diagnostics)
    if os.environ.get("R2VBATCH_UPDATE"):
        expected.write_text(said, encoding="utf-8")
    assert said == expected.read_text("utf-8")


def test_a_file_that_is_not_there_is_told() -> None:
    """No traceback, the manifest's exit code, and its name."""
    result = typed("models", "--catalogue", "nowhere.yaml")
    assert result.exit_code == 3
    assert "nowhere.yaml" in result.stderr


def test_only_what_is_written_is_changed() -> None:
    """One price is ours; every other figure is the one that ships."""
    shipped, ours = catalogue.load(), own.read(OURS)
    ours_flash, flash = (c.models["wan2.6-r2v-flash"] for c in (ours, shipped))
    prices = ours_flash.prices["singapore"]
    assert prices.of("720P", audio=True) == Decimal("0.04")
    assert prices.of("1080P", audio=True) == flash.prices["singapore"].of("1080P", audio=True)
    assert (prices.read, prices.currency) == ("2026-12-01", "USD")
    assert ours_flash.prices["beijing"] == flash.prices["beijing"]
    assert ours_flash.files == flash.files


def test_our_price_is_the_one_of_plan(tmp_path: Path) -> None:
    """`plan --catalogue` counts with it: 5 seconds at 0.04."""
    board = tmp_path / "film.yaml"
    board.write_text(json.dumps(storyboard(WAVE, endpoint="singapore")))
    result = typed("plan", board, "--catalogue", OURS)
    assert result.exit_code == 0
    assert "price: 0.20 USD" in result.stdout


@pytest.mark.long
def test_a_model_of_our_own_is_previewed_and_resumed(tmp_path: Path) -> None:
    """A storyboard for a model that only our file knows runs to its slate; the ledger alone, its
    file gone, goes on with it; and without either the model is unknown."""
    board, ours = tmp_path / "film.yaml", tmp_path / "ours.yaml"
    shutil.copy(OURS, ours)
    cast = {"ellen": {"image": str(MANIFESTS / "refs" / "astronaut.png")}}
    asked = storyboard({**WAVE, "duration": 2}, model="wan2.8-r2v", cast=cast)
    board.write_text(json.dumps(asked))
    assert typed("check", board).exit_code == 3
    output = tmp_path / "out" / "film"
    assert typed("run", board, "--catalogue", ours, "--progress", "none").exit_code == 0
    (output / "preview" / "a_t01.mp4").unlink()
    ours.unlink()
    assert typed("resume", output, "--progress", "none").exit_code == 0
    assert (output / "preview" / "a_t01.mp4").is_file()


@pytest.mark.parametrize(
    ("model", "asked", "documented", "trusted"),
    [
        ("wan2.8-r2v", {"duration": 20}, False, True),
        ("wan2.8-r2v", {"duration": 601}, False, False),
        ("wan2.7-r2v", {"duration": 20}, False, False),
        ("wan2.6-r2v", {"prompt_extend": False}, True, True),
    ],
)
def test_what_our_file_allows_is_planned_and_previewed(
    model: str, asked: dict[str, Any], documented: bool, trusted: bool
) -> None:
    """Longer clips of a model of ours, and one parameter more, go to a preview that knows our file;
    another one takes only what is documented. What our file does not allow is told."""
    board = read(storyboard({**WAVE, **asked}, model=model))
    made = plan(board, {}, own.read(OURS))
    assert bool(made.takes) == trusted
    for take in made.takes:
        sent = request(take)
        assert asked.items() <= sent["parameters"].items()
        for likes, taken in (((), documented), (likes_of(own.read(OURS)), True)):
            try:
                emulated = checks.read(sent, Options(likes=likes))
            except Refusal:
                emulated = None
            assert bool(emulated) == taken


def test_models_are_listed() -> None:
    """Every model, ours too, with where it is, what it costs and when that was read."""
    listed = typed("models", "--catalogue", OURS).stdout
    for words in (
        *catalogue.load().models,
        "wan2.8-r2v  (Wan 2.8, rumoured, like wan2.7-r2v)",
        "720P 0.04, 1080P 0.075 USD a second, with sound",
        "read 2026-12-01",
        "2 to 20 seconds; 10 at most with a reference video",
        "wan2.6-r2v  (Wan 2.6 reference-to-video, changed by your file)",
        "in doubt     by some pages, in virginia 5 or 10 seconds, videos alone",
        "240 to 4096 px a side, to 8:1",
    ):
        assert words in listed


def test_adding_a_model_is_adding_data_files(tmp_path: Path) -> None:
    """Two files more in `schemas/`, and a storyboard can be planned with the model: its names, its
    length and its price are those of the files; and previewed."""
    schemas = tmp_path / "schemas"
    shutil.copytree(datafiles.folder("schemas"), schemas)
    written(schemas / "models" / "wan2.7-r2v.json", "wan9-r2v.json", with_its_own_words)
    written(schemas / "requests" / "wan2.7-r2v.schema.json", "wan9-r2v.schema.json", shorter)
    asked = storyboard({**WAVE, "duration": 12}, model="wan9-r2v")
    extended = catalogue.load(schemas)
    made = plan(read(asked), {}, extended)
    assert made.diagnostics == []
    (take,) = made.takes
    assert checks.read(request(take), Options(likes=likes_of(extended))).model == "wan9-r2v"
    assert request(take)["input"]["prompt"] == "Person 1 waves"
    assert str(made.price) == "24.00 USD"


def written(file: Path, name: str, change: Any) -> None:
    """A changed copy of a data file, beside it."""
    data = json.loads(file.read_text("utf-8"))
    change(data)
    (file.parent / name).write_text(json.dumps(data), encoding="utf-8")


def with_its_own_words(data: dict[str, Any]) -> None:
    data["model"] = "wan9-r2v"
    data["references"]["names"]["image"] = "Person {n}"
    data["prices"]["singapore"]["per_second"]["sound"]["720P"] = "2"


def shorter(data: dict[str, Any]) -> None:
    data["properties"]["model"]["const"] = "wan9-r2v"
    data["properties"]["parameters"]["properties"]["duration"]["maximum"] = 12
