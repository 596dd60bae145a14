"""What is asked before a run: about money, about clips set aside, about who sees the key.

Nothing is spent without a yes. On a terminal that is an answer to the price; elsewhere it is
``--yes`` or ``--max-cost``. A manifest's budget caps, it does not consent, and an endpoint
that only the manifest names does not get the key unasked: a borrowed manifest must not fish.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple
from urllib.parse import urlsplit

import click

from r2vbatch.batch.answers import Answers
from r2vbatch.batch.bill import shown
from r2vbatch.batch.endpoint import key_for
from r2vbatch.batch.job import Job
from r2vbatch.batch.trust import trust, trusted
from r2vbatch.cli.text import agree
from r2vbatch.errors import UsageProblem
from r2vbatch.manifest.model import Money
from r2vbatch.planning import Plan
from r2vbatch.visible import visible

_MANY = 5
"""Clips that may be set aside without a question."""


class Consent(NamedTuple):
    """What was agreed to."""

    spend: bool
    """Takes may be submitted."""
    again: bool
    """So may those that have possibly been paid for once already."""


def consent(job: Job, *, yes: bool, capped: bool) -> Consent:
    """Ask what must be asked.

    `capped`: ``--max-cost`` stands on the command line, which is a yes to the price, but not to
    paying for something twice. Raises `UsageProblem` where an answer is needed and there is no
    terminal to give it, `click.Abort` for a no.
    """
    if job.kind == "preview":
        return Consent(True, True)
    refuse_other_currency(job.settings.caps, job.plan)
    _about_key(job)
    _about_retiring(job, yes=yes)
    bill = job.bill
    if yes or capped:
        return Consent(True, yes)
    if bill.to_make and not _asks():
        raise UsageProblem(
            f"this would spend up to {shown(bill.cost)} at {job.settings.endpoint.name}",
            hint='agree with --yes, or with a cap: --max-cost "6.00 USD"',
        )
    if bill.to_make:
        agree(f"Spend up to {shown(bill.cost)}?")
    # what is in doubt or running was agreed to before; to send it anew is another matter
    return Consent(bool(bill.to_make), bool(bill.to_make))


def answers(resubmit: Sequence[str]) -> Answers:
    """What people say about takes in doubt: on a terminal they are asked; ``--resubmit-in-doubt``
    is a yes beforehand, for the takes whose ids match."""

    async def ask(question: str) -> bool:
        return await asyncio.to_thread(click.confirm, f"\n{visible(question)}", err=True)

    def agreed(take: str) -> bool:
        return any(fnmatchcase(take, glob) for glob in resubmit)

    return Answers(ask if _asks() else None, agreed)


def refuse_other_currency(caps: Sequence[Money], plan: Plan) -> None:
    """Raise `UsageProblem` for a cap that the prices of `plan` cannot be held to."""
    for cap in caps:
        if plan.currency and cap.currency != plan.currency:
            raise UsageProblem(
                f"the cap is in {cap.currency}, but the prices of {plan.prices} are in"
                f" {plan.currency}",
                hint="currencies are never converted: give the cap in"
                f" {plan.currency}, or choose the price table with --prices",
            )


def _about_key(job: Job) -> None:
    """A URL that only the manifest names is asked about before it sees the key."""
    url, key = job.settings.endpoint.base_url, key_for(job.settings.endpoint)
    if trusted(job.ledger, url, key):
        return
    if not job.settings.endpoint_given:
        if not _asks():
            raise UsageProblem(
                f"the manifest wants your API key sent to {url}",
                hint=f"if that is meant, say so: --endpoint {url}",
            )
        agree(f"Send your API key to {urlsplit(url).netloc}, that is {url}?")
    trust(job.ledger, url, key)


def _about_retiring(job: Job, *, yes: bool) -> None:
    number = len(job.matching.retired)
    if yes or not number or (number <= _MANY and not job.foreign):
        return
    why = f"; the folder was made by {job.made_by}" if job.foreign else ""
    if not _asks():
        raise UsageProblem(
            f"{number} clips are no longer wanted and would move to retired/{why}",
            hint="agree with --yes, or choose another output folder with -o",
        )
    agree(f"Move {number} clips to retired/{why}?")


def _asks() -> bool:
    return bool(sys.stdin and sys.stderr) and sys.stdin.isatty() and sys.stderr.isatty()
