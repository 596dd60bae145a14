"""What is wrong, or probably not meant, with one shot: each finding at the author's own words.

Errors (the service would refuse, or do something else than asked):

    unknown-model            no such model; the other checks go on with the widest ranges
    model-not-in-region      the endpoint's region does not offer the model
    parameter-not-accepted   a size, resolution, ratio, duration … that the model does not make
    too-many-references      more references, or more videos, than the model takes
    unknown-kind             a model that wants to be told: is this link an image or a video?
    private-link             an address of this machine or network, which no region reaches
    seed-too-large           the seed of the last take would be beyond the range
    after-loop               shots that wait for each other (found in ``graph``)
    budget-currency          a cap that the prices cannot be held to (found in ``build``)

Warnings (it would be made, but perhaps not as meant):

    kind-not-known           a link that may be a video, priced as one
    parameter-ignored        a setting, voice or first frame that the model does not have, or a
                             ratio beside a first frame, which gives the shape; it is not sent
    region-in-doubt          what some pages say the model does not take in the endpoint's region
    prompt-too-long          the service cuts the rest without a word
    negative-prompt-too-long the same
    reference-out-of-range   the prompt names ``character5``, but four references are given
    reference-never-named    given, but the prompt never speaks of it
    shot-ranges              ``Shot 1 [0-3s]`` ranges that leave gaps, overlap or miss the end
    shot-type-single         several timed shots in a prompt that is sent as a single one
    dear-by-omission         no size in reference form: the service makes 1080P

A rule is a function from a Subject to diagnostics; RULES lists them all.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from r2vbatch.diagnostics import Diagnostic
from r2vbatch.manifest.model import Mention, Origin, diagnose
from r2vbatch.manifest.phrases import short
from r2vbatch.planning.gate import nearest
from r2vbatch.planning.naming import names
from r2vbatch.planning.reach import out_of_reach
from r2vbatch.planning.subject import Subject
from r2vbatch.planning.timing import oddities, timed_shots
from r2vbatch.planning.unsent import unsent


def accepted(subject: Subject) -> Iterator[Diagnostic]:
    """What the model's schema refuses, and sizes that cannot be put into its words."""
    shot, model = subject.shot, subject.model
    kinds = [reference.kind for reference in subject.references]
    for fault in subject.gate.faults(model, subject.parameters, kinds):
        yield diagnose(
            shot.where(fault.parameter),
            fault.message,
            rule="parameter-not-accepted",
            hint=fault.hint,
        )
    choices: dict[str, tuple[str, ...]] = (
        {"resolution": model.tiers, "ratio": model.ratios}
        if model.has("size")
        else {"size": tuple(model.by_size)}
    )
    for key, known in choices.items():
        if key in shot.settings and shot.settings[key] not in known:
            yield diagnose(
                shot.where(key),
                f"{key} {short(str(shot.settings[key]))} is not one that"
                f" {model.name or 'any model'} makes",
                rule="parameter-not-accepted",
                hint=nearest(shot.settings[key], known),
            )


def seed_range(subject: Subject) -> Iterator[Diagnostic]:
    """Take N sends seed + N - 1: the last one must still be a seed."""
    seed = subject.shot.settings.get("seed")
    if seed is None or not subject.model.has("seed"):
        return
    most = subject.model.parameters["seed"]["maximum"]
    last = int(seed) + subject.shot.takes - 1
    if last > most:
        yield diagnose(
            subject.shot.where("seed"),
            f"take {subject.shot.takes} would send seed {last}, but {most} is the greatest",
            rule="seed-too-large",
            hint="each take sends one more than the take before",
        )


def references(subject: Subject) -> Iterator[Diagnostic]:
    """How many there are, and of which kind."""
    naming = subject.model.naming
    videos = [n for n, reference in enumerate(subject.references) if reference.kind == "video"]
    name = subject.model.name or "any model"
    if len(subject.references) > naming.at_most:
        message = f"{len(subject.references)} references, but {name} takes {naming.at_most} at most"
        yield _at_reference(subject, naming.at_most, message)
    if naming.videos_at_most < len(videos) <= naming.at_most:
        message = f"{len(videos)} reference videos, but {name} takes {naming.videos_at_most}"
        yield _at_reference(subject, videos[naming.videos_at_most], message)
    for reference, sent in zip(subject.given.references, subject.references, strict=True):
        if sent.kind is None and sent.file is None:
            yield _kind_not_known(subject, reference.origin)


def _at_reference(subject: Subject, number: int, message: str) -> Diagnostic:
    """A finding at the first reference too many: where it is given, or first mentioned."""
    shot, reference = subject.shot, subject.given.references[number]
    rule, name = "too-many-references", reference.name or ""
    unsaid = reference.frame_of and Mention(name) not in shot.prompt.parts
    if shot.form == "reference" or unsaid:
        return diagnose(reference.origin, message, rule=rule)
    if "cast" in shot.origins:
        return diagnose(shot.where("cast"), message, rule=rule)
    prompt, offset = shot.prompt, shot.prompt.offset_of(name)
    return diagnose(prompt.origin, message, rule=rule, offset=offset, width=len(name) + 1)


