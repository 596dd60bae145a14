"""What a plan is made of: takes with their request, price, predecessors and fingerprint.

Plain data. Nothing here knows a ledger, a network or a clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from r2vbatch.catalogue import Catalogue, Model
from r2vbatch.diagnostics import Diagnostic
from r2vbatch.manifest.model import Manifest, MediaKind, Money, Shot
from r2vbatch.media import Expected as Expected
from r2vbatch.media import FileFacts as FileFacts
from r2vbatch.media import Recipe

Facts = Mapping[Path, FileFacts]
"""By absolute path. A local reference that is not in it is treated as of unknown length."""
Links = Mapping[str, FileFacts]
"""By URL as written: what is known of a link, where one was looked into. It is never more than
judged and priced: what is asked of the service is the same without it."""
NO_LINKS: Links = {}


@dataclass(frozen=True, slots=True)
class Sent:
    """One reference of a take, in the order it is sent; or its first frame, or a voice."""

    name: str | None
    """Cast name; None in reference form."""
    token: str
    """What the model calls it: ``character1``, ``Image 1``. Empty for what has no name: a first
    frame, a voice."""
    kind: MediaKind | None
    url: str
    """As it stands in the planned request: the URL as written, or
    ``oss://PENDING/<sha256>/<file name>`` for a local file."""
    file: Path | None
    sha256: str | None
    """Of the file's bytes; of a copy, what it shows (`Recipe.content`)."""
    opens: bool = False
    """It is the first frame: no reference, and not counted as one."""
    voice: Sent | None = None
    recipe: Recipe | None = None
    """How the copy that is given is made of `file`; None where it is given as it is."""
    frame_of: str | None = None
    """The shot whose last frame it is; `url` stands for it until that is made."""

    @property
    def parts(self) -> tuple[Sent, ...]:
        """Everything of it that may be a file."""
        return (self, self.voice) if self.voice else (self,)


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a take will be billed, by the published rule."""

    seconds: Decimal
    """Billed seconds: capped input seconds of reference videos + output seconds."""
    cost: Money | None
    """None when the price table does not know the model."""
    exact: bool
    """False where a remote video's length is unknown and was taken at its cap."""
    per_second: Mapping[str, Decimal] = field(default_factory=dict)
    """Prices of a billed second by tier, since another may be made than was asked for; of the one
    asked for, under ``""``."""


def total(estimates: Iterable[Estimate]) -> Estimate:
    """What several takes will be billed together; no cost where one of theirs is not known."""
    seconds, amount, currency, exact, known = Decimal(0), Decimal(0), "", True, True
    for each in estimates:
        seconds += each.seconds
        exact &= each.exact
        known &= each.cost is not None
        if each.cost:
            amount, currency = amount + each.cost.amount, each.cost.currency
    return Estimate(seconds, Money(amount, currency) if known and currency else None, exact)


@dataclass(frozen=True, slots=True)
class PlannedTake:
    """One generation of a shot. The request is built when asked for, not kept: a plan of
    100,000 takes must stay small."""

    id: str
    """``<shot>_t<NN>``."""
    shot: Shot
    number: int
    """From 1."""
    fingerprint: str
    """SHA-256 (hex) over what affects pixels and sound, take number included."""
    shot_fingerprint: str
    """The same without the take number (retakes hold while it holds)."""
    after: tuple[str, ...]
    """Take ids that must have ended before this one is submitted."""
    estimate: Estimate
    model: Model = field(repr=False)
    sent: tuple[Sent, ...] = field(repr=False)
    """Its references, in the order they are sent, and its first frame behind them; takes with the
    same ones share this."""

    @property
    def continues(self) -> str | None:
        """The id of the shot whose last frame it is given."""
        return self.shot.continues

    @property
    def retake(self) -> bool:
        """Whether a person asked for it, and no manifest."""
        return self.number > self.shot.takes

    @property
    def unmeasured(self) -> tuple[str, ...]:
        """Its remote videos, whose length nobody knows before it is billed: they make its price a
        bound. By cast name, else by URL without its query, which may be a signature."""
        return tuple(
            sent.name or sent.url.partition("?")[0]
            for sent in self.sent
            if sent.kind != "image" and not sent.opens and sent.file is None
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """All takes of a manifest, fully expanded, in storyboard order, with everything found
    wrong on the way. Takes of shots with errors are left out."""

    manifest: Manifest
    takes: Sequence[PlannedTake]
    diagnostics: list[Diagnostic]
    prices: str
    """The region whose price table was used."""
    prices_read: str
    """The date (ISO 8601) on which that table was read."""
    catalogue: Catalogue = field(repr=False)
    """The models it was made with."""
    fitted: tuple[str, ...] = ()
    """The references of which a copy is given, each with what is done for it, in words."""

    @property
    def seconds(self) -> Decimal:
        """Billed seconds of all takes."""
        return total(take.estimate for take in self.takes).seconds

    @property
    def shots(self) -> Mapping[str, Estimate]:
        """Seconds and price of each shot, all its takes and variations together, by its id as
        written."""
        return by_shot(self.takes)

    @property
    def price(self) -> Money | None:
        """What all takes will cost, the most it can be where a remote video's length is not known;
        None where the price table lacks a model, or there is no take."""
        return total(take.estimate for take in self.takes).cost

    @property
    def currency(self) -> str | None:
        """The currency of the price table; None where no take has a price."""
        costs = (take.estimate.cost for take in self.takes)
        return next((cost.currency for cost in costs if cost), None)


def by_shot(takes: Iterable[PlannedTake]) -> dict[str, Estimate]:
    """What the takes of each shot will be billed together, variations included, by the shot's id as
    written."""
    shots: dict[str, list[Estimate]] = {}
    for take in takes:
        shots.setdefault(take.shot.base_id, []).append(take.estimate)
    return {shot: total(estimates) for shot, estimates in shots.items()}


Request = dict[str, Any]
"""A submit body as it would be posted (JSON object)."""
