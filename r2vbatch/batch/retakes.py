"""The takes that people asked for, as the ledger remembers them, put into a plan."""

from __future__ import annotations

from collections.abc import Iterable

from r2vbatch.errors import UsageProblem
from r2vbatch.ledger import BoardShot, Kind, Retake, TakeRow
from r2vbatch.ledger.states import NOT_BEGUN
from r2vbatch.manifest.model import Money
from r2vbatch.planning import Asked, Plan, with_retakes


def wanted(plan: Plan, retakes: Iterable[Retake], kind: Kind) -> Plan:
    """What a run of this kind wants: the manifest's takes, and those asked for while their shots
    hold."""
    return with_retakes(plan, _asked(retake for retake in retakes if retake.kind == kind))


def board(plan: Plan, retakes: Iterable[Retake]) -> list[tuple[str, str]]:
    """The storyboard (id and fingerprint of each take), with the retakes of both kinds: a clip
    that was asked for stays on it while a preview is run."""
    whole = with_retakes(plan, _asked(retakes))
    return [(take.id, take.fingerprint) for take in whole.takes]


def joining(plan: Plan, retakes: Iterable[Retake], kind: Kind) -> Plan:
    """What a run wants that is under way: those of the retakes, too, that it may pay for, since a
    person said yes to what they cost. The next run asks for the others."""
    prices = {take.shot_fingerprint: take.estimate.cost for take in plan.takes}
    return wanted(
        plan,
        (r for r in retakes if kind == "preview" or _covers(r, prices.get(r.shot_fingerprint))),
        kind,
    )


def _covers(retake: Retake, price: Money | None) -> bool:
    agreed = retake.agreed
    if agreed is None or price is None:
        return False
    return agreed.currency == price.currency and price.amount <= agreed.amount


def _asked(retakes: Iterable[Retake]) -> Iterable[Asked]:
    return (Asked(retake.shot, retake.shot_fingerprint, retake.number) for retake in retakes)


def to_retake(shot: BoardShot) -> TakeRow:
    """The take that another one of this shot would be like, and cost as much as: the last of those
    that are shown. Raises `UsageProblem` for a shot of which nothing was made yet."""
    rows = [row for take in shot.takes if (row := take.shown)]
    kind: Kind = "live" if any(row.kind == "live" for row in rows) else "preview"
    rows = [row for row in rows if row.kind == kind]
    if all(row.state in NOT_BEGUN for row in rows):
        raise UsageProblem(
            f"no take of {shot.id} was made yet",
            hint="the next run makes it; another one can be asked for when there is one to see",
        )
    return rows[-1]
