"""The form of a submit: every documented rule of both 2.6 models and of wan2.7-r2v.

Refuses at once what a look at the request shows (inference: the documentation does not say
which checks answer at once); what needs the media itself is checked when the task runs, in
`media`. Unknown extra keys are accepted, as the vendor's own SDK sends some.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from r2vbatch.emulator.ask import Ask, Reference
from r2vbatch.emulator.options import Options
from r2vbatch.emulator.refusals import Refusal

SIZES: Mapping[tuple[str, str], tuple[int, int]] = {
    ("720P", "16:9"): (1280, 720),
    ("720P", "9:16"): (720, 1280),
    ("720P", "1:1"): (960, 960),
    ("720P", "4:3"): (1088, 832),
    ("720P", "3:4"): (832, 1088),
    ("1080P", "16:9"): (1920, 1080),
    ("1080P", "9:16"): (1080, 1920),
    ("1080P", "1:1"): (1440, 1440),
    ("1080P", "4:3"): (1632, 1248),
    ("1080P", "3:4"): (1248, 1632),
}
TIERS = {f"{w}*{h}": int(tier[:-1]) for (tier, _), (w, h) in SIZES.items()}

FLASH = "wan2.6-r2v-flash"
PLAIN = "wan2.6-r2v"
NEXT = ("wan2.7-r2v", "wan2.7-r2v-2026-06-12")
MODELS = (FLASH, PLAIN, *NEXT)
OTHER_PATHS = ("qwen", "qvq", "qwq", "text-embedding", "wan2.6-t2i", "wanx", "cosyvoice")

PROMPT_LIMIT = {FLASH: 1500, PLAIN: 1500} | dict.fromkeys(NEXT, 5000)
MOST_REFERENCES = 5
SEED_LIMIT = 2**31 - 1


def read(body: Any, options: Options) -> Ask:
    """The request, understood.

    Raises:
        Refusal: what the service answers at once.
    """
    if not isinstance(body, dict):
        raise Refusal.of("InvalidParameter", "task can not be null")
    model = _model(body, options)
    given = body.get("input")
    if not isinstance(given, dict) or not given:
        raise Refusal.of("BadRequest.EmptyInput")
    parameters = body.get("parameters") or {}
    if not isinstance(parameters, dict):
        raise _invalid("parameters", "must be an object")
    prompt = _prompt(given, model)
    _common(parameters)
    return (_read_27 if model in NEXT else _read_26)(model, prompt, given, parameters, options)


def _model(body: Mapping[str, Any], options: Options) -> str:
    model = body.get("model")
    if not model or not isinstance(model, str):
        raise Refusal.of("BadRequest.EmptyModel")
    if model in MODELS:
        return model
    if model.startswith(OTHER_PATHS):
        raise Refusal.of("InvalidParameter", "url error, please check url!")
    code = "ModelNotFound" if options.unknown_model == 404 else "InvalidParameter"
    raise Refusal.of(code, "Model not exist.")


def _prompt(given: Mapping[str, Any], model: str) -> str:
    prompt = given.get("prompt")
    if not isinstance(prompt, str) or not prompt.strip():
        raise Refusal.of("InvalidParameter", "Field required: input.prompt")
    if not isinstance(given.get("negative_prompt") or "", str):
        raise _invalid("input.negative_prompt", "must be a string")
    return prompt[: PROMPT_LIMIT[model]]


def _common(parameters: Mapping[str, Any]) -> None:
    for name in ("watermark", "prompt_extend"):
        if not isinstance(parameters.get(name, False), bool):
            raise _invalid(f"parameters.{name}", "must be a boolean")
    seed = parameters.get("seed")
    if seed is not None and not (_is_int(seed) and 0 <= seed <= SEED_LIMIT):
        raise _invalid("parameters.seed", f"must be an integer from 0 to {SEED_LIMIT}")


def _read_26(
    model: str,
    prompt: str,
    given: Mapping[str, Any],
    parameters: Mapping[str, Any],
    options: Options,
) -> Ask:
    references = _urls(given)
    later = None
    size = parameters.get("size", "1920*1080")
    if size not in TIERS:
        later = Refusal.of("InvalidParameter", f"size not match: {size}")
        if options.size_refused == "at_once" or not isinstance(size, str):
            raise later
        size = "1920*1080"
    duration = _whole_seconds(parameters, 2, 10)
    if model == PLAIN and options.five_or_ten and duration not in (5, 10):
        raise _invalid("parameters.duration", "must be 5 or 10")
    if parameters.get("shot_type", "single") not in ("single", "multi"):
        raise _invalid("parameters.shot_type", "must be single or multi")
    width, height = (int(side) for side in size.split("*"))
    return Ask(
        model=model,
        prompt=prompt,
        references=references,
        width=width,
        height=height,
        tier=TIERS[size],
        ratio=None,
        duration=duration,
        audio=_audio(model, parameters, options),
        watermark=parameters.get("watermark", False),
        seed=parameters.get("seed"),
        later=later,
    )


def _urls(given: Mapping[str, Any]) -> tuple[Reference, ...]:
    name = "reference_urls" if given.get("reference_urls") is not None else "reference_video_urls"
    urls = given.get(name)
    if urls is None:
        raise Refusal.of("InvalidParameter", "Field required: input.reference_urls")
    if not isinstance(urls, list) or not all(isinstance(u, str) and u for u in urls):
        raise _invalid(f"input.{name}", "must be a list of URLs")
    most = MOST_REFERENCES if name == "reference_urls" else 3
    if not 1 <= len(urls) <= most:
        raise _invalid(f"input.{name}", f"must hold 1 to {most} URLs")
    role = "reference" if name == "reference_urls" else "reference_video"
    return tuple(Reference(url, role) for url in urls)  # type: ignore[arg-type]


def _audio(model: str, parameters: Mapping[str, Any], options: Options) -> bool:
    if "audio" not in parameters:
        return True
    if model != FLASH and options.needless_audio == "refuse":
        raise _invalid("parameters.audio", f"is not supported by {model}")
    if not isinstance(parameters["audio"], bool):
        raise _invalid("parameters.audio", "must be a boolean")
    return parameters["audio"] if model == FLASH else True


def _read_27(
    model: str,
    prompt: str,
    given: Mapping[str, Any],
    parameters: Mapping[str, Any],
    _options: Options,
) -> Ask:
    references = _media(given)
    resolution = parameters.get("resolution", "1080P")
    ratio = parameters.get("ratio", "16:9")
    if resolution not in ("720P", "1080P"):
        raise _invalid("parameters.resolution", "must be 720P or 1080P")
    if (resolution, ratio) not in SIZES:
        raise _invalid("parameters.ratio", "must be 16:9, 9:16, 1:1, 4:3 or 3:4")
    has_video = any(r.role == "reference_video" for r in references)
    width, height = SIZES[resolution, ratio]
    return Ask(
        model=model,
        prompt=prompt,
        references=references,
        width=width,
        height=height,
        tier=int(resolution[:-1]),
        ratio=ratio,
        duration=_whole_seconds(parameters, 2, 10 if has_video else 15),
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


def _media(given: Mapping[str, Any]) -> tuple[Reference, ...]:
    media = given.get("media")
    if not isinstance(media, list) or not media:
        raise Refusal.of("InvalidParameter", "Field required: input.media")
    references = tuple(_medium(i, entry) for i, entry in enumerate(media))
    frames = sum(r.role == "first_frame" for r in references)
    if frames > 1:
        raise _invalid("input.media", "may hold one first_frame")
    if not 1 <= len(references) - frames <= MOST_REFERENCES:
        raise _invalid("input.media", "must hold 1 to 5 reference images and videos")
    return references


def _medium(index: int, entry: Any) -> Reference:
    if not isinstance(entry, dict):
        raise _invalid(f"input.media[{index}]", "must be an object")
    role, url, voice = entry.get("type"), entry.get("url"), entry.get("reference_voice")
    if role not in ("reference_image", "reference_video", "first_frame"):
        raise _invalid(
            f"input.media[{index}].type",
            "must be reference_image, reference_video or first_frame",
        )
    if not isinstance(url, str) or not url:
        raise Refusal.of("InvalidParameter", f"Field required: input.media[{index}].url")
    if not isinstance(voice, str | None):
        raise _invalid(f"input.media[{index}].reference_voice", "must be a URL")
    return Reference(url, role, voice)


def _whole_seconds(parameters: Mapping[str, Any], low: int, high: int) -> int:
    duration = parameters.get("duration", 5)
    if not _is_int(duration) or not low <= duration <= high:
        raise _invalid("parameters.duration", f"must be an integer from {low} to {high}")
    return int(duration)


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _invalid(where: str, must: str) -> Refusal:
    return Refusal.of("InvalidParameter", f"{where} {must}")
