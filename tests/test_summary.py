"""The closing words of a run: how it went, grouped by reason, and commands that can be pasted."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
import pytest
from storyboards import planned, storyboard

from r2vbatch.batch.report import Report, TakeReport
from r2vbatch.batch.settings import Options
from r2vbatch.cli import cli
from r2vbatch.cli.summary import summary
from r2vbatch.ledger import Purse, State
from r2vbatch.manifest.model import Money
from r2vbatch.planning import Plan

S = State
REFUSED = "The service's content check refused this take."
FETCH = "fetch it by 2026-11-23 09:30 UTC"
HELD = "over the cap: 0.30 USD spent or set aside, this take 0.25 USD, cap 0.50 USD"


def usd(amount: str) -> Money:
    """Dollars."""
    return Money(Decimal(amount), "USD")


def board(shots: int, **keys: Any) -> Plan:
    """The plan of shots a, b …, 0.25 USD each."""
    return planned(storyboard(*({"id": chr(97 + n), "prompt": "@ellen"} for n in range(shots)),
                              **keys))  # fmt: skip


def ended(plan: Plan, *states: State, why: str = "", billed: str | None = "0.25",
          **how: Any) -> Report:  # fmt: skip
    """A live run of `plan` whose takes ended in `states`, in the folder we are in; those that are
    done were `billed` at so many dollars, None where the service did not say."""
    takes = [
        TakeReport(
            id=take.id, shot=take.shot.id, state=state, flags=(), task_id=None, at=None,
            cost=usd(billed) if billed and state is S.DONE else None, estimate=take.estimate.cost,
            billed_seconds=None,
            reason="" if state in {S.DONE, S.PLANNED, S.RUNNING} else why,
            lives_until=datetime(2026, 11, 23, 9, 30, tzinfo=UTC) if state is S.RUNNING else None,
        )
        for take, state in zip(plan.takes, states, strict=True)
    ]  # fmt: skip
    usual = {
        "kind": "live", "endpoint": "singapore", "manifest": Path.cwd() / "film.yaml",
        "output": Path.cwd() / "out" / "film", "others": [], "seconds": 65.0, "stopped": None,
        "purse": Purse(usd("0.30"), usd("0")), "advice": "", "refused": False,
        "interrupted": False, "other_money": [],
        "manifest_gone": False,
    }  # fmt: skip
    return Report(takes=takes, **{**usual, **how})


CASES = {
    "all is done": (
        ended(board(2), S.DONE, S.DONE),
        """
        2 of 2 takes done in 1:05; clips in out/film/clips
        money in this folder: 0.30 USD spent
        """,
    ),
    "billed for less than estimated, and yuan in the folder": (
        ended(board(2), S.DONE, S.DONE, billed="0.20", purse=Purse(usd("0.40"), usd("0"), usd("6")),
              other_money=[Purse(Money(Decimal("1.5"), "CNY"), Money(Decimal(3), "CNY"))]),
        """
        2 of 2 takes done in 1:05; clips in out/film/clips
        money in this folder: 0.40 USD spent, cap 6.00
        also in this folder: 1.50 CNY spent, 3.00 set aside, which the cap does not count
        2 takes billed otherwise than estimated: 0.40 USD for 0.50 USD
            a_t01 0.20 USD for 0.25 USD, b_t01 0.20 USD for 0.25 USD
        """,
    ),
    "billed for a fraction of a cent more": (
        ended(board(1), S.DONE, billed="0.2504", purse=Purse(usd("0.2504"), usd("0"))),
        """
        1 of 1 take done in 1:05; clips in out/film/clips
        money in this folder: 0.2504 USD spent
        """,
    ),
    "the service did not say what it billed": (
        ended(board(1), S.DONE, billed=None),
        """
        1 of 1 take done in 1:05; clips in out/film/clips
        money in this folder: 0.30 USD spent
        counted at their estimate, for the service did not say what it billed:
            a_t01
        """,
    ),
    "a preview, and then the clips": (
        ended(board(2), S.DONE, S.DONE, billed="0", kind="preview", endpoint="preview", purse=None),
        """
        2 of 2 takes done in 1:05; slates in out/film/preview
        next:
          r2vbatch run film.yaml --only 'a*' --endpoint singapore
              the same as live clips, up to 0.50 USD (prices read 2026-11); it asks first
        """,
    ),
    "two failed alike": (
        ended(board(3), S.DONE, S.FAILED, S.FAILED, why=REFUSED),
        f"""
        1 of 3 takes done (2 failed) in 1:05; clips in out/film/clips
        money in this folder: 0.30 USD spent
        2 takes failed: {REFUSED}
            b_t01, c_t01
        next:
          r2vbatch run film.yaml --only 'a*' --endpoint singapore
              when what failed is mended in film.yaml; what is done is kept
        """,
    ),
    "held by the command line's cap": (
        ended(board(3), S.DONE, S.HELD, S.HELD, why=HELD),
        f"""
        1 of 3 takes done (2 held) in 1:05; clips in out/film/clips
        money in this folder: 0.30 USD spent
        2 takes held: {HELD}
            b_t01, c_t01
        next:
          r2vbatch resume out/film --max-cost '0.80 USD'
              make what was held, too
        """,
    ),
    "held by the manifest's budget": (
        ended(board(2, budget={"max_cost": "0.50 USD"}), S.DONE, S.HELD, why=HELD),
        f"""
        1 of 2 takes done (1 held) in 1:05; clips in out/film/clips
        money in this folder: 0.30 USD spent
        b_t01 held: {HELD}
        next:
          r2vbatch run film.yaml --only 'a*' --endpoint singapore --max-cost '0.55 USD'
              when `budget: {{max_cost: 0.55 USD}}` stands in film.yaml
        """,
    ),
    "one failed, and the manifest has gone": (
        ended(board(1), S.FAILED, why=REFUSED, manifest_gone=True),
        f"""
        0 of 1 take done (1 failed) in 1:05; clips in out/film/clips
        money in this folder: 0.30 USD spent
        a_t01 failed: {REFUSED}
        next:
          r2vbatch resume out/film --only 'a*' --endpoint singapore
              ask for what failed once more; what is done is kept
        """,
    ),
    "held, for nobody knows a price": (
        ended(planned(storyboard({"id": "a", "prompt": "@ellen"}), prices="frankfurt"), S.HELD,
              why="its price is not known", purse=None, endpoint="http://h.example/api/v1"),
        """
        0 of 1 take done (1 held) in 1:05; clips in out/film/clips
        a_t01 held: its price is not known
        next:
          r2vbatch run film.yaml --only 'a*' --endpoint http://h.example/api/v1 --catalogue FILE
              when the price of what was held stands in FILE: `r2vbatch models --help`
        """,
    ),
    "one in doubt": (
        ended(board(2), S.DONE, S.IN_DOUBT, why="the connection broke"),
        """
        1 of 2 takes done (1 in doubt) in 1:05; clips in out/film/clips
        money in this folder: 0.30 USD spent
        b_t01 in doubt: the connection broke
        next:
          r2vbatch resume out/film
              look for what is in doubt once more; sends nothing twice
          r2vbatch resume out/film --resubmit-in-doubt b_t01
              send it again, at the risk of paying twice
        """,
    ),
    "interrupted": (
        ended(board(3), S.DONE, S.RUNNING, S.PLANNED, interrupted=True,
              purse=Purse(usd("0.30"), usd("0.25"), usd("6"))),
        f"""
        1 of 3 takes done (1 planned, 1 running) in 1:05; clips in out/film/clips
        money in this folder: 0.30 USD spent, 0.25 set aside, cap 6.00
        interrupted; 1 take still runs at the service and is billed: {FETCH}
        next:
          r2vbatch resume out/film
              go on: make and fetch what is missing
          r2vbatch collect out/film
              only fetch what is paid for; submits nothing
          r2vbatch cancel out/film
              take back what is still queued, so that it is not billed
        """,
    ),
    "refused by the service": (
        ended(board(2), S.PLANNED, S.PLANNED, stopped="The key is not valid.", refused=True,
              advice="Copy it again.", purse=Purse(usd("0"), usd("0"))),
        """
        0 of 2 takes done (2 planned) in 1:05; clips in out/film/clips
        stopped submitting: The key is not valid.
        hint: Copy it again.
        next:
          r2vbatch resume out/film
              go on: make and fetch what is missing
        """,
    ),
}  # fmt: skip


def plan_of(report: Report, text: str) -> Plan:
    budget = {"max_cost": "0.50 USD"} if "`budget:" in text else None
    return board(len(report.takes), **({"budget": budget} if budget else {}))


@pytest.mark.parametrize("name", CASES)
def test_how_it_went_and_what_to_do_next(name: str) -> None:
    """The whole of it, for each way in which a run ends."""
    report, text = CASES[name]
    lines = [line.removeprefix(" " * 8) for line in text.strip("\n").splitlines()[:-1]]
    options = Options(only=("a*",))
    assert summary(report, plan_of(report, text), options) == lines


@pytest.mark.parametrize("name", CASES)
def test_every_command_can_be_pasted(name: str) -> None:
    """The program takes its verb, options and values."""
    report, text = CASES[name]
    lines = summary(report, plan_of(report, text), Options(only=("a*", "第一场 *")))
    for line in lines:
        if line.startswith("  r2vbatch "):
            _, verb, *args = shlex.split(line)
            command = cli.get_command(click.Context(cli), verb)
            assert command is not None
            command.make_context(verb, args, parent=click.Context(cli))


def test_a_cap_of_the_command_line_holds_for_what_is_proposed() -> None:
    """It was agreed to up to there; beyond it only by the command that says so."""
    plan = board(2)
    options = Options(max_cost=usd("0.50"))
    lines = summary(ended(plan, S.PLANNED, S.HELD, why=HELD), plan, options)
    commands = [line.strip() for line in lines if line.startswith("  r2vbatch ")]
    assert commands == [
        "r2vbatch resume out/film --max-cost '0.55 USD'",
        "r2vbatch resume out/film --max-cost '0.50 USD'",
    ]


def test_of_many_takes_a_few_are_named() -> None:
    """The first ones and the last; the rest is in the results."""
    plan = board(26)
    lines = summary(ended(plan, *[S.FAILED] * 26, why=REFUSED), plan, Options())
    assert lines[2:4] == [
        f"26 takes failed: {REFUSED}",
        "    a_t01, b_t01, c_t01, d_t01, e_t01, f_t01, g_t01 … z_t01",
    ]
