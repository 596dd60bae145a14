"""Since when a take is where it is, as `status` tells it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner
from ledgers import add, bring, new_take

from r2vbatch.cli.status import status
from r2vbatch.ledger import Ledger, State

TIMES = {"submitted_at": 1000.0, "started_at": 1060.0, "ended_at": 1120.0}


@pytest.mark.parametrize(
    ("state", "known", "told"),
    [
        (State.SUBMITTED, ["submitted_at"], "submitted since 1970-01-01T00:16:40.000Z"),
        (State.RUNNING, ["submitted_at", "started_at"], "running since 1970-01-01T00:17:40.000Z"),
        (State.FAILED, list(TIMES), "failed since 1970-01-01T00:18:40.000Z"),
        (State.GENERATED, list(TIMES), "generated since 1970-01-01T00:18:40.000Z"),
        (State.CANCELED, ["submitted_at"], "canceled"),
        (State.EXPIRED, list(TIMES), "expired"),
    ],
)
def test_since_when(tmp_path: Path, state: State, known: list[str], told: str) -> None:
    """What has ended is not told as ended when it was submitted; what nobody knows is left out."""
    with closing(Ledger.open(tmp_path / "ledger.db")) as ledger:
        (key,) = add(ledger, new_take("a_t01"))
        bring(ledger, key, state, **{name: TIMES[name] for name in known})
    result = CliRunner().invoke(status, [str(tmp_path)])
    assert f"  a_t01 {told}" in [line.partition(": ")[0] for line in result.output.splitlines()]
