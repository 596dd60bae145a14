"""The task list: which tasks, in which order, on which page, and what a row shows.

Pure: an account's tasks and a query in, a body out. Never an output, a link or a reason: for
those each task has to be queried, as at the service.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone

from r2vbatch.emulator.answers import Body, new_request_id, time_string
from r2vbatch.emulator.options import Options
from r2vbatch.emulator.refusals import Refusal
from r2vbatch.emulator.service import Account, Task
from r2vbatch.emulator.zones import zone_of

STATUSES = ("PENDING", "RUNNING", "SUCCEEDED", "FAILED", "CANCELED", "UNKNOWN", "SUSPENDED")
DAY = timedelta(hours=24)


def listing(
    account: Account,
    query: Mapping[str, str],
    options: Options,
    *,
    now: float,
    youngest: float = 0.0,
) -> Body:
    """One page of the account's tasks.

    `youngest`: tasks younger than this many seconds are not listed yet.

    Raises:
        Refusal: a filter that cannot be read, or a window over 24 h.
    """
    number, size = _whole(query, "page_no", 1), _whole(query, "page_size", 10)
    size = min(size, options.largest_page)
    zone = zone_of(options.list_zone or options.zone)
    first, last = _window(query, now, zone, cut=options.list_window == "cut")
    wanted = _filters(query)
    chosen = [
        task
        for task in account.tasks.values()
        if first <= task.created <= last
        and now - options.task_life < task.created <= now - youngest
        and wanted.items() <= _row(task, options).items()
    ]
    chosen.sort(key=lambda task: task.created, reverse=options.list_order == "newest")
    page = chosen[(number - 1) * size : number * size]
    return {
        "request_id": new_request_id(),
        "total": len(chosen),
        "total_page": -(-len(chosen) // size),
        "page_no": number,
        "page_size": size,
        options.list_rows: [_row(task, options) for task in page],
    }


def _filters(query: Mapping[str, str]) -> Body:
    """What a row must show; a filter without a value is none."""
    names = ("task_id", "model_name", "status", "api_key_id", "region")
    wanted = {name: query[name] for name in names if query.get(name)}
    if wanted.get("status", STATUSES[0]) not in STATUSES:
        raise Refusal.of("InvalidParameter", f"status is invalid: {wanted['status']}")
    return wanted


def _row(task: Task, options: Options) -> Body:
    model = task.ask.model
    row = {
        "task_id": task.id,
        "status": task.status,
        "model_name": model,
        "user_api_unique_key": f"apikey:v1:aigc:video-generation:video-synthesis:{model}",
        "request_id": task.request_id,
        "region": options.region,
        "api_key_id": task.lane.account.name,
        "caller_parent_id": task.lane.account.name,
        "caller_uid": task.lane.account.name,
    }
    times = {"gmt_create": task.created, "start_time": task.started, "end_time": task.ended}
    return row | {name: _time(t, options) for name, t in times.items() if t is not None}


def _time(seconds: float, options: Options) -> int | str:
    if options.list_times == "text":
        return time_string(seconds, zone_of(options.zone))
    return int(seconds * 1000)


def _whole(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and len(text) < 7 and int(text)):
        raise Refusal.of("InvalidParameter", f"{name} is invalid: {text}")
    return int(text)


def _window(
    query: Mapping[str, str], now: float, zone: timezone, *, cut: bool
) -> tuple[float, float]:
    start, end = (_moment(query, name, zone) for name in ("start_time", "end_time"))
    try:
        start = start or (end or datetime.fromtimestamp(now, zone)) - DAY
        end = end or start + DAY
    except OverflowError:  # the first or the last day that a calendar knows
        raise Refusal.of("InvalidParameter", "start_time or end_time is out of range") from None
    if cut and end - start > DAY:
        start = end - DAY
    if not timedelta(0) <= end - start <= DAY:
        raise Refusal.of("InvalidParameter", "start_time to end_time must be within 24 hours")
    # end_time names a second, and the whole of it is meant
    return start.timestamp(), end.timestamp() + 0.999


def _moment(query: Mapping[str, str], name: str, zone: timezone) -> datetime | None:
    text = query.get(name)
    if not text:
        return None
    try:
        if not (text.isascii() and text.isdigit() and len(text) == 14):
            raise ValueError
        return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=zone)
    except ValueError:
        raise Refusal.of("InvalidParameter", f"{name} must be YYYYMMDDhhmmss: {text}") from None
