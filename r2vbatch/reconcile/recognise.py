"""Whether an unknown task can be a take's own: the same, perhaps, or surely not.

The list shows neither prompt nor result; a task shows its prompt only once it has SUCCEEDED. What
equals is adopted, so equality must not be missed: normal form, white space and the documented cut
do not count. What differs frees a take to be paid for again, so difference must be certain:
until this endpoint has shown that it echoes prompts unchanged, an altered echo is thought possible.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum, auto
from functools import lru_cache
from typing import Final

from r2vbatch.dashscope.model import Listed, Status, Task, Usage
from r2vbatch.dashscope.prompts import prompt_key
from r2vbatch.reconcile.model import Intent
from r2vbatch.reconcile.moments import PATIENCE

IN_A_ROW: Final = 20
"""Two prompts that have so many characters in a row in common may be one, altered."""
_HALF_A_SECOND: Final = Decimal("0.5")
_NOT_PAID: Final = frozenset({Status.FAILED, Status.CANCELED})


class Relation(Enum):
    """What an unknown task is to a take in doubt."""

    APART = auto()
    """Surely not the take's, or nothing was paid for it."""
    OPEN = auto()
    """It has not ended, so its prompt is not known yet."""
    NEAR = auto()
    """It cannot be told: it may be the take's."""
    SAME = auto()
    """Prompt, size and length are the take's."""


@dataclass(frozen=True, slots=True)
class Found:
    """A listed task that the ledger does not know, and what queries said of it."""

    row: Listed
    task: Task | None

    @property
    def status(self) -> Status:
        """An end seen by either the list or a query is an end."""
        asked = self.task.status if self.task else Status.UNKNOWN
        if self.row.status in _NOT_PAID or asked is Status.UNKNOWN:
            return self.row.status
        return asked

    @property
    def ended(self) -> bool:
        """Whether there is nothing more to learn of it."""
        if self.status in _NOT_PAID:
            return True
        return self.task is not None and self.task.status is Status.SUCCEEDED

    def stuck(self, now: datetime) -> bool:
        """Not ended for so long that waiting for it is no plan."""
        return not self.ended and now - self.row.created_at > PATIENCE


def relation(
    intent: Intent, opens: datetime, found: Found, *, trusted: bool, now: datetime
) -> Relation:
    """What `found` is to `intent`, whose task was created no earlier than `opens`.

    `trusted`: the endpoint has echoed one of our prompts unchanged.
    """
    if not _of_model(found.row.model, intent.model) or found.row.created_at < opens:
        return Relation.APART
    if found.status in _NOT_PAID:
        return Relation.APART
    if not found.ended:
        return Relation.NEAR if found.stuck(now) else Relation.OPEN
    assert found.task is not None
    echo = found.task.prompt
    if echo is None:
        return Relation.NEAR
    if same_prompt(intent.prompt, echo, intent.limit):
        return Relation.SAME if _as_asked(intent, found.task.usage) else Relation.NEAR
    return Relation.NEAR if could_be(intent.prompt, echo, trusted=trusted) else Relation.APART


def same_prompt(sent: str, echo: str, limit: int) -> bool:
    """Whether `echo` is the prompt as `sent`, white space and normal form apart, whole or cut at
    `limit` as documented; and the service may have counted before or after it folded."""
    whole = _folded(sent)
    ours = {whole, prompt_key(sent, limit), prompt_key(whole, limit)}
    return _folded(echo) in ours or prompt_key(echo, limit) in ours


def unchanged(sent: str, echo: str | None) -> bool:
    """Whether `echo` is all of the prompt as `sent`, white space and normal form apart."""
    return echo is not None and _folded(sent) == _folded(echo)


@lru_cache(maxsize=4096)
def could_be(sent: str, echo: str, *, trusted: bool) -> bool:
    """Whether a service may have made `echo` of the prompt `sent`: by a cut nobody documented
    or, unless its echo is `trusted`, by some alteration."""
    if _decomposed(sent).startswith(_without_end(_decomposed(echo))):
        return True
    return not trusted and _in_common(_bare(sent), _bare(echo))


def _without_end(text: str) -> str:
    """`text` but for what a cut may have put or left there: dots, blanks, and the marks of the
    last letter, whose order depends on those that were cut off."""
    while text and (text[-1] in " .…" or unicodedata.combining(text[-1])):
        text = text[:-1]
    return text


def same_account(mark: str, takes: Iterable[frozenset[str]]) -> frozenset[str]:
    """All account marks that `mark` is proven to share an account with, itself included.

    `takes`: the marks of each take. Two keys that reached one task are one account's; so an
    adopted take's marks must be of keys that reached the adopted task.
    """
    together, apart = frozenset({mark}), set(takes)
    while met := {marks for marks in apart if marks & together}:
        apart -= met
        together = together.union(*met)
    return together


def _of_model(listed: str, asked: str) -> bool:
    """A row without a model may be anyone's; a dated snapshot is its model's."""
    return not listed or _undated(listed) == _undated(asked)


def _undated(model: str) -> str:
    return re.sub(r"-\d{4}-\d{2}-\d{2}$", "", model)


def _as_asked(intent: Intent, usage: Usage | None) -> bool:
    """Size, SR and output seconds, where both sides have them. What was billed and what went in
    never decide: nobody documents how they are rounded."""
    if usage is None:
        return True
    sizes = _numbers(intent.size), _numbers(usage.size)
    if all(sizes) and sizes[0] != sizes[1]:
        return False
    if intent.tier is not None and usage.tier is not None and intent.tier != usage.tier:
        return False
    if intent.seconds is None or usage.output_seconds is None:
        return True
    return abs(Decimal(str(intent.seconds)) - usage.output_seconds) < _HALF_A_SECOND


def _numbers(size: str | None) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", size or "")]


def _folded(prompt: str) -> str:
    return prompt_key(prompt, sys.maxsize)


def _decomposed(prompt: str) -> str:
    """A cut may part a letter from its accent: only so is what is left still a prefix."""
    return unicodedata.normalize("NFD", _folded(prompt))


def _bare(prompt: str) -> str:
    """Letters and digits alone: what alters an echo alters case, blanks and marks first."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", prompt).casefold()))


def _in_common(ours: str, echo: str) -> bool:
    """Whether twenty characters in a row are in both. Where one has fewer, nothing is certain of
    a short prompt of ours; a short echo counts when all of it is in ours."""
    if len(ours) < IN_A_ROW:
        return True
    run = min(IN_A_ROW, len(echo))
    return any(echo[start : start + run] in ours for start in range(len(echo) - run + 1))


def created_order(found: Found) -> tuple[datetime, str]:
    """Tasks in order of creation."""
    return found.row.created_at, found.row.task_id
