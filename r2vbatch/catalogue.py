"""What each model accepts, how it names references, and what it costs.

All of it is data: ``schemas/models/<model>.json`` for what a schema cannot say, and
``schemas/requests/<model>.schema.json`` for the request as sent. The schema is the one place
where a parameter, its range and the service's default are written; a model has a parameter
if its schema lists it. To add a model of the family is to add two files.

This room refuses to know manifests, shots and money rules: it answers questions, ``plan``
asks them.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from r2vbatch import datafiles

DEFAULT_PRICES = "singapore"
"""The price table for endpoints that are no region (``preview``, a URL)."""

Sound = Literal["sound", "silent"]
Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True, eq=False)  # one for each model, hashed as such
class Naming:
    """What a model calls its references in a prompt."""

    field: Literal["reference_urls", "media"]
    """Where `input` holds them; ``media`` states the kind of each, ``reference_urls`` does not."""
    shared: bool
    """True: one numbering over images and videos. False: each kind is numbered apart."""
    names: Mapping[str, str]
    """By kind: a pattern with ``{n}``, such as ``character{n}``."""
    also: Mapping[str, tuple[str, ...]]
    """By kind: other spellings that the model understands."""
    at_most: int
    videos_at_most: int
    first_frame: bool
    """Whether ``media`` may hold a picture that the clip opens on."""


@dataclass(frozen=True, slots=True)
class Bound:
    """One limit, as published. Where pages disagree, `newer` is the looser figure and `older` the
    stricter one."""

    newer: Decimal
    older: Decimal | None


@dataclass(frozen=True, slots=True)
class FileLimits:
    """What a reference file of one kind may be."""

    formats: tuple[str, ...]
    """``JPEG``, ``MP4`` and the like."""
    alpha: bool
    """Whether parts of it may be seen through."""
    bounds: Mapping[str, Bound]
    """By figure: megabytes, least_seconds, most_seconds, least_side, most_side (pixels), aspect
    (the long side by the short one)."""


@dataclass(frozen=True, slots=True)
class InputCap:
    """How many seconds of a reference video are billed at most."""

    by_videos: bool
    """The number that decides: of reference videos only, or of all references."""
    seconds: tuple[Decimal, ...]
    """By that number, from 1. A greater number is billed as the last."""

    def per_video(self, references: int, videos: int) -> Decimal:
        """The cap of each video, in seconds."""
        counted = videos if self.by_videos else references
        return self.seconds[min(max(counted, 1), len(self.seconds)) - 1]

    @property
    def total(self) -> Decimal:
        """What all reference videos together are billed at most, in seconds."""
        return self.seconds[0]


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices of one model in one region, per billed second."""

    currency: str
    read: str
    """When the table was read (ISO 8601, to the day or the month)."""
    per_second: Mapping[Sound, Mapping[str, Decimal]]
    """By sound, then by tier (``720P``)."""

    def of(self, tier: str, *, audio: bool) -> Decimal:
        """The price of one second."""
        table = self.per_second["sound"] if audio else self.per_second.get("silent")
        return (table or self.per_second["sound"])[tier]


@dataclass(frozen=True, slots=True)
class Rates:
    """Published limits, per model and main account."""

    submits_per_second: float
    in_flight: int
    queries_per_second: float


@dataclass(frozen=True)
class Model:
    """One model of the service."""

    name: str
    title: str
    naming: Naming
    files: Mapping[str, FileLimits]
    """By kind of reference: image, video; and audio, where a model takes voices."""
    prompt_limit: int
    """Characters; what is beyond is cut by the service without a word."""
    negative_limit: int
    sizes: Mapping[tuple[str, str], str]
    """``(tier, ratio)`` to ``W*H``."""
    input_cap: InputCap
    regions: tuple[str, ...]
    rates: Rates
    prices: Mapping[str, Prices]
    """By region."""
    request: Schema
    """JSON Schema (2020-12) of a request as sent."""

    @cached_property
    def parameters(self) -> Mapping[str, Schema]:
        """The parameters that the model has: the JSON Schema of each, with its default."""
        properties: Mapping[str, Schema] = self.request["properties"]["parameters"]["properties"]
        return properties

    @cached_property
    def tiers(self) -> tuple[str, ...]:
        """Every tier that a size may be of."""
        return tuple(dict.fromkeys(tier for tier, _ in self.sizes))

    @cached_property
    def ratios(self) -> tuple[str, ...]:
        """Every ratio that a size may have."""
        return tuple(dict.fromkeys(ratio for _, ratio in self.sizes))

    @cached_property
    def by_size(self) -> Mapping[str, tuple[str, str]]:
        """``W*H`` to ``(tier, ratio)``."""
        return {size: key for key, size in self.sizes.items()}

    @property
    def voices(self) -> bool:
        """Whether a reference may be given a voice of its own."""
        return "audio" in self.files

    def has(self, parameter: str) -> bool:
        """Whether a request to this model may carry `parameter`."""
        return parameter in self.parameters

    def default(self, parameter: str) -> Any:
        """What the service takes where a request leaves `parameter` out."""
        return self.parameters[parameter].get("default")


