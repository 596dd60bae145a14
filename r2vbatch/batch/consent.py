"""What must be agreed to before a run: the money, clips set aside, who sees the key.

Nothing is spent without a yes. It is given beforehand, or asked for where there is a person to
ask. A manifest's budget caps, it does not consent, and an endpoint that only the manifest names
does not get the key unasked: a borrowed manifest must not fish. This room decides what is asked;
how a person is asked is the host's to know.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple
from urllib.parse import urlsplit

from r2vbatch.batch.bill import shown
from r2vbatch.batch.job import Job
from r2vbatch.batch.trust import trust, trusted
from r2vbatch.dashscope.key import Key
from r2vbatch.errors import UsageProblem
from r2vbatch.manifest.model import Money
from r2vbatch.planning import Plan

_MANY = 5
"""Clips that may be set aside without a question."""


class Consent(NamedTuple):
    """What was agreed to."""

    spend: bool
    """Takes may be submitted."""
    again: bool
    """So may those that have possibly been paid for once already."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What was agreed to beforehand, and how one agrees."""

    yes: bool
    """To every question."""
    capped: bool
    """To spending up to a cap, but not to paying for something twice."""
    ask: Callable[[str], None] | None
    """Puts a question to a person, and returns for a yes alone; None where nobody is there."""
    say_yes: str
    """How a yes is given beforehand: ``--yes``."""
    say_cap: str
    """How a cap is: ``--max-cost "6.00 USD"``."""
    say_endpoint: str
    """How an endpoint is named, with ``{}`` for it: ``--endpoint {}``."""
    say_output: str
    """How an output folder is: ``-o``."""


def consent(job: Job, key: Key, terms: Terms) -> Consent:
    """Ask what must be asked.

    Raises `UsageProblem` where an answer is needed and there is nobody to give it, and whatever
    `terms.ask` raises for a no.
    """
    if job.kind == "preview":
        return Consent(True, True)
    refuse_other_currency(job.settings.caps, job.plan)
    _about_key(job, key, terms)
    _about_retiring(job, terms)
    bill = job.bill
    if terms.yes or terms.capped:
        return Consent(True, terms.yes)
    if bill.to_make:
        if terms.ask is None:
            raise UsageProblem(
                f"this would spend up to {shown(_most(job))} at {job.settings.endpoint.name}"
                f" (prices read {job.plan.prices_read})",
                hint=f"agree with {terms.say_yes}, or with a cap: {terms.say_cap}",
            )
        terms.ask(f"Spend up to {shown(_most(job))}?")
    # what is in doubt or running was agreed to before; to send it anew is another matter
    return Consent(bool(bill.to_make), bool(bill.to_make))


def _most(job: Job) -> Money | None:
    """What the run can spend: the price of all that is to be made, or what the caps leave of it."""
    cost, purse = job.bill.cost, job.money_until_now().purse
    if purse is None or purse.cap is None:
        return cost
    left = Money(max(purse.cap.amount - purse.spent.amount, Decimal(0)), purse.cap.currency)
    return left if cost is None or left.amount < cost.amount else cost


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


def _about_key(job: Job, key: Key, terms: Terms) -> None:
    """A URL that only the manifest names is asked about before it sees the key."""
    url = job.settings.endpoint.base_url
    if trusted(job.ledger, url, key):
        return
    if not job.settings.endpoint_given:
        if terms.ask is None:
            raise UsageProblem(
                f"the manifest wants your API key sent to {url}",
                hint=f"if that is meant, say so: {terms.say_endpoint.format(url)}",
            )
        terms.ask(f"Send your API key to {urlsplit(url).netloc}, that is {url}?")
    trust(job.ledger, url, key)


def _about_retiring(job: Job, terms: Terms) -> None:
    number = len(job.matching.retired)
    if terms.yes or not number or (number <= _MANY and not job.foreign):
        return
    why = f"; the folder was made by {job.made_by}" if job.foreign else ""
    if terms.ask is None:
        raise UsageProblem(
            f"{number} clips are no longer wanted and would move to retired/{why}",
            hint=f"agree with {terms.say_yes}, or choose another output folder with"
            f" {terms.say_output}",
        )
    terms.ask(f"Move {number} clips to retired/{why}?")
