"""What one run is asked to do: the manifest's wishes and the command line's, resolved.

The command line wins over the manifest. Nothing here opens a file or a connection.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from r2vbatch.dashscope.regions import Endpoint, find_endpoint
from r2vbatch.errors import UsageProblem
from r2vbatch.manifest.model import Limits, Manifest, Money, Shot

if TYPE_CHECKING:
    from r2vbatch.ledger import Kind  # a database: not needed to judge a manifest

LEDGER = "ledger.db"
_LONGEST_GRACE = 86400.0
"""Seconds: what is in doubt for longer than a day cannot be settled at all."""


@dataclass(frozen=True, slots=True)
class Options:
    """The command line of a run, as given."""

    output: Path | None = None
    endpoint: str | None = None
    only: tuple[str, ...] = ()
    first: int | None = None
    max_cost: Money | None = None
    prices: str | None = None
    grace: float = 300.0
    ledger: Path | None = None
    stale: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """Where and how this run works."""

    output: Path
    ledger: Path
    endpoint: Endpoint
    endpoint_given: bool
    """The endpoint is on the command line: the person named who may see the key."""
    caps: tuple[Money, ...]
    """Every cap on spending that holds: the manifest's budget, the command line's. None for a
    preview, which spends nothing."""
    grace: float
    """Seconds within which the service lists a task after its submit; waits scale with it."""
    limits: Limits
    only: tuple[str, ...]
    first: int | None
    """The scope as given, so that `resume` goes on with it."""
    in_scope: Callable[[str], bool] = field(repr=False)
    """Whether a shot (by id) is to be made in this run."""
    stale: bool = False
    """What continues another take than it would now is made again."""

    @property
    def kind(self) -> Kind:
        """Preview and live takes are told apart; all regions are one kind."""
        return self.endpoint.kind


def settle(manifest: Manifest, options: Options) -> Settings:
    """Resolve the manifest's and the command line's wishes.

    Raises `UsageProblem` for an endpoint or a grace that cannot be, and for a scope that matches
    no shot.
    """
    output = output_of(manifest, options)
    endpoint = find_endpoint(options.endpoint or manifest.endpoint, manifest.workspace)
    caps = (manifest.max_cost, options.max_cost) if endpoint.kind == "live" else ()
    return Settings(
        output=output,
        ledger=(options.ledger or output / LEDGER).absolute(),
        endpoint=endpoint,
        endpoint_given=options.endpoint is not None,
        caps=tuple(cap for cap in caps if cap),
        grace=checked_grace(options.grace),
        limits=manifest.limits,
        only=options.only,
        first=options.first,
        in_scope=scope(manifest.shots, options.only, options.first),
        stale=options.stale,
    )


def checked_grace(seconds: float) -> float:
    """`seconds` if they can be a grace. Raises `UsageProblem` otherwise: without one, what has just
    been paid for would count as absent."""
    if not 0 < seconds <= _LONGEST_GRACE:
        raise UsageProblem(
            f"a grace of {seconds:g} s makes no sense", hint="more than 0 s, and at most a day"
        )
    return seconds


def output_of(manifest: Manifest, options: Options) -> Path:
    """The output folder, absolute: `-o`, else `output:`, else ``out/<manifest>`` beside it."""
    if options.output:
        return options.output.absolute()
    return manifest.output or manifest.file.parent / "out" / manifest.file.stem


def scope(shots: Sequence[Shot], only: Sequence[str], first: int | None) -> Callable[[str], bool]:
    """Which shots are left by `--only` (globs over ids) and, among those, by `--first` (that many
    as written, each with its variations)."""
    if not only and first is None:
        return lambda shot: True
    for glob in only:
        if not any(_matches(shot, glob) for shot in shots):
            raise UsageProblem(f"--only {glob!r} matches no shot", hint=_meant(glob, shots))
    chosen = [s for s in shots if not only or any(_matches(s, glob) for glob in only)]
    leading = set(list(dict.fromkeys(shot.base_id for shot in chosen))[:first])
    return frozenset(shot.id for shot in chosen if shot.base_id in leading).__contains__


def _meant(glob: str, shots: Sequence[Shot]) -> str:
    parts = [part.strip() for part in glob.split(",")]
    if len(parts) > 1 and all(any(_matches(shot, part) for shot in shots) for part in parts):
        return f"repeat it: {' '.join(f'--only {part}' for part in parts)}"
    near = get_close_matches(glob, [shot.id for shot in shots], 1)
    return f"did you mean {near[0]}?" if near else "`r2vbatch plan` lists the shots"


def _matches(shot: Shot, glob: str) -> bool:
    return fnmatchcase(shot.id, glob) or fnmatchcase(shot.base_id, glob)


def parse_money(text: str) -> Money:
    """``"6.00 USD"`` as money. Raises `UsageProblem` for anything else."""
    amount, _, currency = text.strip().partition(" ")
    try:
        value = Decimal(amount)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or not 0 <= value < 10**12 or currency.strip() not in {"USD", "CNY"}:
        raise UsageProblem(
            f"{text!r} is not an amount of money", hint='write it as "6.00 USD" or "40 CNY"'
        )
    return Money(value, currency.strip())
