"""The service's times, made aware UTC.

It prints local times without a zone (dossier 4.2: UTC+8 in Beijing, unverified elsewhere), so
whoever decodes must bring the endpoint's offset; `infer_offset` finds it from one time that is
known on both clocks. Pure: no clock is read here.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urlsplit

BEIJING: Final = timedelta(hours=8)
"""The offset seen in documented replies; the starting assumption everywhere."""

LONGEST_WAIT: Final = 300.0
"""Seconds: as long as a service is left alone because it asks for it."""
_YEARS: Final = range(1970, 2200)
"""Another year is no time of a task: arithmetic near the ends of the calendar overflows."""
_STEP: Final = timedelta(minutes=15)
_FARTHEST: Final = timedelta(hours=14)
_EXPIRY: Final = re.compile(r"(?:^|&)(expires|x-oss-date|x-oss-expires)=([^&]+)", re.I | re.A)
_MILLISECONDS: Final = 100_000_000_000
"""Epoch numbers from here on are milliseconds (as seconds they would lie in the year 5138)."""


def parse_time(value: object, offset: timedelta) -> datetime | None:
    """A time as the service gives it, in UTC; None when absent, empty or not a time.

    Text without a zone is local time at `offset` from UTC; text with one, and epoch seconds or
    milliseconds (number or digits), say it themselves.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        text = value.strip()
        if not re.fullmatch(r"\d{9,17}", text):
            return _sane(_parse_text(text, offset))
        value = int(text)
    try:
        number = float(value)  # type: ignore[arg-type]
        seconds = number / 1000 if number >= _MILLISECONDS else number
        return _sane(datetime.fromtimestamp(seconds, UTC))
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _sane(moment: datetime | None) -> datetime | None:
    return moment if moment and moment.year in _YEARS else None


def _parse_text(text: str, offset: timedelta) -> datetime | None:
    local = parse_local(text)
    if local is None:
        return None
    try:
        return local.astimezone(UTC) if local.tzinfo else (local - offset).replace(tzinfo=UTC)
    except OverflowError:
        return None


def parse_local(text: object) -> datetime | None:
    """``YYYY-MM-DD HH:MM:SS[.mmm]`` as printed: naive unless the text names a zone."""
    if not isinstance(text, str) or not text.strip():
        return None
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        return None


def infer_offset(local: datetime, instant: datetime) -> timedelta:
    """How far the service's local times are from UTC, to the nearest 15 minutes.

    `local` is naive, as printed; `instant` is the same moment, aware. Right as long as the two
    differ by less than 7.5 minutes from the truth.
    """
    difference = local - instant.astimezone(UTC).replace(tzinfo=None)
    return round(difference / _STEP) * _STEP


def plausible(offset: timedelta) -> bool:
    """Whether any place on earth keeps such an offset."""
    return abs(offset) <= _FARTHEST


def wire_stamp(instant: datetime, offset: timedelta) -> str:
    """``YYYYMMDDhhmmss`` in the service's local time, as the task list wants it."""
    return (instant.astimezone(UTC) + offset).strftime("%Y%m%d%H%M%S")


def parse_http_date(text: str | None) -> datetime | None:
    """An HTTP ``Date`` header in UTC; None when absent or odd."""
    if not text:
        return None
    try:
        parsed = parsedate_to_datetime(text)
        return _sane(parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        return None


def retry_after(milliseconds: str | None, seconds: str | None, date: str | None) -> float | None:
    """How many seconds a reply asks to wait: ``retry-after-ms``, else ``Retry-After``.

    The latter may be a date, which counts from the reply's own `date`. None when neither says.
    Never more than `LONGEST_WAIT`: a batch of hours is not stopped by one odd header.
    """
    for text, scale in ((milliseconds, 0.001), (seconds, 1.0)):
        try:
            number = float(text or "") * scale
        except ValueError:
            continue
        if math.isfinite(number) and number >= 0:
            return min(number, LONGEST_WAIT)
    until, now = parse_http_date(seconds), parse_http_date(date)
    if until is None or now is None:
        return None
    return min(max(0.0, (until - now).total_seconds()), LONGEST_WAIT)


def link_expiry(url: str) -> datetime | None:
    """When a signed link dies, from the URL itself; None when it does not say.

    Classic signatures carry ``Expires`` (epoch seconds); newer ones ``x-oss-expires`` (seconds
    from ``x-oss-date``).
    """
    try:
        query = {name.lower(): value for name, value in _EXPIRY.findall(urlsplit(url).query)}
    except ValueError:
        return None
    if "expires" in query:
        return parse_time(query["expires"], timedelta(0)) if query["expires"].isdigit() else None
    try:
        signed = datetime.strptime(query["x-oss-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        return _sane(signed + timedelta(seconds=int(query["x-oss-expires"])))
    except (KeyError, ValueError, OverflowError):
        return None
