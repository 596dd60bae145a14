"""A take to the body of its submit, and to what its clip must look like.

Cast form sends every parameter that its model has but the seed and prompt_extend, which go where
they are written: nothing is left to the service's dearer defaults. Reference form sends what the
author wrote and adds no key.
This room refuses to judge: what a model does not accept is the business of ``gate`` and ``lint``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from r2vbatch.catalogue import Model
from r2vbatch.manifest.model import Shot
from r2vbatch.planning.given import given
from r2vbatch.planning.model import Expected, PlannedTake, Request, Sent
from r2vbatch.planning.timing import cuts_asked
from r2vbatch.planning.wording import spoken

DEFAULTS: Mapping[str, Any] = {
    "resolution": "720P",
    "ratio": "16:9",
    "duration": 5,
    "audio": True,
    "shot_type": "single",
    "watermark": False,
}
"""What cast form sends where neither the shot nor the manifest's `defaults` say otherwise."""

FRAME = ("size", "resolution", "ratio")
"""The settings that say how large a picture is asked for."""


def parameters(shot: Shot, model: Model) -> dict[str, Any]:
    """What `shot` sends as parameters, all but the seed, which differs from take to take."""
    asked = {**DEFAULTS, **shot.settings} if shot.form == "cast" else shot.settings
    made = _frame(shot, model)
    for key in ("duration", "audio", "shot_type", "prompt_extend", "watermark"):
        if key in asked and model.has(key):
            made[key] = asked[key]
    if "duration" in made:
        made["duration"] = int(made["duration"])  # 5.0 is an integer to a schema, not to JSON text
    return made


def _frame(shot: Shot, model: Model) -> dict[str, Any]:
    """The size of the picture in the model's own words; empty where it cannot be said."""
    settings = shot.settings
    if model.has("size"):
        if "size" in settings:
            return {"size": settings["size"]}
        if shot.form == "reference" and not settings.keys() & FRAME:
            return {}
        size = model.sizes.get((_or_default(shot, "resolution"), _or_default(shot, "ratio")))
        return {"size": size} if size else {}
    # the clip takes the shape of its first frame, whatever ratio is asked for
    framed = given(shot, model).first_frame
    words = ("resolution",) if framed else ("resolution", "ratio")
    if "size" in settings:
        pair = model.by_size.get(settings["size"])
        return dict(zip(words, pair, strict=False)) if pair else {}
    keys = [k for k in words if k in settings or shot.form == "cast"]
    return {key: _or_default(shot, key) for key in keys}


def _or_default(shot: Shot, key: str) -> Any:
    return shot.settings.get(key, DEFAULTS[key])


def request(take: PlannedTake, urls: Sequence[str] | None = None) -> Request:
    """The body of the submit, as it would be posted.

    `urls`, in the order of ``take.sent``, stand in place of the planned ones: what a local
    file became when it was uploaded.
    """
    shot, model = take.shot, take.model
    made: dict[str, Any] = {"prompt": spoken(shot.prompt, take.sent)}
    if shot.negative_prompt:
        made["negative_prompt"] = shot.negative_prompt
    urls = urls if urls is not None else [reference.url for reference in take.sent]
    made[model.naming.field] = [
        _reference(model, reference, url) for reference, url in zip(take.sent, urls, strict=True)
    ]
    sent = parameters(shot, model)
    if "seed" in shot.settings and model.has("seed"):
        seed = int(shot.settings["seed"]) + take.number - 1
        # a retake may go beyond the greatest: no rule of ``lint`` has seen it
        sent["seed"] = seed % (model.parameters["seed"]["maximum"] + 1)
    return {"model": model.name, "input": made, "parameters": sent}


def _reference(model: Model, reference: Sent, url: str) -> str | dict[str, str]:
    if model.naming.field == "reference_urls":
        return url
    if reference.opens:
        return {"type": "first_frame", "url": url}
    voice = {"reference_voice": reference.voice.url} if reference.voice else {}
    return {"type": f"reference_{reference.kind or 'image'}", "url": url, **voice}


def expected(take: PlannedTake) -> Expected:
    """What to hold the clip of `take` to."""
    asked = parameters(take.shot, take.model)
    width, _, height = asked.get("size", "").partition("*")
    return Expected(
        width=int(width) if height else None,
        height=int(height) if height else None,
        duration=asked.get("duration"),
        # a model without the parameter always makes sound
        audio=asked.get("audio") if take.model.has("audio") else True,
        cuts=cuts_asked(asked.get("shot_type"), take.shot.prompt.text),
    )
