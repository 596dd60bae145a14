"""Time zones, as switches and rules write them."""

from __future__ import annotations

from datetime import timedelta, timezone

from r2vbatch.errors import UsageProblem


def zone_of(text: str) -> timezone:
    """``+08:00`` as a time zone.

    Raises:
        UsageProblem: when the text is not of that form.
    """
    sign, rest = text[:1], text[1:].split(":")
    if sign not in "+-" or len(rest) != 2 or not all(p.isdigit() and len(p) == 2 for p in rest):
        raise UsageProblem(f"{text!r} is not a zone", hint="write it as +08:00")
    offset = timedelta(hours=int(rest[0]), minutes=int(rest[1]))
    if offset >= timedelta(hours=24):
        raise UsageProblem(f"{text!r} is not a zone", hint="none is a day away")
    return timezone(-offset if sign == "-" else offset)
