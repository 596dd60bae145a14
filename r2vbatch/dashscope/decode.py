"""What comes back, as data: `decode_*` turn a `Reply` into a model object or a `ServiceError`.

Pure: no I/O and no clock; whoever calls brings the endpoint's offset from UTC. Nothing is taken
for granted (dossier 4 and 6): numbers may be text, times lack a zone, a list is in ``data`` or
``tasks``, an error may come with HTTP 200, a body may not be JSON, and a word never seen before
must not end a paid task.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from functools import cached_property
from math import ceil
from typing import Any, Final

from r2vbatch.dashscope.faults import ServiceError
from r2vbatch.dashscope.model import Created, Listed, Status, Task, TaskPage, Usage
from r2vbatch.dashscope.times import link_expiry, parse_time, retry_after

LONGEST_MESSAGE: Final = 300
"""Characters of a message or body that a person is shown."""
LARGEST_FIGURE: Final = Decimal(10**9)
_LONGEST_FIGURE: Final = 64
_LONGEST_LINK: Final = 8192
_UPLOADED: Final = re.compile(r"""oss://[^\s"'<>]*""")
_MOST_PAGES: Final = 1000
"""Of a task list of 24 h; who claims more can keep a reader busy for ever."""
_TASK_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,128}")
"""Generous: they are UUIDs. What else stands there is not an id that can be kept and asked for."""


@dataclass(frozen=True)
class Reply:
    """An answer as it came. The API key is already out of `body`."""

    status: int
    headers: Mapping[str, str]
    """With any spelling of the names."""
    body: bytes

    def header(self, name: str) -> str | None:
        """The header `name`, whatever its case."""
        wanted = name.lower()
        return next((v for k, v in self.headers.items() if k.lower() == wanted), None)

    @cached_property
    def data(self) -> Mapping[str, Any]:
        """The body as a JSON object; empty when it is not one."""
        try:
            return _mapping(json.loads(self.body, parse_float=Decimal))
        except (ValueError, RecursionError):
            return {}


@dataclass(frozen=True, slots=True)
class Policy:
    """Leave to upload: what the form must carry, where it goes, and for how long."""

    host: str
    folder: str
    policy: str
    signature: str
    access_key_id: str
    acl: str
    forbid_overwrite: str
    lifetime: float
    """Seconds from the reply."""
    max_bytes: int | None
    """Of one file; None when the reply does not say."""
    capacity: int | None
    """Bytes that the account may upload in all; None when the reply does not say."""


def decode_created(reply: Reply) -> Created:
    """The task that a submit made. Raises `ServiceError` when the answer names none."""
    data = reply.data
    output = _mapping(data.get("output"))
    task_id = _task_id(output)
    if not 200 <= reply.status < 300 or not task_id:
        raise _error(reply, data)
    return Created(
        task_id=task_id,
        request_id=_request_id(reply, data),
        status=decode_status(output.get("task_status")),
    )


def decode_task(reply: Reply, task_id: str, offset: timedelta) -> Task:
    """The state of task `task_id`. Raises `ServiceError` when the answer is not about it."""
    data = reply.data
    output = _mapping(data.get("output"))
    about = _text(output.get("task_id")) or task_id
    if not 200 <= reply.status < 300 or "task_status" not in output or about != task_id:
        raise _error(reply, data)
    link = _text(output.get("video_url")) or None
    if link and len(link) > _LONGEST_LINK:
        link = None
    return Task(
        task_id=task_id,
        request_id=_request_id(reply, data),
        status=decode_status(output["task_status"]),
        submitted_at=parse_time(output.get("submit_time"), offset),
        started_at=parse_time(output.get("scheduled_time"), offset),
        ended_at=parse_time(output.get("end_time"), offset),
        prompt=_text(output.get("orig_prompt")) or None,
        link=link,
        link_expires=link_expiry(link) if link else None,
        code=shorten(_text(output.get("code")) or _text(data.get("code"))),
        message=shorten(_text(output.get("message")) or _text(data.get("message"))),
        usage=_usage(data.get("usage")),
    )


def printed_submit_time(reply: Reply) -> str | None:
    """The ``submit_time`` of a task as printed, to infer the endpoint's offset from."""
    return _text(_mapping(reply.data.get("output")).get("submit_time")) or None


def decode_page(reply: Reply, page: int, page_size: int, offset: timedelta) -> TaskPage:
    """One page of the task list; `page` and `page_size` as asked, for where it does not say.

    Raises `ServiceError` when any row cannot be read: a listing with a hole proves nothing.
    """
    data = reply.data
    rows = next((data[k] for k in ("data", "tasks") if isinstance(data.get(k), list)), None)
    if not 200 <= reply.status < 300 or rows is None:
        raise _error(reply, data)
    tasks = tuple(_listed(reply, data, row, offset) for row in rows)
    total = _count(data.get("total"))
    pages = _count(data.get("total_page"))
    if pages is None and total is not None:
        pages = ceil(total / (_count(data.get("page_size")) or page_size))
    if pages is None:
        pages = page + (len(tasks) >= page_size)
    if pages > _MOST_PAGES:
        raise _error(reply, data)
    here = _count(data.get("page_no")) or page
    return TaskPage(tasks, here, pages, len(tasks) if total is None else total)


