"""From data files to models: ``schemas/models`` and ``schemas/requests``, two files a model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from r2vbatch import datafiles
from r2vbatch.catalogue.model import (
    Bound,
    Catalogue,
    Doubt,
    FileLimits,
    InputCap,
    Model,
    Naming,
    Prices,
    Rates,
)

Data = dict[str, Any]
Raw = dict[str, tuple[Data, Data]]
"""By model: what a schema cannot say, and the schema of its request."""


def load(schemas: Path | None = None) -> Catalogue:
    """The catalogue of the folder `schemas`; default: the one that ships with the program."""
    models = raw(schemas)
    return Catalogue({name: model_of(*parts) for name, parts in models.items()})


def raw(schemas: Path | None = None) -> Raw:
    """The data files as they are."""
    folder = schemas or datafiles.folder("schemas")
    found: Raw = {}
    for file in sorted((folder / "models").glob("*.json")):
        data = json.loads(file.read_text("utf-8"))
        request = folder / "requests" / f"{data['model']}.schema.json"
        found[data["model"]] = data, json.loads(request.read_text("utf-8"))
    return found


def model_of(data: Data, request: Data, like: str | None = None) -> Model:
    """The model that `data` and the schema of its `request` describe."""
    references, cap = data["references"], data["input_cap"]
    return Model(
        name=data["model"],
        title=data["title"],
        naming=Naming(
            field=references["field"],
            shared=references["numbering"] == "shared",
            names=references["names"],
            also={kind: tuple(names) for kind, names in references["also"].items()},
            at_most=references["at_most"],
            videos_at_most=references["videos_at_most"],
            first_frame=references.get("first_frame", False),
        ),
        files={kind: _files(limits) for kind, limits in data["files"].items()},
        prompt_limit=data["prompt"]["characters"],
        negative_limit=data["prompt"]["negative_characters"],
        sizes={
            (tier, ratio): size
            for tier, ratios in data["sizes"].items()
            for ratio, size in ratios.items()
        },
        input_cap=InputCap(
            cap["counts"] == "videos", tuple(Decimal(str(s)) for s in cap["seconds"])
        ),
        regions=tuple(data["regions"]),
        doubts={
            region: Doubt(tuple(doubt.get("durations", ())), tuple(doubt.get("kinds", ())))
            for region, doubt in data.get("doubts", {}).items()
        },
        rates=Rates(**data["rates"]),
        prices={region: _prices(table) for region, table in data["prices"].items()},
        request=request,
        like=like,
    )


def _files(limits: Mapping[str, Any]) -> FileLimits:
    figures = {name: value for name, value in limits.items() if isinstance(value, dict)}
    return FileLimits(
        formats=tuple(limits["formats"]),
        alpha=limits.get("alpha", True),
        bounds={
            name: Bound(
                Decimal(str(figure["newer"])),
                Decimal(str(figure["older"])) if "older" in figure else None,
            )
            for name, figure in figures.items()
        },
    )


def _prices(table: Mapping[str, Any]) -> Prices:
    return Prices(
        currency=table["currency"],
        read=table["read"],
        per_second={
            sound: {tier: Decimal(str(price)) for tier, price in tiers.items()}
            for sound, tiers in table["per_second"].items()
        },
    )
