"""``models``: what each model takes and costs, where it is offered, and when that was read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from r2vbatch.catalogue import Doubt, FileLimits, Model
from r2vbatch.cli import loading, params
from r2vbatch.cli.text import say
from r2vbatch.cli.verb import Verb
from r2vbatch.errors import Exit

_HEARD = {"sound": "with sound", "silent": "silent"}


@click.command(
    cls=Verb,
    cost="Nothing: nothing is sent or made.",
    examples=[
        ("r2vbatch models", "every model: where it is, what it takes and costs"),
        ("r2vbatch models --catalogue ours.yaml", "with prices and models of your own"),
    ],
    exits={Exit.DONE: "they are listed", Exit.MANIFEST: "the catalogue file has errors"},
)
@params.catalogue
def models(catalogue: Path | None) -> int:
    """List the models that `model:` may name.

    A file of your own changes a price or a limit, or adds a model of the family, which is like a
    known one but for what you write. Give it to check, plan and run; resume remembers it:

    \b
      models:
        wan2.7-r2v:
          prices:
            singapore:
              read: 2026-12-01
              per_second: {sound: {720P: 0.09, 1080P: 0.14}}
        wan2.7-r2v-2026-06-12:
          like: wan2.7-r2v
          title: Wan 2.7, as it was in June
    """
    known = loading.models_in(catalogue).models.values()
    for number, model in enumerate(known):
        for line in ([""] if number else []) + list(_about(model)):
            say(line)
    return Exit.DONE


def _about(model: Model) -> Iterator[str]:
    changed = ", changed by your file" if model.like == model.name else f", like {model.like}"
    like = changed if model.like else ""
    yield f"{model.name}  ({model.title}{like})"
    yield f"  offered in   {', '.join(model.regions)}"
    for region in model.regions:
        if doubt := model.doubts.get(region):
            yield f"  in doubt     by some pages, in {region} {_narrower(doubt)}"
    names = ", ".join(dict.fromkeys(name.format(n=1) for name in model.naming.names.values()))
    yield (
        f"  references   {model.naming.at_most} at most, {model.naming.videos_at_most} of them"
        f" videos; named {names} …"
    )
    yield f"  takes        {', '.join(_taken(model))}"
    yield f"  lasts        {_span(model)}"
    yield f"  sizes        {', '.join(model.tiers)}; {', '.join(model.ratios)}"
    for kind, limits in model.files.items():
        yield f"  {kind:11}  {', '.join(_limits(limits))}"
    yield f"  prompt       {model.prompt_limit} characters"
    for region, prices in model.prices.items():
        for sound, tiers in prices.per_second.items():
            each = ", ".join(f"{tier} {price}" for tier, price in tiers.items())
            yield f"  {region:11}  {each} {prices.currency} a second, {_HEARD[sound]}"
        yield f"  {'':11}  read {prices.read}"
    rates = model.rates
    yield (
        f"  at once      {rates.in_flight} tasks; {rates.submits_per_second:g} submits and"
        f" {rates.queries_per_second:g} queries a second"
    )


def _narrower(doubt: Doubt) -> str:
    """What some pages say a region takes alone."""
    seconds = [f"{' or '.join(map(str, doubt.durations))} seconds"] if doubt.durations else []
    kinds = [f"{kind}s alone" for kind in doubt.kinds]
    return ", ".join([*seconds, *kinds])


def _limits(limits: FileLimits) -> Iterator[str]:
    """What a file may be, each figure as it is published."""
    yield " ".join(limits.formats)
    bound = {name: bound.newer for name, bound in limits.bounds.items()}
    if "megabytes" in bound:
        yield f"{bound['megabytes']} MB at most"
    for unit, least, most in (
        ("s", "least_seconds", "most_seconds"),
        ("px a side", "least_side", "most_side"),
    ):
        if least in bound and most in bound:
            yield f"{bound[least]} to {bound[most]} {unit}"
    if "aspect" in bound:
        yield f"to {bound['aspect']}:1"


def _taken(model: Model) -> Iterator[str]:
    """Settings that are on some models alone, and what a reference may be."""
    keys = ("audio", "shot_type", "prompt_extend", "watermark", "seed")
    yield from (key for key in keys if model.has(key))
    if model.voices:
        yield "voice"
    if model.naming.first_frame:
        yield "first_frame"


def _span(model: Model) -> str:
    duration = model.parameters["duration"]
    shorter = model.request.get("then", {}).get("properties", {}).get("parameters", {})
    most = shorter.get("properties", {}).get("duration", {}).get("maximum")
    beside = f"; {most} at most with a reference video" if most else ""
    return f"{duration['minimum']} to {duration['maximum']} seconds{beside}"