def _listed(reply: Reply, data: Mapping[str, Any], row: object, offset: timedelta) -> Listed:
    item = _mapping(row)
    task_id = _task_id(item)
    created = parse_time(item.get("gmt_create"), offset)
    created = created or parse_time(item.get("start_time"), offset)
    if not task_id or created is None:
        raise _error(reply, data)
    status = decode_status(item.get("status") or item.get("task_status"))
    return Listed(task_id, status, shorten(_text(item.get("model_name"))), created)


def check_done(reply: Reply) -> None:
    """A cancel's answer: raises `ServiceError` unless the service agreed."""
    data = reply.data
    if not 200 <= reply.status < 300 or _text(data.get("code")):
        raise _error(reply, data)


def decode_policy(reply: Reply) -> Policy:
    """Leave to upload. Raises `ServiceError` when a needed part is missing."""
    data = reply.data
    given = _mapping(data.get("data")) or _mapping(data.get("output"))
    names = ("upload_host", "upload_dir", "policy", "signature", "oss_access_key_id")
    parts = [_text(given.get(name)) for name in names]
    if not 200 <= reply.status < 300 or not all(parts):
        raise _error(reply, data)
    return Policy(
        host=parts[0],
        folder=parts[1].strip("/"),
        policy=parts[2],
        signature=parts[3],
        access_key_id=parts[4],
        acl=_text(given.get("x_oss_object_acl")) or "private",
        forbid_overwrite=_text(given.get("x_oss_forbid_overwrite")) or "true",
        lifetime=float(number(given.get("expire_in_seconds")) or 0),
        max_bytes=_megabytes(given.get("max_file_size_mb")),
        capacity=_megabytes(given.get("capacity_limit_mb")),
    )


def decode_status(word: object) -> Status:
    """A task's state. A word never seen before is UNKNOWN: it must not end a paid task."""
    try:
        return Status(_text(word).upper())
    except ValueError:
        return Status.UNKNOWN


def error_of(reply: Reply) -> ServiceError:
    """The refusal in `reply`, from its flat body or, failing that, its status alone."""
    return _error(reply, reply.data)


def is_object(reply: Reply) -> bool:
    """Whether the body is a JSON object with something in it."""
    return bool(reply.data)


def code_of(reply: Reply) -> str:
    """The JSON ``code`` at the top of a body; empty when there is none."""
    return _text(reply.data.get("code"))


def task_id_of(reply: Reply) -> str:
    """The id of a created task in a body; empty when there is none that can be one."""
    return _task_id(_mapping(reply.data.get("output")))


def number(value: object) -> Decimal | None:
    """A figure given as integer, float or text; None when absent or no sensible figure."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    try:
        text = str(value).strip()
        figure = Decimal(text if len(text) <= _LONGEST_FIGURE else "NaN")
    except InvalidOperation:
        return None
    return figure if figure.is_finite() and 0 <= figure <= LARGEST_FIGURE else None


def _megabytes(value: object) -> int | None:
    figure = number(value)
    return int(figure * 2**20) if figure else None


def shorten(text: str) -> str:
    """`text` on one line, cut for a person's eyes; where an upload lies is not for them."""
    line = _UPLOADED.sub("oss://…", " ".join(text[: LONGEST_MESSAGE * 4].split()))
    return line if len(line) <= LONGEST_MESSAGE else line[: LONGEST_MESSAGE - 1] + "…"


def _usage(value: object) -> Usage | None:
    data = _mapping(value)
    if not data:
        return None
    return Usage(
        billed_seconds=number(data.get("duration")),
        input_seconds=number(data.get("input_video_duration")),
        output_seconds=number(data.get("output_video_duration")),
        size=shorten(_text(data.get("size"))) or None,
        tier=_tier(data.get("SR")),
    )


def _tier(value: object) -> int | None:
    figure = number(value.strip().rstrip("Pp") if isinstance(value, str) else value)
    return int(figure) if figure else None


def _error(reply: Reply, data: Mapping[str, Any]) -> ServiceError:
    message = _text(data.get("message")) or _shown_body(reply, data)
    return ServiceError(
        shorten(message),
        http_status=reply.status,
        code=shorten(_text(data.get("code"))),
        request_id=_request_id(reply, data),
        retry_after=retry_after(
            reply.header("retry-after-ms"), reply.header("retry-after"), reply.header("date")
        ),
    )


def _shown_body(reply: Reply, data: Mapping[str, Any]) -> str:
    if data.get("code"):
        return ""
    text = reply.body[: LONGEST_MESSAGE * 8].decode("utf-8", "replace").strip()
    return f"an unexpected answer: {text}" if text else "an empty answer"


def _request_id(reply: Reply, data: Mapping[str, Any]) -> str:
    return shorten(_text(data.get("request_id")) or reply.header("x-request-id") or "")


def _task_id(data: Mapping[str, Any]) -> str:
    found = _text(data.get("task_id"))
    return found if _TASK_ID.fullmatch(found) else ""


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _count(value: object) -> int | None:
    figure = number(value)
    return None if figure is None else int(figure)


def _text(value: object) -> str:
    """A scalar as text; containers, null and absence are empty."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | Decimal) else ""
