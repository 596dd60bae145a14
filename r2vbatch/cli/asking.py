"""Questions on a terminal, and the options that answer them beforehand."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence

import click

from r2vbatch.batch.answers import Answers, matching
from r2vbatch.batch.consent import Terms
from r2vbatch.cli.text import agree
from r2vbatch.progress import Steady
from r2vbatch.visible import visible


def terms(*, yes: bool, capped: bool) -> Terms:
    """How one agrees on the command line: on a terminal people are asked, and a no is a
    `click.Abort`."""
    return Terms(
        yes=yes,
        capped=capped,
        ask=agree if _asks() else None,
        say_yes="--yes",
        say_cap='--max-cost "6.00 USD"',
        say_endpoint="--endpoint {}",
        say_output="-o",
    )


def answers(resubmit: Sequence[str], shown: Steady) -> Answers:
    """What people say about takes in doubt: on a terminal they are asked, while `shown` leaves
    them the screen; ``--resubmit-in-doubt`` is a yes beforehand, for the takes whose ids match."""

    async def ask(question: str) -> bool:
        with shown.paused():
            return await asyncio.to_thread(click.confirm, visible(question), err=True)

    return Answers(ask if _asks() else None, matching(resubmit))


def _asks() -> bool:
    return bool(sys.stdin and sys.stderr) and sys.stdin.isatty() and sys.stderr.isatty()
