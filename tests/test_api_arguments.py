"""The Python API: arguments that make no sense, as a program without type checks may pass them."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from studio import Studio

from r2vbatch import Money, UsageProblem, load, plan, run_sync


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    made = Studio(tmp_path / "film")
    made.shots("a")
    return made


@pytest.mark.parametrize(
    "words",
    [
        {"max_cost": 5},
        {"max_cost": "5"},
        {"max_cost": Money(Decimal("NaN"), "USD")},
        {"max_cost": Money(Decimal(-1), "USD")},
        {"max_cost": "1 USD", "grace": 0.0},
        {"max_cost": "1 USD", "grace": float("nan")},
        {"max_cost": "1 USD", "grace": float("inf")},
    ],
    ids=str,
)
def test_a_cap_or_a_grace_that_makes_no_sense(studio: Studio, words: dict[str, Any]) -> None:
    """It is refused in words, before a folder is made."""
    with pytest.raises(UsageProblem, match=r"is not an amount of money|makes no sense"):
        run_sync(
            load(studio.file), endpoint="http://127.0.0.1:9/api/v1", key="sk-odd-0000", **words
        )
    assert not studio.output.exists()


def test_a_path_is_no_manifest(studio: Studio) -> None:
    """Who forgets `load` is told so."""
    for call in (plan, run_sync):
        with pytest.raises(TypeError, match="what `load` returns is wanted"):
            call(str(studio.file))  # type: ignore[operator]
