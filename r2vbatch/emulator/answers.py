"""What the service says: JSON bodies and the time strings in them.

Pure: a task in, a body out. Both shapes of an error are here: the flat one of a refused call,
and the one inside the output of a FAILED task.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from r2vbatch.emulator.options import Options, zone_of
from r2vbatch.emulator.refusals import Refusal
from r2vbatch.emulator.service import Account, Task

Body = dict[str, Any]

STATUSES = ("PENDING", "RUNNING", "SUCCEEDED", "FAILED", "CANCELED", "UNKNOWN", "SUSPENDED")
LARGEST_PAGE = 100
DAY = timedelta(hours=24)


def new_request_id() -> str:
    """Each answer has one of its own."""
    return str(uuid.uuid4())


def refusal(refused: Refusal) -> Body:
    """The flat body of a refused call."""
    return {"code": refused.code, "message": refused.message, "request_id": new_request_id()}


def created(task: Task) -> Body:
    """The answer to a submit."""
    output = {"task_status": "PENDING", "task_id": task.id}
    return {"output": output, "request_id": task.request_id}


def canceled(task: Task) -> Body:
    """The answer to a cancel that worked."""
    output = {"task_id": task.id, "task_status": "CANCELED"}
    return {"request_id": new_request_id(), "output": output}


def unknown(task_id: str) -> Body:
    """No such task, expired, or not visible to this account."""
    output = {"task_id": task_id, "task_status": "UNKNOWN"}
    return {"request_id": new_request_id(), "output": output}


def queried(task: Task, options: Options, link: Callable[[Task], str]) -> Body:
    """The answer to a query; `link` makes the signed URL of a clip."""
    zone = zone_of(options.zone)
    output: Body = {"task_id": task.id, "task_status": task.status}
    times = {
        "submit_time": task.created,
        "scheduled_time": task.started,
        "end_time": task.ended,
    }
    output |= {name: time_string(t, zone) for name, t in times.items() if t is not None}
    body: Body = {"request_id": new_request_id(), "output": output}
    if task.status == "SUCCEEDED":
        output["orig_prompt"] = task.ask.prompt
        output["video_url"] = link(task)
        body["usage"] = dict(task.usage or {})
    if task.code is not None:
        output |= {"code": task.code, "message": task.message or ""}
    return body


def time_string(seconds: float, zone: timezone) -> str:
    """``YYYY-MM-DD HH:MM:SS.mmm``, without the zone it is in."""
    return datetime.fromtimestamp(seconds, zone).isoformat(" ", "milliseconds")[:23]


def listing(
    account: Account,
    query: Mapping[str, str],
    *,
    now: float,
    zone: timezone,
    task_life: float,
    youngest: float = 0.0,
    rows_key: str = "data",
) -> Body:
    """One page of the account's tasks, newest first.

    `youngest`: tasks younger than this many seconds are not listed yet.

    Raises:
        Refusal: a filter that cannot be read, or a window over 24 h.
    """
    number, size = _whole(query, "page_no", 1), _whole(query, "page_size", 10)
    size = min(size, LARGEST_PAGE)
    first, last = _window(query, now, zone)
    status = query.get("status") or None
    if status is not None and status not in STATUSES:
        raise Refusal.of("InvalidParameter", f"status is invalid: {status}")
    chosen = [
        task
        for task in account.tasks.values()
        if first <= task.created <= last
        and now - task_life < task.created <= now - youngest
        and status in (None, task.status)
        and (query.get("model_name") or task.ask.model) == task.ask.model
        and (query.get("task_id") or task.id) == task.id
    ]
    chosen.sort(key=lambda task: task.created, reverse=True)
    page = chosen[(number - 1) * size : number * size]
    return {
        "request_id": new_request_id(),
        "total": len(chosen),
        "total_page": -(-len(chosen) // size),
        "page_no": number,
        "page_size": size,
        rows_key: [_row(task) for task in page],
    }


def _row(task: Task) -> Body:
    model = task.ask.model
    row = {
        "task_id": task.id,
        "status": task.status,
        "model_name": model,
        "user_api_unique_key": f"apikey:v1:aigc:video-generation:video-synthesis:{model}",
        "request_id": task.request_id,
        "region": "emulator",
        "api_key_id": task.lane.account.name,
        "caller_parent_id": task.lane.account.name,
        "caller_uid": task.lane.account.name,
        "gmt_create": _milliseconds(task.created),
    }
    times = {"start_time": task.started, "end_time": task.ended}
    return row | {name: _milliseconds(t) for name, t in times.items() if t is not None}


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1000)


def _whole(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 100_000):
        raise Refusal.of("InvalidParameter", f"{name} is invalid: {text}")
    return int(text)


def _window(query: Mapping[str, str], now: float, zone: timezone) -> tuple[float, float]:
    start, end = (_moment(query, name, zone) for name in ("start_time", "end_time"))
    start = start or (end or datetime.fromtimestamp(now, zone)) - DAY
    end = end or start + DAY
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
