"""The `parameters` of a submit: each model's, with their ranges and defaults.

What becomes of a parameter that is wrong, an answer at once or a task that fails, is not decided
here: a `Refusal` is raised, and `checks` knows when to tell it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from r2vbatch.emulator.ask import Ask, Reference
from r2vbatch.emulator.models import FLASH, PLAIN, SIZES, TIERS
from r2vbatch.emulator.options import Options
from r2vbatch.emulator.refusals import Refusal

SEED_LIMIT = 2**31 - 1
UNDOCUMENTED_SECONDS = (1, 600)
"""Of a clip of a model that no page tells of: what can be drawn."""

_COMMON = {"duration", "watermark", "seed", "prompt_extend", "with_audio"}
"""Of every model; the last is what the vendor's Java SDK adds, so the service bears it."""
KEYS_26 = _COMMON | {"size", "shot_type", "audio"}
KEYS_27 = _COMMON | {"resolution", "ratio"}


class Asked(NamedTuple):
    """A request but for its parameters."""

    model: str
    """The one whose rules it keeps."""
    prompt: str
    references: tuple[Reference, ...]
    documented: bool
    """Whether the published figures of that model hold."""


def read_26(asked: Asked, parameters: Mapping[str, Any], options: Options) -> Ask:
    """A request of wan2.6-r2v-flash or wan2.6-r2v.

    Raises:
        Refusal: the first parameter that is wrong.
    """
    _common(parameters)
    later = None
    size = parameters.get("size", options.default_size)
    if not isinstance(size, str) or size not in TIERS:
        later = Refusal.of("InvalidParameter", f"size not match: {size}")
        if options.size_refused == "at_once" or not isinstance(size, str):
            raise later
        size = options.default_size
    duration = _whole_seconds(asked, parameters, 10)
    model = asked.model
    if model == PLAIN and options.five_or_ten and duration not in (5, 10):
        raise Refusal.invalid("parameters.duration", "must be 5 or 10")
    shot_type = parameters.get("shot_type", "single")
    if shot_type not in ("single", "multi"):
        raise Refusal.invalid("parameters.shot_type", "must be single or multi")
    _prompt_extend(parameters, shot_type, options)
    width, height = (int(side) for side in size.split("*"))
    return Ask(
        **asked._asdict(),
        width=width,
        height=height,
        tier=TIERS[size],
        ratio=None,
        duration=duration,
        audio=_audio(model, parameters, options),
        watermark=parameters.get("watermark", False),
        seed=parameters.get("seed"),
        shot_type=shot_type,
        later=later,
    )


def _prompt_extend(parameters: Mapping[str, Any], shot_type: str, options: Options) -> None:
    if "prompt_extend" in parameters and options.prompt_extend == "refuse":
        raise Refusal.invalid("parameters.prompt_extend", "is not supported by this model")
    wanted = options.prompt_extend == "for_multi" and shot_type == "multi"
    if wanted and not parameters.get("prompt_extend"):
        raise Refusal.invalid("parameters.prompt_extend", "must be true where shot_type is multi")


def _audio(model: str, parameters: Mapping[str, Any], options: Options) -> bool:
    if "audio" not in parameters:
        return True
    if model != FLASH and options.needless_audio == "refuse":
        raise Refusal.invalid("parameters.audio", f"is not supported by {model}")
    if not isinstance(parameters["audio"], bool):
        raise Refusal.invalid("parameters.audio", "must be a boolean")
    return parameters["audio"] if model == FLASH else True


def read_27(asked: Asked, parameters: Mapping[str, Any], _options: Options) -> Ask:
    """A request of wan2.7-r2v.

    Raises:
        Refusal: the first parameter that is wrong.
    """
    _common(parameters)
    resolution = parameters.get("resolution", "1080P")
    ratio = parameters.get("ratio", "16:9")
    if resolution not in ("720P", "1080P"):
        raise Refusal.invalid("parameters.resolution", "must be 720P or 1080P")
    if not isinstance(ratio, str) or (resolution, ratio) not in SIZES:
        raise Refusal.invalid("parameters.ratio", "must be 16:9, 9:16, 1:1, 4:3 or 3:4")
    has_video = any(r.role == "reference_video" for r in asked.references)
    width, height = SIZES[resolution, ratio]
    return Ask(
        **asked._asdict(),
        width=width,
        height=height,
        tier=int(resolution[:-1]),
        ratio=ratio,
        duration=_whole_seconds(asked, parameters, 10 if has_video else 15),
        audio=True,
        watermark=parameters.get("watermark", False),
        seed=parameters.get("seed"),
    )


def shaped_like(ask: Ask, width: int, height: int) -> Ask:
    """The request in the ratio closest to a first frame's, which wins over the one asked for."""

    def distance(ratio: str) -> float:
        wide, high = SIZES[f"{ask.tier}P", ratio]
        return abs(math.log(wide / high) - math.log(width / height))

    ratio = min((ratio for tier, ratio in SIZES if tier == f"{ask.tier}P"), key=distance)
    wide, high = SIZES[f"{ask.tier}P", ratio]
    return replace(ask, width=wide, height=high, ratio=ratio)


def _common(parameters: Mapping[str, Any]) -> None:
    for name in ("watermark", "prompt_extend"):
        if not isinstance(parameters.get(name, False), bool):
            raise Refusal.invalid(f"parameters.{name}", "must be a boolean")
    seed = parameters.get("seed")
    if seed is not None and not (_is_int(seed) and 0 <= seed <= SEED_LIMIT):
        raise Refusal.invalid("parameters.seed", f"must be an integer from 0 to {SEED_LIMIT}")


def _whole_seconds(asked: Asked, parameters: Mapping[str, Any], most: int) -> int:
    low, high = (2, most) if asked.documented else UNDOCUMENTED_SECONDS
    duration = parameters.get("duration", 5)
    if not _is_int(duration) or not low <= duration <= high:
        raise Refusal.invalid("parameters.duration", f"must be an integer from {low} to {high}")
    return int(duration)


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
