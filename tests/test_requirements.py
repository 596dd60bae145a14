"""What a fresh environment is given."""

from __future__ import annotations

import tomllib
from importlib.metadata import version

import pytest
from conftest import ROOT
from packaging.requirements import Requirement

WANTED = [
    Requirement(text)
    for text in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
]


@pytest.mark.parametrize("wanted", WANTED, ids=lambda wanted: wanted.name)
def test_what_these_tests_ran_with_is_admitted(wanted: Requirement) -> None:
    """Nobody is asked for a package that nothing was tried with."""
    assert wanted.specifier.contains(version(wanted.name))


def test_a_pyav_that_speaks_otherwise_is_not_admitted() -> None:
    """PyAV 19, which pip takes on Python 3.12 and later, opens no file as we ask it to, and has no
    fractions of its own: not one clip could be verified with it."""
    av = next(wanted for wanted in WANTED if wanted.name == "av")
    assert not av.specifier.contains("19.0.2")
    assert av.specifier.contains("18.1.0")
