"""The tour in CONTRIBUTING.md names the rooms that there are, and the code keeps to its levels."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from conftest import ROOT

TOUR = (ROOT / ".github" / "CONTRIBUTING.md").read_text(encoding="utf-8")
PACKAGE = ROOT / "r2vbatch"
LEVELS = {
    room: int(level)
    for level, room in re.findall(r"^\| (\d) \| `([a-z]+)(?:/|\.py)` \|", TOUR, re.MULTILINE)
}
FACADE = {"__init__", "__main__"}
"""The package itself: it offers what is in the rooms, from any level."""


def room(part: Path | str) -> str:
    return str(part).removesuffix(".py")


def test_every_room_is_named() -> None:
    """Each module and package at the top has its row, and no row is without one."""
    there = {
        room(p.name) for p in PACKAGE.iterdir() if p.suffix == ".py" or (p / "__init__.py").exists()
    }
    assert set(LEVELS) == there - FACADE


def test_every_module_named_exists() -> None:
    """Each path in the tour, in the package or in the repository."""
    named = set(re.findall(r"`((?:[\w.-]+/)+[\w.-]*|\w+\.py)`", TOUR))
    named = {path for path in named if "NAME" not in path}  # a file that is to be added
    assert len(named) > 30
    assert [n for n in named if not (PACKAGE / n).exists() and not (ROOT / n).exists()] == []


def imported(file: Path) -> set[str]:
    """The rooms that a module imports, wherever in it the import stands."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "r2vbatch":
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("r2vbatch."):
            found.add((node.module or "").split(".")[1])
    return found & set(LEVELS)


def test_imports_point_downward() -> None:
    """No room imports one of its own level or of a higher one."""
    upward = []
    for file in PACKAGE.rglob("*.py"):
        own = room(file.relative_to(PACKAGE).parts[0])
        if own not in FACADE:
            upward += [
                f"{file.relative_to(PACKAGE)} imports {other}"
                for other in imported(file) - {own}
                if LEVELS[other] >= LEVELS[own]
            ]
    assert upward == []


def test_the_emulator_does_not_know_the_client() -> None:
    """A bug in the codec is not mirrored by the server that tests it."""
    rooms = set().union(*(imported(file) for file in (PACKAGE / "emulator").rglob("*.py")))
    assert "dashscope" not in rooms
    assert rooms
