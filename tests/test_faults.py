"""The fault matrix: everything the service and the network are known to do to a client, each alone
and all at once. Whatever happens, no take is paid for twice, and each ends done or with a reason
that a person understands; nothing ends in a traceback, and nothing hangs."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aftermath import assert_paid_once, understood
from studio import Studio, account, service

from r2vbatch.errors import Exit

TAKES = ("a_t01", "b_t01", "c_t01")
PATIENCE = 60.0
"""Seconds in which every row must end, on a busy machine too."""


@dataclass(frozen=True)
class Row:
    """What goes wrong, and how it must end."""

    faults: str
    """Rules of `r2vbatch emulate --fault`, by blanks."""
    says: tuple[str, ...] = ()
    """What a person must be told."""
    code: Exit = Exit.DONE
    ends: dict[str, str] = field(default_factory=dict)
    """States other than done, by take."""
    paced: str = ""
    """Why the pace was changed, as the ledger keeps it."""
    posts: int = 3
    flags: tuple[str, ...] = ()
    """Of the first take."""
    lasts: bool = False
    """The fault goes on, so the next run cannot mend it."""
    grace: float = 0.5
    switches: dict[str, Any] = field(default_factory=dict)


def _all(state: str) -> dict[str, str]:
    return dict.fromkeys(TAKES, state)


FAILED = {"a_t01": "failed"}
STOPPED = {"b_t01": "planned", "c_t01": "planned"}

AT_SUBMIT = (
    Row("submit:reset_before:#1", ("a_t01 in doubt",), posts=4),
    Row("submit:reset_after:#1", ("a_t01 in doubt",)),
    Row(
        "submit:status=500:#1", ("a_t01 in doubt", "HTTP 500"), posts=4,
        paced="pause: the service has a problem of its own",
    ),
    Row("submit:error_after=500:#1", ("a_t01 in doubt", "HTTP 500")),
    Row("submit:no_task_id:#1", ("a_t01 in doubt", "an unexpected answer"), posts=4),
    Row("submit:code_in_200=InternalError:#1", ("a_t01 in doubt", "InternalError"), posts=4),
    Row("submit:malformed_json:#1", ("a_t01 in doubt", "an unexpected answer")),
    Row("submit:truncated:#1", ("a_t01 in doubt", "broke off")),
    Row("submit:stranger:#1 submit:reset_before:#2", ("b_t01 in doubt",), posts=4),
    Row("submit:stranger:#2 submit:reset_after:#2", ("b_t01 in doubt",)),
    Row("submit:redirect:#1", ("a_t01 in doubt", "HTTP 307"), posts=4),
    Row("submit:late=0.4:#1 submit:reset_after:#1", ("a_t01 in doubt",), grace=1.0),
    Row("submit:throttle=Throttling:#1", posts=4),
    Row(
        "submit:throttle=Throttling.RateQuota:#1", posts=4,
        paced="rate: the service refused the rate (rate)",
    ),
    Row(
        "submit:throttle=Throttling.BurstRate:#1", posts=4,
        paced="rate: the service refused the rate (burst)",
    ),
    Row(
        "submit:throttle=Throttling.Concurrency:#2", posts=4,
        paced="in_flight: refused beyond 1 in flight",
    ),
    Row("submit:throttle=Throttling.AllocationQuota:#1", posts=4),
    Row(
        "submit:throttle=CommodityNotPurchased:#1",
        ("The model is not opened for this account", "Open it in the service's console"),
        Exit.REFUSED, _all("planned"), posts=1,
    ),
    Row(
        "submit:throttle=PostpaidBillOverdue:#2",
        ("The account is in arrears.", "Settle the bill"), Exit.REFUSED, STOPPED, posts=2,
    ),
    Row(
        "submit:refuse=InvalidApiKey:#2",
        ("The service does not accept the API key.", "A key belongs to one region"),
        Exit.REFUSED, STOPPED, posts=2,
    ),
    Row(
        "submit:refuse=DataInspectionFailed:#1",
        ("The service's content check refused this take.", "a_t01 failed"),
        Exit.NOT_ALL_DONE, FAILED,
    ),
    Row("submit:refuse=ModelServingError:#1", ("a_t01 in doubt", "is not available"), posts=4),
)  # fmt: skip

AT_THE_TASK = (
    Row(
        "submit:fail:#1", ("The service failed this take without saying why.",),
        Exit.NOT_ALL_DONE, FAILED,
    ),
    Row(
        "submit:fail=InvalidFile.Size: the file is too large:#1",
        ("The service cannot use a reference of this take.", "the file is too large"),
        Exit.NOT_ALL_DONE, FAILED,
    ),
    Row("submit:fail=InternalError.Timeout:#1", ("The service gave up on this task.",), posts=4),
    Row("submit:clip_wrong=size:#1", ("a_t01 done: size",), flags=("size",)),
    Row("submit:clip_wrong=length:#1", ("a_t01 done: length",), flags=("length",)),
    Row("submit:clip_wrong=silent:#1", ("a_t01 done: no-sound",), flags=("no-sound",)),
    Row("query:unknown:#1,2"),
    Row("query:status=500:#1,2"),
    Row("query:reset_before:#1 query:truncated:#2"),
    Row("query:malformed_json:#1"),
    Row("query:redirect:#1"),
    Row("query:throttle=Throttling.RateQuota:#1,2"),
    Row("query:slow=1:#1,2"),
)  # fmt: skip

AT_THE_LIST = (
    Row("submit:reset_after:#1 list:status=503:#1,2", ("a_t01 in doubt",)),
    Row("submit:reset_after:#1 list:list_late=1", ("a_t01 in doubt",), grace=1.5),
    Row("submit:reset_after:#1 list:list_zone=+00:00", ("a_t01 in doubt",)),
    Row("submit:reset_before:#1 list:list_tasks_key", ("a_t01 in doubt",), posts=4),
    Row("submit:reset_before:#1 list:malformed_json:#2", ("a_t01 in doubt",), posts=4),
    Row("submit:reset_after:#1 list:truncated:#2 list:reset_before:#3", ("a_t01 in doubt",)),
    Row("submit:reset_after:#1 list:throttle=Throttling.RateQuota:#2", ("a_t01 in doubt",)),
    Row(
        # a window that is right under UTC and UTC+8 is empty there: nothing can be proven
        "submit:reset_before:#1 list:list_zone=-08:00",
        ("a_t01 in doubt", "lists nothing that would show its list to be whole", "paid twice"),
        Exit.NOT_ALL_DONE, {"a_t01": "in_doubt"}, lasts=True,
    ),
)  # fmt: skip

AT_FILES = (
    Row("policy:status=500:#1 upload:status=503:#1"),
    Row("policy:malformed_json:#1 upload:reset_before:#1"),
    Row("policy:no_host:#1"),
    Row(
        "policy:refuse=AccessDenied:#1", ("The service denies access.",),
        Exit.REFUSED, _all("planned"), posts=0,
    ),
    Row(
        "upload:status=403", ("The service does not take this file.", "ellen.png was not taken"),
        Exit.NOT_ALL_DONE, _all("failed"), posts=0, lasts=True,
    ),
    Row("download:truncated:#1"),
    Row("download:corrupted:#1"),
    Row(
        "download:corrupted", ("what was fetched is no whole video",),
        Exit.NOT_ALL_DONE, _all("generated"), lasts=True,
    ),
    Row("download:reset_after:#1 download:status=500:#2"),
    Row("download:status=403:#1"),
    Row(
        "download:status=403", ("its link leads nowhere", "refuses the link"),
        Exit.NOT_ALL_DONE, _all("generated"), lasts=True,
    ),
    Row("download:slow=1"),
)  # fmt: skip

MORE = (
    Row("submit:error_after=504:#1", ("a_t01 in doubt",)),
    Row("submit:status=408:#1", ("a_t01 in doubt",), posts=4),
    Row("submit:status=403:#1", ("a_t01 in doubt",), posts=4),
    Row("submit:refuse=InternalError:#1", ("a_t01 in doubt",), posts=4),
    Row("submit:slow=2:#1"),
    Row("submit:throttle=LimitRequests:#1", posts=4),
    Row(
        "submit:refuse=AllocationQuota.FreeTierOnly:#1",
        ("The free quota is used up", "Switch off 'free tier only'"),
        Exit.REFUSED, _all("planned"), posts=1,
    ),
    Row(
        "submit:refuse=ModelNotFound:#1",
        ("The endpoint does not have this model.", "Check `model:`"),
        Exit.REFUSED, _all("planned"), posts=1,
    ),
    Row(
        "submit:refuse=InvalidParameter:#1", ("The service does not accept this request.",),
        Exit.NOT_ALL_DONE, FAILED,
    ),
    Row(
        "submit:fail=InternalError.Algo", ("The service has a problem of its own.",),
        Exit.NOT_ALL_DONE, _all("failed"), posts=9, lasts=True,
    ),
    Row(
        "submit:reset_before:#1 list:status=503",
        ("the service's task list does not answer",),
        Exit.NOT_ALL_DONE, {"a_t01": "in_doubt"}, lasts=True,
    ),
    Row(
        "query:no_host", ("the name no-such-host.invalid was not found",),
        Exit.NOT_ALL_DONE, _all("generated"), lasts=True,
    ),
    Row("download:truncated", ("broke off",), Exit.NOT_ALL_DONE, _all("generated"), lasts=True),
)  # fmt: skip

STALLS = (
    Row("submit:stall:#1", ("a_t01 in doubt", "did not answer in time")),
    Row("query:stall:#1"),
    Row("list:stall:#1"),
    Row("policy:stall:#1"),
    Row("download:stall:#1"),
)


def _play(row: Row, place: Path, patience: float = PATIENCE) -> None:
    """Three shots under a fault, and what came of them."""
    studio = Studio(place)
    studio.patience = patience
    studio.shots("a", "b", "c")
    words = ("--grace", str(row.grace), "--progress", "plain")
    with service(*_rules(row.faults), **row.switches) as at:
        result = studio.live(at, *words)
        told = understood(result)
        assert result.code == row.code, told
        assert studio.states() == dict.fromkeys(TAKES, "done") | row.ends, told
        assert tuple(studio.rows()["a_t01"]["flags"]) == row.flags
        for words_due in row.says:
            assert words_due in told, told
        assert row.paced in _paced(studio), _paced(studio)
        assert account(at)["posts"] == row.posts, told
        assert_paid_once(at, studio)
        if row.ends and not row.lasts:
            again = studio.live(at, *words)
            assert again.code == Exit.DONE, again.err
            assert_paid_once(at, studio)


def _paced(studio: Studio) -> str:
    """What was changed in the pace, and why, from which value to which."""
    events = studio.ledger(
        "SELECT why, detail FROM events WHERE key IS NULL AND detail LIKE '%what%'"
    )
    told = [(why, json.loads(detail)) for why, detail in events]
    assert all(change["before"] != change["after"] for _, change in told)
    return "; ".join(f"{change['what']}: {why}" for why, change in told)


def _rules(faults: str) -> list[str]:
    """The rules of a row; a message may hold blanks."""
    rules: list[str] = []
    for word in faults.split(" "):
        if word.partition(":")[0] in {"submit", "query", "list", "policy", "upload", "download"}:
            rules.append(word)
        else:
            rules[-1] += f" {word}"
    return rules


def _named(rows: tuple[Row, ...]) -> Any:
    return pytest.mark.parametrize("row", rows, ids=lambda row: row.faults)


ROWS = (*AT_SUBMIT, *AT_THE_TASK, *AT_THE_LIST, *AT_FILES)
SAMPLE = ROWS[3::11]


@_named(SAMPLE)
def test_a_fault_alone(tmp_path: Path, row: Row) -> None:
    """Each row ends as it must, says what it must, and pays for no take twice. Some of the
    rows; the others take part in the long tests."""
    _play(row, tmp_path / "film")


@pytest.mark.long
@_named(tuple(row for row in ROWS if row not in SAMPLE))
def test_every_other_fault_alone(tmp_path: Path, row: Row) -> None:
    """The rest of the matrix."""
    _play(row, tmp_path / "film")


@pytest.mark.long
@_named(MORE)
def test_more_faults_alone(tmp_path: Path, row: Row) -> None:
    """Kin of those, and such as go on and on."""
    _play(row, tmp_path / "film", patience=300.0)


@pytest.mark.long
def test_a_service_that_falls_silent(tmp_path: Path) -> None:
    """A call whose answer never comes is given up after its time, and the batch goes on."""
    with ThreadPoolExecutor(len(STALLS)) as side_by_side:
        list(
            side_by_side.map(
                lambda row: _play(row, tmp_path / row.faults.partition(":")[0], 240.0), STALLS
            )
        )
