"""The files that people have: what is measured of each, what is told of it, and what becomes of it.

What is expected stands in `awkward.yaml`; with R2VBATCH_UPDATE=1 it is written anew, to be read.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from awkward import MAKERS, image
from storyboards import planned, storyboard

from r2vbatch import media
from r2vbatch.emulator.checks import read
from r2vbatch.emulator.media import check, inspect
from r2vbatch.emulator.options import Options
from r2vbatch.emulator.voices import inspect_voice
from r2vbatch.media import FileFacts
from r2vbatch.planning import Plan, PlannedTake, request
from r2vbatch.planning.model import Sent

TABLE = Path(__file__).with_name("awkward.yaml")
VIDEOS = (".mov", ".mp4", ".webm", ".avi", ".mts")
VOICES = (".m4a", ".flac", ".ogg", ".wav", ".mp3")
MODEL = "wan2.7-r2v"
"""Its limits are the ones that hold for all kinds of files."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the files lie; each is made when it is first asked for."""
    return tmp_path_factory.mktemp("awkward")


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    """What is expected of each file."""
    text = TABLE.read_text(encoding="utf-8") if TABLE.exists() else "{}"
    found: dict[str, Any] = yaml.safe_load(text)
    return found


@pytest.mark.parametrize("name", MAKERS)
def test_a_file_that_people_have(name: str, folder: Path, told: dict[str, Any]) -> None:
    """It is known for what it is; what its model would refuse is told, with what to do. A copy,
    where one can be made, is as foretold and beyond reproach, and leaves the original as it was.
    What nothing speaks against is taken by the emulator. As a link its head alone would tell the
    same, but for what only all of it, or its decoder, can tell."""
    file = MAKERS[name](folder / name)
    before = file.stat()
    measured = media.facts(file)
    plain, fit = plan(folder, name, fit=False), plan(folder, name, fit=True)
    found = {"is": described(measured), "told": words(plain)}
    if fit.fitted:
        found["fitted"] = fit.fitted[0].partition("): ")[2]
    if words(fit) != (found["told"] if not fit.fitted else []):
        found["told of the copy"] = words(fit)
    expect(told, name, found)
    for each in (plain, fit):
        for take in each.takes:
            accepted(take, folder)
    assert replace(head_of(file), traits=()) == as_its_head_tells(measured)
    after = file.stat()
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)


def head_of(file: Path) -> FileFacts:
    """What is told of it where only its head is read."""
    with file.open("rb") as opened:
        return media.head(opened, file.stat().st_size)


def as_its_head_tells(whole: FileFacts) -> FileFacts:
    """`whole` without what that cannot tell."""
    width, height = whole.width, whole.height
    if whole.format in {"HEIC", "AVIF"}:
        width = height = None
    if "turned" in whole.traits:
        width, height = height, width
    return replace(whole, sha256="", width=width, height=height, traits=())


def plan(folder: Path, name: str, *, fit: bool) -> Plan:
    """Of one shot with this file: as a video, a voice or an image, by its name."""
    suffix = Path(name).suffix
    image(folder / "face.png", (300, 300))
    entry: dict[str, Any] = {"fit": True} if fit else {}
    if suffix in VOICES:
        entry |= {"image": "face.png", "voice": name}
    else:
        entry |= {"video" if suffix in VIDEOS else "image": name}
    board = storyboard({"id": "a", "prompt": "@one waves"}, cast={"one": entry}, model=MODEL)
    return planned(board, folder)


def words(made: Plan) -> list[str]:
    """What is told, without what is told of the shot."""
    return [
        f"{d.severity}: {d.message} [{d.hint}]"
        for d in made.diagnostics
        if d.rule.startswith("reference-")
    ]


def described(facts: FileFacts) -> str:
    """``video MP4 320x240 2 s HEVC``."""
    if facts.kind is None:
        return "nothing"
    sides = f" {facts.width}x{facts.height}" if facts.width else ""
    seconds = f" {facts.seconds.normalize():f} s" if facts.seconds else ""
    see_through = " alpha" if facts.alpha else ""
    return " ".join([f"{facts.kind} {facts.format}{sides}{seconds}{see_through}", *facts.traits])


def expect(told: dict[str, Any], name: str, found: dict[str, Any]) -> None:
    """Hold what was found to the table, or write it there."""
    if os.environ.get("R2VBATCH_UPDATE"):
        told[name] = found
        text = yaml.safe_dump(told, sort_keys=False, width=100, allow_unicode=True)
        TABLE.write_text(text, encoding="utf-8")
    else:
        assert found == told[name]


def made(sent: tuple[Sent, ...], folder: Path) -> list[tuple[Sent, Path]]:
    """What is given to the model: files, and copies, which must be what the plan said."""
    given = []
    for part in sent[0].parts:
        assert part.file is not None
        path = part.file
        if part.recipe:
            path = folder / f"{path.name}{part.recipe.suffix}"
            assert media.fit(part.file, part.recipe, path) == ""
            as_foretold(media.facts(path), part)
        given.append((part, path))
    return given


def as_foretold(copy: FileFacts, part: Sent) -> None:
    """The copy has the sides, and no more than the length and the bytes, that its recipe says."""
    recipe = part.recipe
    assert recipe is not None
    assert (copy.kind, copy.width or 0, copy.height or 0) == (
        recipe.kind, recipe.width, recipe.height,
    )  # fmt: skip
    assert copy.bytes <= recipe.bytes
    assert (copy.seconds or 0) <= (recipe.seconds or 0)
    assert not copy.alpha and not copy.traits


def accepted(take: PlannedTake, folder: Path) -> None:
    """The emulator takes the request with these files, names and all."""
    options = Options(wrong_extension="fail")
    given = made(take.sent, folder)
    shown = [inspect(path) for part, path in given if part.kind != "audio"]
    assert check(read(request(take), options), shown, options) is None
    for part, path in given:
        if part.kind == "audio":
            inspect_voice(path)
