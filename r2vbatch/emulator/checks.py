"""The form of a submit: every documented rule of both 2.6 models and of wan2.7-r2v.

Refuses at once what a look at the request shows (inference: the documentation does not say
which checks answer at once); what needs the media itself is checked when the task runs, in
`media`. What is in doubt is decided by `readings`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from r2vbatch.emulator.ask import Ask, Reference
from r2vbatch.emulator.models import MODELS, NEXT, OTHER_PATHS, PROMPT_LIMIT, offered, rules_of
from r2vbatch.emulator.names import stray_name
from r2vbatch.emulator.options import Options
from r2vbatch.emulator.parameters import KEYS_26, KEYS_27, Asked, read_26, read_27
from r2vbatch.emulator.refusals import Refusal

MOST_REFERENCES = 5
MOST_VIDEOS = 3

_SDK_KEYS = {"extend_prompt", "function"}
"""What the vendor's SDK adds to every call by itself, so that the service bears it."""
_INPUT_KEYS = {"prompt", "negative_prompt"} | _SDK_KEYS
_INPUT_KEYS_26 = _INPUT_KEYS | {"reference_urls", "reference_video_urls"}
_INPUT_KEYS_27 = _INPUT_KEYS | {"media"}


def read(body: Any, options: Options) -> Ask:
    """The request, understood.

    Raises:
        Refusal: what the service answers at once.
    """
    if not isinstance(body, dict):
        raise Refusal.of("InvalidParameter", "task can not be null")
    name = _model(body, options)
    model, documented = rules_of(name, options.likes)
    given = body.get("input")
    if not isinstance(given, dict) or not given:
        raise Refusal.of("BadRequest.EmptyInput")
    parameters = body.get("parameters") or {}
    if not isinstance(parameters, dict):
        raise Refusal.invalid("parameters", "must be an object")
    if options.unknown_keys == "refuse":
        _only_known(model, body, given, parameters)
    prompt = _prompt(given, model)
    references = _media(given) if model in NEXT else _urls(given, options)
    if options.stray_characters == "refuse":
        stray = stray_name(prompt, references, apart=model in NEXT)
        if stray:
            raise Refusal.invalid("input.prompt", f"names {stray}, which is not given")
    asked = Asked(model, prompt, references, documented)
    read_parameters = read_27 if model in NEXT else read_26
    try:
        ask = read_parameters(asked, parameters, options)
    except Refusal as refused:
        if options.values_refused == "at_once":
            raise
        ask = replace(read_parameters(asked, {}, options), later=refused)
    return replace(ask, model=name)


def _model(body: Mapping[str, Any], options: Options) -> str:
    model = body.get("model")
    if not model or not isinstance(model, str):
        raise Refusal.of("BadRequest.EmptyModel")
    if model in offered(options.region, options.likes):
        return model
    if model not in MODELS and model.startswith(OTHER_PATHS):
        raise Refusal.of("InvalidParameter", "url error, please check url!")
    raise no_such_model(options)


def no_such_model(options: Options) -> Refusal:
    """That a model does not exist, or not in this region; both statuses are documented."""
    code = "ModelNotFound" if options.unknown_model == 404 else "InvalidParameter"
    return Refusal.of(code, "Model not exist.")


def _only_known(
    model: str,
    body: Mapping[str, Any],
    given: Mapping[str, Any],
    parameters: Mapping[str, Any],
) -> None:
    newer = model in NEXT
    known = {
        "": (body, {"model", "input", "parameters"}),
        "input.": (given, _INPUT_KEYS_27 if newer else _INPUT_KEYS_26),
        "parameters.": (parameters, KEYS_27 if newer else KEYS_26),
    }
    for where, (found, keys) in known.items():
        for key in found:
            if key not in keys:
                raise Refusal.invalid(f"{where}{key}", "is not known")


def _prompt(given: Mapping[str, Any], model: str) -> str:
    prompt = given.get("prompt")
    if not isinstance(prompt, str) or not prompt.strip():
        raise Refusal.of("InvalidParameter", "Field required: input.prompt")
    if not isinstance(given.get("negative_prompt") or "", str):
        raise Refusal.invalid("input.negative_prompt", "must be a string")
    return prompt[: PROMPT_LIMIT[model]]


def _urls(given: Mapping[str, Any], options: Options) -> tuple[Reference, ...]:
    newer, older = given.get("reference_urls"), given.get("reference_video_urls")
    if newer is not None and older is not None and options.both_fields == "refuse":
        raise Refusal.invalid("input.reference_video_urls", "cannot stand beside reference_urls")
    name = "reference_urls" if newer is not None else "reference_video_urls"
    urls = given.get(name)
    if urls is None:
        raise Refusal.of("InvalidParameter", "Field required: input.reference_urls")
    if not isinstance(urls, list) or not all(isinstance(u, str) and u for u in urls):
        raise Refusal.invalid(f"input.{name}", "must be a list of URLs")
    most = MOST_REFERENCES if newer is not None else MOST_VIDEOS
    if not 1 <= len(urls) <= most:
        raise Refusal.invalid(f"input.{name}", f"must hold 1 to {most} URLs")
    return tuple(
        Reference(url, "reference" if newer is not None else "reference_video") for url in urls
    )


def _media(given: Mapping[str, Any]) -> tuple[Reference, ...]:
    media = given.get("media")
    if not isinstance(media, list) or not media:
        raise Refusal.of("InvalidParameter", "Field required: input.media")
    references = tuple(_medium(i, entry) for i, entry in enumerate(media))
    frames = sum(r.role == "first_frame" for r in references)
    if frames > 1:
        raise Refusal.invalid("input.media", "may hold one first_frame")
    if not 1 <= len(references) - frames <= MOST_REFERENCES:
        raise Refusal.invalid("input.media", "must hold 1 to 5 reference images and videos")
    return references


def _medium(index: int, entry: Any) -> Reference:
    if not isinstance(entry, dict):
        raise Refusal.invalid(f"input.media[{index}]", "must be an object")
    role, url, voice = entry.get("type"), entry.get("url"), entry.get("reference_voice")
    if role not in ("reference_image", "reference_video", "first_frame"):
        raise Refusal.invalid(
            f"input.media[{index}].type",
            "must be reference_image, reference_video or first_frame",
        )
    if not isinstance(url, str) or not url:
        raise Refusal.of("InvalidParameter", f"Field required: input.media[{index}].url")
    if not isinstance(voice, str | None):
        raise Refusal.invalid(f"input.media[{index}].reference_voice", "must be a URL")
    if voice is not None and role == "first_frame":
        raise Refusal.invalid(f"input.media[{index}].reference_voice", "is not for a first_frame")
    return Reference(url, role, voice)
