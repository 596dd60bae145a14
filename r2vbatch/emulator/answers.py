"""What the service says: JSON bodies and the time strings in them.

Pure: a task in, a body out. Both shapes of an error are here: the flat one of a refused call,
and the one inside the output of a FAILED task.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from r2vbatch.emulator.options import Options
from r2vbatch.emulator.refusals import Refusal
from r2vbatch.emulator.service import Task
from r2vbatch.emulator.zones import zone_of

Body = dict[str, Any]

HELP_PAGE = "https://help.aliyun.com/zh/model-studio/error-code"


def new_request_id() -> str:
    """Each answer has one of its own."""
    return str(uuid.uuid4())


def refusal(refused: Refusal, options: Options) -> Body:
    """The flat body of a refused call."""
    message = _message(refused.message, options)
    return {"code": refused.code, "message": message, "request_id": new_request_id()}


def _message(message: str, options: Options) -> str:
    return f"{message} For details, see: {HELP_PAGE}" if options.long_messages else message


def created(task: Task) -> Body:
    """The answer to a submit."""
    output = {"task_status": "PENDING", "task_id": task.id}
    return {"output": output, "request_id": task.request_id}


def canceled(task: Task, options: Options) -> Body:
    """The answer to a cancel that worked."""
    if options.cancel_body == "bare":
        return {"request_id": new_request_id()}
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
    for name, moment in times.items():
        if moment is not None or options.empty_times:
            output[name] = "" if moment is None else time_string(moment, zone)
    body: Body = {"request_id": new_request_id(), "output": output}
    if task.status == "SUCCEEDED":
        output["orig_prompt"] = task.ask.prompt
        output["video_url"] = link(task)
        body["usage"] = _usage(task, options)
    if task.code is not None:
        output |= {"code": task.code, "message": _message(task.message or "", options)}
    if options.more_fields:
        output["task_metrics"] = _metrics(task)
        if task.status == "SUCCEEDED":
            output["actual_prompt"] = task.ask.prompt
    return body


def _usage(task: Task, options: Options) -> Body:
    usage = dict(task.usage or {})
    if options.loose_types:
        usage["SR"] = str(usage["SR"])
    if options.more_fields:
        ask = task.ask
        usage |= {"fps": 30, "audio": ask.audio, "shot_type": ask.shot_type, "seed": ask.seed}
    return usage


def _metrics(task: Task) -> Body:
    ended = {"SUCCEEDED": int(task.status == "SUCCEEDED"), "FAILED": int(task.status == "FAILED")}
    return {"TOTAL": 1, **ended}


def time_string(seconds: float, zone: timezone) -> str:
    """``YYYY-MM-DD HH:MM:SS.mmm``, without the zone it is in."""
    return datetime.fromtimestamp(seconds, zone).isoformat(" ", "milliseconds")[:23]
