"""Every fault at once, other people's tasks on the account, and a service that is not there: no
take is paid for twice, and the batch comes to its end."""

from __future__ import annotations

import asyncio
import re
import signal
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aftermath import assert_in_order, assert_paid_once, understood
from emulator_calls import SUBMIT, body
from studio import KEY, Studio, account, service

from r2vbatch.emulator import process
from r2vbatch.errors import Exit

OTHER_KEY = "sk-" + "0123456789abcdef" * 2
EVERYWHERE = ("reset_before", "reset_after", "status=503", "error_after=502", "slow=0.2")
"""On every operation."""
ON_JSON = ("truncated", "malformed_json", "redirect", "throttle=Throttling.RateQuota")
OPS = ("submit", "query", "list", "policy", "upload", "download")
ELSE = (
    "submit:refuse=ModelServingError", "submit:no_task_id", "submit:late=0.2", "submit:fail",
    "submit:fail=InternalError.Timeout", "submit:clip_wrong=size", "submit:clip_wrong=silent",
    "query:unknown", "query:no_host", "policy:no_host", "list:list_late=0.5",
    "list:list_zone=+00:00", "list:list_tasks_key",
    "upload:truncated", "download:truncated", "download:corrupted",
)  # fmt: skip
ALL = (
    *(f"{op}:{kind}:0.1" for op in OPS for kind in EVERYWHERE),
    *(f"{op}:{kind}:0.1" for op in OPS[:4] for kind in ON_JSON),
    *(f"{rule}:0.1" for rule in ELSE),
)
WITH_KIN = (
    *ALL,
    *(f"submit:throttle=Throttling.{kind}:0.1" for kind in ("BurstRate", "Concurrency")),
    "submit:throttle=Throttling.AllocationQuota:0.1", "submit:throttle=LimitRequests:0.1",
    "submit:code_in_200:0.1", "submit:clip_wrong=length:0.1", "submit:stranger:0.1",
)  # fmt: skip
"""Faults much like others among them."""
OTHERS = (
    body(prompt="character1 does what someone else says"),
    body(prompt="a quiet street", model="wan2.6-r2v", audio=None),
    body(prompt="character1 waves", size="720*1280"),
)
TAKES = 5
FEW = (2,)
SEEDS = range(3, 16)
RUNS = 6


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path / "film")


def _everything_at_once(
    studio: Studio, seed: int, faults: Sequence[str], patience: float = 300.0
) -> None:
    studio.patience = patience  # after each 5xx the next submit waits longer
    studio.shots(*(f"s{number}" for number in range(TAKES)))
    with service(*faults, seed=seed) as at:
        for _ in range(RUNS):
            result = studio.live(at, "--grace", "1", "--progress", "plain")
            told = understood(result)
            assert result.code in {Exit.DONE, Exit.NOT_ALL_DONE}, told
            assert_paid_once(at, studio)
            for state, number in Counter(studio.states().values()).items():
                assert state in {"done", "planned"} or _explained(told, state) >= number
            if result.code == Exit.DONE:
                break
        # a list that is misdated or lags may prove nothing: that is said, and nothing is paid
        assert set(studio.states().values()) <= {"done", "in_doubt"}
        assert_in_order(studio)
        done = sum(state == "done" for state in studio.states().values())
        tasks = at.stats()["total"]["tasks"]
        ours = [task for task in tasks if task["shot"] and task["status"] == "SUCCEEDED"]
        assert done <= len(ours) <= TAKES


def _explained(told: str, state: str) -> int:
    """Of how many takes in `state` the reason is said: alone, or of several together."""
    said = re.findall(rf"(?:(\d+) takes|s\d_t01) {state.replace('_', ' ')}: ", told)
    return sum(int(number or 1) for number in said)


def _side_by_side(place: Path, seeds: Iterable[int]) -> None:
    """Most of it is waiting."""

    def play(seed: int) -> None:
        _everything_at_once(Studio(place / str(seed)), seed, WITH_KIN if seed % 2 else ALL)

    with ThreadPoolExecutor(4) as several:
        list(several.map(play, seeds))


