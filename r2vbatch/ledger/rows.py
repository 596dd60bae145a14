"""What the ledger hands out and takes in: takes, moves and transitions as plain data, and their
way into and out of the database.

Text is stored as UTF-8, which cannot hold half a surrogate pair; a service's message or a file
name may. Such a half is written as ``\\udXXX``, rather than stopping a paid batch.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, TypeVar

from r2vbatch.errors import OutputUnavailable
from r2vbatch.ledger import sql
from r2vbatch.ledger.states import Kind, State
from r2vbatch.manifest.model import Money
from r2vbatch.media.model import FileFacts

T = TypeVar("T")

_JSON = frozenset({"flags", "marks", "request"})
_FACTS: Mapping[str, Any] = {
    "sha256": str, "bytes": int, "kind": str | None, "seconds": Decimal | None,
    "width": int | None, "height": int | None, "format": str, "alpha": bool, "traits": tuple,
}  # fmt: skip
"""What `FileFacts` are made of."""
_FORMS = {
    "size": re.compile(r"[0-9]{1,5}\*[0-9]{1,5}"),
    "resolution": re.compile(r"[0-9]{1,4}[Pp]"),
}
"""Of the parameters that are reckoned with."""
_SECONDS = range(100_000)
_QUERY = re.compile(r"""(://[^\s?#"'<>\\]*)(?:[?#](?:(?!["'<>\\])[!-~])*)?""")
"""Begins at ``://`` and eats what it has read, whatever follows: linear in the longest text."""


PerSecond = Mapping[str, Decimal]
"""Prices of a billed second by tier (``720P``); of the tier that was asked for, under ``""``; empty
where they are not known."""


@dataclass(frozen=True, slots=True)
class TakeRow:
    """One take as the ledger has it. Times in seconds since 1970 UTC, money as Decimal."""

    key: int
    kind: Kind
    take: str
    shot: str
    number: int
    wanted: bool
    fingerprint: str
    shot_fingerprint: str
    state: State
    flags: tuple[str, ...]
    model: str
    request: dict[str, Any]
    prompt_key: str
    estimate: Decimal | None
    currency: str | None
    per_second: PerSecond
    endpoint: str | None
    marks: tuple[str, ...]
    attempts: int
    intent_at: float | None
    post_ended_at: float | None
    clock_offset: float | None
    task_id: str | None
    request_id: str | None
    submitted_at: float | None
    started_at: float | None
    ended_at: float | None
    link: str | None
    link_expires: float | None
    billed_seconds: Decimal | None
    cost: Decimal | None
    file: str | None
    sha256: str | None
    bytes: int | None
    error_code: str | None
    error_message: str | None

    @property
    def parameters(self) -> dict[str, Any]:
        """What its request asks for beside words and references, such as ``duration`` in s."""
        parameters: dict[str, Any] = self.request.get("parameters", {})
        return parameters

    @property
    def price(self) -> Money | None:
        """What it is estimated to cost."""
        return self.money(self.estimate)

    def money(self, amount: Decimal | None) -> Money | None:
        """An amount in the currency the take is priced in."""
        return Money(amount, self.currency) if amount is not None and self.currency else None

    def has(self, value: T | None) -> T:
        """`value`, which a take of ours that stands here has. Raises `OutputUnavailable` if not."""
        if value is None:
            raise _unreadable(self.take)
        return value


class Known(NamedTuple):
    """The little of a take that matching needs."""

    key: int
    take: str
    shot: str
    fingerprint: str
    wanted: bool
    state: State
    has_file: bool


class Standing(NamedTuple):
    """As much of a take as a report tells."""

    key: int
    take: str
    shot: str
    wanted: bool
    state: State
    flags: tuple[str, ...]
    currency: str | None
    estimate: Decimal | None
    cost: Decimal | None
    billed_seconds: Decimal | None
    task_id: str | None
    intent_at: float | None
    submitted_at: float | None
    file: str | None
    error_message: str | None

    @classmethod
    def read(cls, raw: tuple[Any, ...]) -> Standing:
        """From the columns of `sql.STANDING`. Raises `OutputUnavailable` as `from_database`."""
        key, take, shot, wanted, state, flags, currency, *money, task, intent, at, file, error = raw
        with _ours(take):
            estimate, cost, seconds = map(_amount, money)
            return cls(
                key, take, shot, bool(wanted), State(state), _texts(flags), currency,
                estimate, cost, seconds, task, intent, at, file, error,
            )  # fmt: skip

    def money(self, amount: Decimal | None) -> Money | None:
        """An amount in the currency the take is priced in."""
        return Money(amount, self.currency) if amount is not None and self.currency else None


class KnownTask(NamedTuple):
    """A task the ledger knows of."""

    task_id: str
    endpoint: str
    submitted_at: float
    """On our clock."""
    clock_offset: float | None
    """The service's clock minus ours then."""
    origin: Literal["submitted", "adopted", "stray"]
    """Adopted: its time is the list's own. Stray: nobody's, fetched in case it was paid by us."""


class NewTake(NamedTuple):
    """A take the plan wants and the ledger does not have."""

    kind: Kind
    take: str
    shot: str
    number: int
    fingerprint: str
    shot_fingerprint: str
    model: str
    request: dict[str, Any]
    prompt_key: str
    estimate: Decimal | None
    currency: str | None
    per_second: PerSecond


class UploadKey(NamedTuple):
    """What the service binds an upload to."""

    sha256: str
    model: str
    endpoint: str
    """Base URL."""
    mark: str
    """The account mark of the key."""


class Move(NamedTuple):
    """A file on its way to another name, both relative to the output folder."""

    key: int
    source: str
    target: str


class Purse(NamedTuple):
    """How the live money of an output folder stands, in one currency."""

    spent: Money
    """What was billed, or lost; at its estimate where the service did not say."""
    set_aside: Money
    """The estimates of what may still be billed: submitting, in doubt, at the service."""
    cap: Money | None = None
    """What both together may not go over; None where nothing was said."""


class Transition(NamedTuple):
    """What a listener is told of one committed transition."""

    key: int
    before: State
    after: State
    at: float
    why: str


def bound(columns: dict[str, Any], key: int | None = None, to: State | None = None) -> Any:
    """Columns as SQL parameters, by name."""
    values = {name: _plain(name, value) for name, value in columns.items()}
    if key is not None:
        values["key"] = key
    if to is not None:
        values["state"] = str(to)
    return values


def whole(text: str) -> str:
    """`text` with halves of surrogate pairs spelled out, as JSON spells them."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def unsigned(text: str) -> str:
    """`text` with the query strings of its URLs cut off: a service's message may name a link or
    a reference with its signature, and messages are shown, logged and exported."""
    return _QUERY.sub(r"\1", text) if "://" in text else text


def decimal(text: str | None) -> Decimal | None:
    """Decimal text as a number, None as None."""
    return None if text is None else Decimal(text)


def named(raw: tuple[Any, ...]) -> dict[str, Any]:
    """What is stored of a take, by column; `raw` has them in the order of `sql.COLUMNS`."""
    return dict(zip(sql.COLUMNS, raw, strict=True))


def from_database(stored: dict[str, Any]) -> TakeRow:
    """A row of `takes`, its columns as they are stored, by name. Raises `OutputUnavailable` for one
    that we did not write."""
    with _ours(stored["take"]):
        return _from_database(stored)


def remembered(text: str) -> FileFacts | None:
    """Facts of a file as JSON; None for what an older version, which measured less, or somebody
    else has written: it is measured anew."""
    try:
        facts = json.loads(text)
        facts["seconds"], facts["traits"] = decimal(facts["seconds"]), tuple(facts["traits"])
        fits = facts.keys() == _FACTS.keys() and all(
            isinstance(facts[name], kind) for name, kind in _FACTS.items()
        )
    except (KeyError, ValueError, TypeError, ArithmeticError, RecursionError):
        return None
    return FileFacts(**facts) if fits else None


@contextmanager
def _ours(take: str) -> Iterator[None]:
    """A ledger may come from somebody else, or have been mended by hand: what cannot be read of
    `take` in the block is an `OutputUnavailable`."""
    try:
        yield
    except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError):
        raise _unreadable(take) from None


def _unreadable(take: str) -> OutputUnavailable:
    return OutputUnavailable(
        f"the ledger holds a take that cannot be read: {take}",
        hint="something else than r2vbatch changed it: restore it from a copy; the clips beside"
        " it are not touched",
    )


def _from_database(stored: dict[str, Any]) -> TakeRow:
    values = stored.copy()
    for name in ("estimate", "billed_seconds", "cost"):
        values[name] = decimal(values[name])
    values.update(
        per_second=_per_second(values["per_second"]),
        wanted=bool(values["wanted"]),
        state=State(values["state"]),
        flags=_texts(values["flags"]),
        marks=_texts(values["marks"]),
        request=_request(values["request"]),
    )
    return TakeRow(**values)


def _request(text: str) -> dict[str, Any]:
    """A request as the plan composes it: words, references and plain parameters."""
    request: dict[str, Any] = json.loads(text)
    body, parameters = request["input"], request.get("parameters", {})
    urls, media = body.get("reference_urls", []), body.get("media", [])
    texts = [body["prompt"], *urls, *(item.get("url", "") for item in media)]
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("a prompt and a reference are texts")
    if any(isinstance(value, list | dict) for value in parameters.values()):
        raise TypeError("a parameter is plain")
    for name, form in _FORMS.items():
        if name in parameters and not form.fullmatch(parameters[name]):
            raise ValueError(name)
    if parameters.get("duration", 0) not in _SECONDS:
        raise ValueError("duration")
    return request


_amount = lru_cache(decimal)
"""Thousands of takes cost the same."""


@lru_cache
def _texts(stored: str) -> tuple[str, ...]:
    """A JSON list of texts; thousands of takes have the same."""
    return tuple(json.loads(stored))


@lru_cache
def _per_second(text: str | None) -> PerSecond:
    """Before there were several, it was the one that was asked for, as a number."""
    if not text or not text.startswith("{"):
        return MappingProxyType({"": Decimal(text)} if text else {})
    return MappingProxyType({tier: Decimal(price) for tier, price in json.loads(text).items()})


def _plain(name: str, value: Any) -> Any:
    if name in _JSON:
        return whole(json.dumps(value, ensure_ascii=False))
    if name == "per_second":
        return json.dumps({tier: str(price) for tier, price in value.items()})
    if isinstance(value, Decimal):
        return str(value)
    if name == "error_message" and value is not None:
        return whole(unsigned(value))
    return whole(value) if isinstance(value, str) else value
