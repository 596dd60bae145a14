"""Every published limit of a reference file: what is told of a file at it, just inside and just
outside. The table is `limits.yaml`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from media_files import IMAGE, VIDEO
from storyboards import given

from r2vbatch import catalogue
from r2vbatch.media import FileFacts
from r2vbatch.planning import probe

MODELS = catalogue.load().models
TABLE = yaml.safe_load(Path(__file__).with_name("limits.yaml").read_text(encoding="utf-8"))
USUAL = {"image": IMAGE, "video": VIDEO, "audio": replace(VIDEO, kind="audio", format="WAV")}
VERDICTS = {"fine": [], "warned": ["warning"], "refused": ["error"]}


def cases() -> Iterator[Any]:
    """Each figure of each row, for each model that it holds for."""
    for row in TABLE:
        for verdict in VERDICTS:
            for value in row.get(verdict, ()):
                for model in row["models"]:
                    name = f"{model} {row['kind']} {row['figure']} {value}"
                    yield pytest.param(row, verdict, value, model, id=name)


def measured(row: dict[str, Any], value: Any) -> FileFacts:
    """A usual file of that kind, but for one figure."""
    usual = USUAL[row["kind"]]
    match row["figure"]:
        case "megabytes":
            return replace(usual, bytes=value)
        case "least_seconds" | "most_seconds":
            return replace(usual, seconds=Decimal(value))
        case "aspect":
            return replace(usual, width=value[0], height=value[1])
        case _:
            return replace(usual, width=1280, height=value)


@pytest.mark.parametrize(("row", "verdict", "value", "model"), [*cases()])
def test_a_figure_near_its_limit(row: dict[str, Any], verdict: str, value: Any, model: str) -> None:
    """Nothing within it, a warning between two editions of it, an error beyond; told once, with
    the measured value, the limit and what to do."""
    reference = given(row["kind"])
    found = list(probe.judge(reference, measured(row, value), MODELS[model]))
    assert [each.severity for each in found] == VERDICTS[verdict]
    for each in found:
        assert each.hint
        assert each.position == reference.origin.at()
    if verdict == "refused":
        assert found[0].message.endswith(f"; {model} takes {row['says']}")


def test_no_limit_is_left_out() -> None:
    """The table has every limit of the catalogue, and no other."""
    there = {
        (name, kind, figure)
        for name, model in MODELS.items()
        for kind, limits in model.files.items()
        for figure in limits.bounds
    }
    assert {(m, row["kind"], row["figure"]) for row in TABLE for m in row["models"]} == there