def test_every_fault_at_once(tmp_path: Path) -> None:
    """Each of some seventy faults strikes one call in ten: within a few runs every take is done
    and paid once, and what is not done yet is said with its reason."""
    _side_by_side(tmp_path, FEW)


@pytest.mark.long
def test_every_fault_at_once_with_more_seeds(tmp_path: Path) -> None:
    """The same under other seeds; under half of them with faults much like others, too."""
    _side_by_side(tmp_path, SEEDS)


@pytest.mark.long
def test_every_fault_at_once_and_silence(tmp_path: Path) -> None:
    """The same, and besides one answer in ten never comes: each is waited for, a minute or two."""
    stalls = (f"{op}:stall:0.1" for op in OPS if op != "upload")  # which is given five
    _everything_at_once(Studio(tmp_path / "film"), 3, (*ALL, *stalls), patience=900.0)


@pytest.mark.parametrize(("fault", "posts"), [("reset_before", 4), ("reset_after", 3)])
def test_other_programs_on_the_account(studio: Studio, fault: str, posts: int) -> None:
    """While a take is in doubt, other programs' tasks, running and ended, of its model and of
    another, are taken neither for its own nor for a proof that there is none."""
    studio.shots("a", "b", "c")
    with service(f"submit:{fault}:#5", one_account=True, in_flight=9, latency=0.8) as at:
        others = asyncio.run(_submit(at, *OTHERS))
        result = studio.live(at, "--grace", "0.5")
        assert result.code == Exit.DONE, understood(result)
        assert account(at)["posts"] == posts + len(others)
        assert account(at)["billed_tasks"] == 3 + len(others)
        assert_paid_once(at, studio)
    ours = {task for (task,) in studio.ledger("SELECT task_id FROM tasks")}
    assert len(ours) == 3
    assert not ours & set(others)


def test_a_task_that_may_be_ours(studio: Studio) -> None:
    """Another program's prompt that is the beginning of ours may be ours, cut: the take stays in
    doubt and is not paid for again, the clip is kept, and a person is told what to look at."""
    studio.shots("a", "b")
    with service("submit:reset_before:#2", one_account=True) as at:
        near = asyncio.run(_submit(at, body(prompt="character1 does what")))
        result = studio.live(at, "--grace", "0.5")
        assert result.code == Exit.NOT_ALL_DONE
        told = understood(result)
        assert f"a_t01 in doubt: task {near[0]} may be this take's" in told
        assert "--resubmit-in-doubt" in told
        assert studio.states() == {"a_t01": "in_doubt", "b_t01": "done"}
        assert len(studio.hashes("retired")) == 1
        assert account(at)["posts"] == 3


async def _submit(at: process.Child, *wishes: dict[str, Any]) -> list[str]:
    """Tasks of another program; their ids."""
    headers = {"Authorization": f"Bearer {OTHER_KEY}", "X-DashScope-Async": "enable"}
    async with aiohttp.ClientSession(headers=headers) as session:
        ids = []
        for wish in wishes:
            async with session.post(at.base_url + SUBMIT, json=wish) as answer:
                ids.append(str((await answer.json())["output"]["task_id"]))
        return ids


@pytest.mark.long
@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://nobody.invalid/api/v1", "the name nobody.invalid was not found"),
        ("http://127.0.0.1:1/api/v1", "127.0.0.1 could not be connected to"),
    ],
)
def test_a_service_that_is_not_there(studio: Studio, url: str, why: str) -> None:
    """Without a name, or with nobody listening, nothing is sent: it is said and tried on, a
    Ctrl-C ends it, and every take is still to be made."""
    studio.shots("a", "b", "c")
    words = ["run", str(studio.file), "--endpoint", url, "--yes", "--progress", "plain"]
    with studio.start(*words, DASHSCOPE_API_KEY=KEY) as program:
        assert program.stderr is not None
        for line in program.stderr:
            if "trying on" in line:
                assert why in line
                break
        program.send_signal(signal.SIGINT)
        _, err = program.communicate(timeout=30)
        assert program.returncode == Exit.INTERRUPTED, err
    assert set(studio.states().values()) == {"planned"}
    with service() as at:
        assert studio.live(at).code == Exit.DONE
        assert account(at)["posts"] == 3