def _kind_not_known(subject: Subject, origin: Origin) -> Diagnostic:
    hint = "write it in the cast as {image: …} or {video: …}"
    if subject.model.naming.field == "media":
        message = f"{subject.model.name} must be told whether this link is an image or a video"
        return diagnose(origin, message, rule="unknown-kind", hint=hint)
    message = "whether this link is an image or a video cannot be told; it is priced as a video"
    return diagnose(origin, message, rule="kind-not-known", hint=hint, severity="warning")


def doubts(subject: Subject) -> Iterator[Diagnostic]:
    """What the region may refuse: its pages disagree, so it is said and not held up."""
    shot, model, region = subject.shot, subject.model, subject.place
    doubt = model.doubts.get(region or "")
    if doubt is None:
        return
    some = f"some pages say that {model.name} in {region} takes"
    seconds = subject.parameters.get("duration", model.default("duration"))
    span = model.parameters["duration"]
    made = span["minimum"] <= seconds <= span["maximum"] and not shot.unread("duration")
    if doubt.durations and made and seconds not in doubt.durations:
        nearest = min(doubt.durations, key=lambda taken: abs(taken - seconds))
        yield diagnose(
            shot.where("duration"),
            f"{some} {' or '.join(map(str, doubt.durations))} seconds alone, not {seconds}",
            rule="region-in-doubt",
            hint=f"if it is refused, which costs nothing: duration: {nearest}",
            severity="warning",
        )
    elsewhere = [f"make it in {each}" for each in model.regions if each not in model.doubts]
    instead = ", or ".join([*(f"give a {kind}" for kind in doubt.kinds), *elsewhere])
    for reference, sent in zip(subject.given.references, subject.references, strict=True):
        if doubt.kinds and sent.kind and sent.kind not in doubt.kinds:
            yield diagnose(
                reference.origin,
                f"{some} no {sent.kind} as a reference, only {' or '.join(doubt.kinds)}",
                rule="region-in-doubt",
                hint=f"if it is refused, which costs nothing: {instead}",
                severity="warning",
            )


def too_long(subject: Subject) -> Iterator[Diagnostic]:
    """Text that the service would cut off."""
    limit, length = subject.model.prompt_limit, len(subject.prompt)
    if length > limit:
        message = f"the service cuts a prompt at {limit} characters; from here on it is lost"
        yield subject.at_prompt(
            limit, length - limit, message, rule="prompt-too-long", hint=_too_many(length, limit)
        )
    limit, length = subject.model.negative_limit, len(subject.shot.negative_prompt or "")
    if length > limit:
        yield diagnose(
            subject.shot.where("negative_prompt"),
            f"the service cuts a negative prompt at {limit} characters; from here on it is lost",
            rule="negative-prompt-too-long",
            severity="warning",
            hint=_too_many(length, limit),
            offset=limit,
            width=length - limit,
        )


def _too_many(length: int, limit: int) -> str:
    return f"{length} characters as sent, {length - limit} too many"


def shot_ranges(subject: Subject) -> Iterator[Diagnostic]:
    """Timed shots inside the prompt, against the clip and against shot_type."""
    shots = timed_shots(subject.prompt)
    if not shots:
        return
    model = subject.model
    duration = subject.parameters.get("duration", model.default("duration"))
    for odd in oddities(shots, None if subject.shot.unread("duration") else duration):
        yield subject.at_prompt(
            odd.shot.index,
            odd.shot.width,
            odd.message,
            rule="shot-ranges",
            hint="ranges should touch and fill the clip",
        )
    shot_type = subject.parameters.get("shot_type", "single")
    if subject.shot.unread("shot_type"):
        return
    if len(shots) > 1 and model.has("shot_type") and shot_type == "single":
        yield subject.at_prompt(
            shots[0].index,
            shots[0].width,
            "several shots are asked for, but shot_type single, which is sent, wins over the prompt"
            if "shot_type" in subject.parameters
            else "several shots are asked for, but without shot_type the service makes one",
            rule="shot-type-single",
            hint="shot_type: multi",
        )


def dear_by_omission(subject: Subject) -> Iterator[Diagnostic]:
    """Reference form sends no size of its own, and the service's default is the dearer tier."""
    shot, model = subject.shot, subject.model
    deciding = ("size", "resolution", "ratio") if model.has("size") else ("size", "resolution")
    if shot.form != "reference" or shot.settings.keys() & set(deciding):
        return
    key = "size" if model.has("size") else "resolution"
    cheap = model.sizes["720P", "16:9"] if key == "size" else "720P"
    prices = model.prices.get(subject.region)
    cost = ""
    if prices:
        audio = bool(subject.parameters.get("audio", True)) or not model.has("audio")
        each = {tier: prices.of(tier, audio=audio) for tier in ("720P", "1080P")}
        cost = f": {_second(each['1080P'], prices.currency)} instead of {each['720P']}"
    yield diagnose(
        shot.where("references"),
        f"without a {key} the service makes {model.default(key)}, the dearer tier{cost}",
        rule="dear-by-omission",
        hint=f"{key}: {cheap}",
        severity="warning",
    )


def _second(price: Decimal, currency: str) -> str:
    return f"{price} {currency} a second"


RULES = (
    accepted,
    unsent,
    seed_range,
    references,
    out_of_reach,
    doubts,
    too_long,
    names,
    shot_ranges,
    dear_by_omission,
)
