"""What a take will be billed, by the service's published rule.

Billed seconds are those of the output and those of the reference videos, each of the latter
up to a cap that falls with the number of references; images cost nothing. The price of a
second goes by tier and, where a model can be silent, by sound. Money is Decimal, to the cent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from r2vbatch.catalogue import DEFAULT_PRICES, Catalogue, Model
from r2vbatch.dashscope.regions import region_of
from r2vbatch.errors import UsageProblem
from r2vbatch.manifest.model import Money
from r2vbatch.planning.model import NO_LINKS, Estimate, Facts, Links, Sent


def price_region(endpoint: str, asked: str | None, catalogue: Catalogue) -> str:
    """The region whose price table applies: the endpoint's own, by its name or by a host of the
    service in its URL, else `asked`, else Singapore.

    Raises UsageProblem where `asked` is no region.
    """
    if asked is not None and asked not in catalogue.regions:
        known = ", ".join(catalogue.regions)
        raise UsageProblem(f"there is no price table {asked!r}", hint=f"known: {known}")
    own = region_of(endpoint)
    return own if own in catalogue.regions else asked or DEFAULT_PRICES


def prices_read(models: Iterable[Model], region: str, catalogue: Catalogue) -> str:
    """When the prices of `models` in `region` were read: the oldest date where they differ."""
    tables = (model.prices.get(region) for model in models)
    return min((table.read for table in tables if table), default=catalogue.read(region))


def tier(model: Model, parameters: Mapping[str, Any]) -> str:
    """``720P`` or ``1080P``: what the request asks for, or gets by leaving it out."""
    if not model.has("size"):
        return str(parameters.get("resolution") or model.default("resolution"))
    default = model.default("size")
    pair = model.by_size.get(parameters.get("size") or default) or model.by_size[default]
    return pair[0]


def estimate(
    model: Model,
    parameters: Mapping[str, Any],
    sent: tuple[Sent, ...],
    facts: Facts,
    region: str,
    links: Links = NO_LINKS,
) -> Estimate:
    """The billed seconds of one take and their price in `region`."""
    taken, exact = _input_seconds(model, sent, facts, links)
    seconds = taken + Decimal(parameters.get("duration", model.default("duration")))
    prices = model.prices.get(region)
    if prices is None:
        return Estimate(seconds, None, exact)
    audio = bool(parameters.get("audio", model.default("audio"))) if model.has("audio") else True
    each = {name: prices.of(name, audio=audio) for name in model.tiers}
    asked = each[tier(model, parameters)]
    return Estimate(seconds, Money(seconds * asked, prices.currency), exact, {"": asked, **each})


def _input_seconds(
    model: Model, sent: tuple[Sent, ...], facts: Facts, links: Links
) -> tuple[Decimal, bool]:
    """Billed seconds of the references; and whether nothing about them was assumed."""
    references = [reference for reference in sent if not reference.opens]
    videos = [reference for reference in references if _may_be_video(reference, links)]
    cap = model.input_cap.per_video(len(references), len(videos))
    lengths = [_length(reference, facts, links) for reference in videos]
    billed = sum((cap if s is None else min(s, cap) for s in lengths), Decimal(0))
    return min(billed, model.input_cap.total), None not in lengths


def _may_be_video(reference: Sent, links: Links) -> bool:
    known = links.get(reference.url)
    return (reference.kind or (known and known.kind)) != "image"


def _length(reference: Sent, facts: Facts, links: Links) -> Decimal | None:
    if reference.recipe:
        return reference.recipe.seconds
    measured = facts.get(reference.file) if reference.file else links.get(reference.url)
    return measured.seconds if measured else None