@dataclass(frozen=True)
class Catalogue:
    """All known models, by name."""

    models: Mapping[str, Model]

    def model(self, name: str) -> Model | None:
        """The model called `name`, if there is one."""
        return self.models.get(name)

    def suggest(self, name: str) -> str | None:
        """The known model name that `name` looks like."""
        close = difflib.get_close_matches(name.strip().lower(), self.models, n=1, cutoff=0.5)
        return close[0] if close else None

    @cached_property
    def regions(self) -> tuple[str, ...]:
        """Every region in which some model is offered."""
        return tuple(dict.fromkeys(r for m in self.models.values() for r in m.regions))

    def currency(self, region: str) -> str:
        """What the price table of `region` is in."""
        return next(m.prices[region].currency for m in self.models.values() if region in m.prices)

    def read(self, region: str) -> str:
        """When the price table of `region` was read; the oldest date where models differ."""
        return min(m.prices[region].read for m in self.models.values() if region in m.prices)

    @cached_property
    def widest(self) -> Model:
        """A stand-in for a model nobody knows: every parameter, in its widest published range.

        It lets the other checks of a shot go on. It is offered and priced nowhere.
        """
        models = list(self.models.values())
        longest = max(models, key=lambda m: m.prompt_limit)
        parameters: dict[str, dict[str, Any]] = {}
        for model in models:
            for name, schema in model.parameters.items():
                _widen(parameters.setdefault(name, dict(schema)), schema)
        return Model(
            name="",
            title="",
            naming=replace(models[0].naming, first_frame=True),
            files={kind: limits for m in reversed(models) for kind, limits in m.files.items()},
            prompt_limit=longest.prompt_limit,
            negative_limit=max(m.negative_limit for m in models),
            sizes=models[0].sizes,
            input_cap=models[0].input_cap,
            regions=self.regions,
            rates=models[0].rates,
            prices={},
            request={"properties": {"parameters": {"properties": parameters}}},
        )


def load() -> Catalogue:
    """The catalogue that ships with the program."""
    schemas = datafiles.folder("schemas")
    models = (_model(file, schemas) for file in sorted((schemas / "models").glob("*.json")))
    return Catalogue({model.name: model for model in models})


def _widen(schema: dict[str, Any], other: Schema) -> None:
    """Let `schema` of a parameter accept what `other` accepts too."""
    for bound, wider in (("minimum", min), ("maximum", max)):
        if bound in schema:
            schema[bound] = wider(schema[bound], other[bound])
    if "enum" in schema:
        schema["enum"] = list(dict.fromkeys([*schema["enum"], *other["enum"]]))


def _model(file: Path, schemas: Path) -> Model:
    data = json.loads(file.read_text("utf-8"))
    name = data["model"]
    request = schemas / "requests" / f"{name}.schema.json"
    references, cap = data["references"], data["input_cap"]
    return Model(
        name=name,
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
        input_cap=InputCap(cap["counts"] == "videos", tuple(map(Decimal, cap["seconds"]))),
        regions=tuple(data["regions"]),
        rates=Rates(**data["rates"]),
        prices={region: _prices(table) for region, table in data["prices"].items()},
        request=json.loads(request.read_text("utf-8")),
    )


def _files(limits: Mapping[str, Any]) -> FileLimits:
    figures = {name: value for name, value in limits.items() if isinstance(value, dict)}
    return FileLimits(
        formats=tuple(limits["formats"]),
        alpha=limits.get("alpha", True),
        bounds={
            name: Bound(
                Decimal(figure["newer"]), Decimal(figure["older"]) if "older" in figure else None
            )
            for name, figure in figures.items()
        },
    )


def _prices(table: Mapping[str, Any]) -> Prices:
    return Prices(
        currency=table["currency"],
        read=table["read"],
        per_second={
            sound: {tier: Decimal(price) for tier, price in tiers.items()}
            for sound, tiers in table["per_second"].items()
        },
    )
