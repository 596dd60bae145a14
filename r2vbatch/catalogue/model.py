"""What is known of a model, and of all of them: plain data that answers questions.

It refuses to know where it was written: `data` reads the files that ship, `own` a user's.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal, NamedTuple

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
class Doubt:
    """What a model took in one region once, and may take there alone still: pages disagree."""

    durations: tuple[int, ...] = ()
    """Seconds; none named: any that the model takes."""
    kinds: tuple[str, ...] = ()
    """Of references; none named: any."""


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
    doubts: Mapping[str, Doubt]
    """By region."""
    rates: Rates
    prices: Mapping[str, Prices]
    """By region."""
    request: Schema
    """JSON Schema (2020-12) of a request as sent."""
    like: str | None = None
    """The model that ships and that a user's file made this one from: another one, or this very
    one, changed. None for one that is as it ships."""

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


class Own(NamedTuple):
    """A file of the user's own, as it was read."""

    file: str
    """Its name for messages."""
    text: str


@dataclass(frozen=True)
class Catalogue:
    """All known models, by name."""

    models: Mapping[str, Model]
    own: Own | None = None
    """What changed or added some of them; kept in the ledger, so that `resume` knows it."""

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
            doubts={},
            rates=models[0].rates,
            prices={},
            request={"properties": {"parameters": {"properties": parameters}}},
        )


def _widen(schema: dict[str, Any], other: Schema) -> None:
    """Let `schema` of a parameter accept what `other` accepts too."""
    for bound, wider in (("minimum", min), ("maximum", max)):
        if bound in schema:
            schema[bound] = wider(schema[bound], other[bound])
    if "enum" in schema:
        schema["enum"] = list(dict.fromkeys([*schema["enum"], *other["enum"]]))
