"""The ledger as text: ``results.csv`` and ``results.jsonl``, one row a wanted take.

Signed links never leave the ledger: a reference is shown without its query string, and result
links are not shown at all. In JSON lines numbers are numbers, booleans are booleans and what
is not known is null; in CSV it is empty. Times are UTC, ISO 8601; paths are relative to the
output folder, with ``/``.

A prompt and an error message are the words of others, and people open a CSV file in a
spreadsheet or on a terminal: control characters other than tab and line feed are shown as
pictures there, and a text that a spreadsheet would take for a formula (``=``, ``+``, ``-``,
``@`` or a tab in front) gets an apostrophe, in these two columns only: the others are
ids, numbers and names of ours, which programs read back. JSON lines keep every text exactly.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from r2vbatch import catalogue
from r2vbatch.ledger.rows import TakeRow, unsigned, whole
from r2vbatch.visible import as_json, visible

COLUMNS = (
    "shot", "take", "kind", "status", "flags", "clip", "model", "endpoint", "prompt",
    "references", "size", "duration", "seed", "audio", "task_id", "request_id", "attempts",
    "submitted_at", "started_at", "ended_at", "billed_seconds", "cost", "currency", "estimate",
    "sha256", "bytes", "error_code", "error_message",
)  # fmt: skip

_WORDS = frozenset({"prompt", "error_message"})
_FORMULA = ("=", "+", "-", "@", "\t")


def result(row: TakeRow) -> dict[str, Any]:
    """One take as a results row: plain values, ready for JSON."""
    body, parameters = row.request["input"], row.parameters
    return {
        "shot": row.shot,
        "take": row.take,
        "kind": row.kind,
        "status": str(row.state),
        "flags": list(row.flags),
        "clip": row.file,
        "model": row.model,
        "endpoint": row.endpoint,
        "prompt": body.get("prompt"),
        "references": [shown_reference(url) for url in _references(body)],
        "size": _size(row.model, parameters),
        "duration": parameters.get("duration"),
        "seed": parameters.get("seed"),
        "audio": parameters.get("audio"),
        "task_id": row.task_id,
        "request_id": row.request_id,
        "attempts": row.attempts,
        "submitted_at": iso(row.submitted_at),
        "started_at": iso(row.started_at),
        "ended_at": iso(row.ended_at),
        "billed_seconds": _number(row.billed_seconds),
        "cost": _number(row.cost),
        "currency": row.currency,
        "estimate": _number(row.estimate),
        "sha256": row.sha256,
        "bytes": row.bytes,
        "error_code": row.error_code,
        "error_message": row.error_message,
    }


def as_csv(results: Iterable[dict[str, Any]]) -> str:
    """The rows as CSV (RFC 4180, lists joined by ``|``)."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for row in results:
        writer.writerow([_shown(name, _cell(row[name])) for name in COLUMNS])
    return whole(text.getvalue())


def as_jsonl(results: Iterable[dict[str, Any]]) -> str:
    """The rows as JSON lines."""
    return whole("".join(f"{as_json(row)}\n" for row in results))


def iso(seconds: float | None) -> str | None:
    """``2026-11-22T08:00:00.120Z`` for seconds since 1970 UTC."""
    if seconds is None:
        return None
    text = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def shown_reference(url: str) -> str:
    """A reference as people may see it: a local file by its name, a URL without its query,
    which may be a signature."""
    try:
        parts = urlsplit(url)
    except ValueError:  # of a host in brackets that is no address
        return unsigned(url)
    if parts.scheme == "oss" and parts.netloc == "PENDING":
        return unquote(parts.path.rpartition("/")[2])
    return urlunsplit(parts._replace(query="", fragment=""))


def _size(model: str, parameters: dict[str, Any]) -> str | None:
    """``W*H`` as asked: in pixels, or by a tier and a ratio. None where the shape was left to the
    service, or to a first frame."""
    if "size" in parameters:
        return str(parameters["size"])
    words = parameters.get("resolution"), parameters.get("ratio")
    return _sizes(model).get((str(words[0]), str(words[1])))


@cache
def _sizes(model: str) -> Mapping[tuple[str, str], str]:
    """By tier and ratio. A user's own model has those of its family, which are all alike."""
    known = catalogue.load()
    return (known.model(model) or known.widest).sizes


def _references(body: dict[str, Any]) -> Sequence[str]:
    urls = body.get("reference_urls") or [m.get("url", "") for m in body.get("media", [])]
    return [str(url) for url in urls]


def _number(value: Decimal | None) -> int | float | None:
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)


def _shown(column: str, text: str) -> str:
    """A cell's text made harmless (see above)."""
    formula = column in _WORDS and text.startswith(_FORMULA)
    return ("'" if formula else "") + visible(text, keep="\t\n")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "|".join(map(str, value))
    return str(value)
