"""What goes out, as data: paths, headers, query parameters, bodies and form fields.

Pure; nothing here opens a connection, and the API key is not known here. `Call` is what the HTTP
adapter sends. Sources are sections 1, 4 and 8 of the dossier.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

from r2vbatch.dashscope.decode import Policy
from r2vbatch.dashscope.times import wire_stamp

SUBMIT_PATH: Final = "/services/aigc/video-generation/video-synthesis"
SLATE_HEADER: Final = "X-R2VBatch-Slate"
PENDING: Final = "oss://PENDING/"
"""How a plan writes a local reference that is yet to be uploaded; never sent."""
OSS: Final = "oss://"


@dataclass(frozen=True, slots=True)
class Call:
    """One API call, without host and key."""

    method: str
    path: str
    """Appended to the base URL."""
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None


def submit(body: Mapping[str, Any], slate: Mapping[str, Any] | None = None) -> Call:
    """The POST that creates a task. `slate` (shot, take, names) is for the emulator's eyes.

    Raises ValueError while the body still names a file that was not uploaded.
    """
    headers = {"Content-Type": "application/json", "X-DashScope-Async": "enable"}
    uploaded = [text for text in _texts(body.get("input")) if text.startswith(OSS)]
    if any(text.startswith(PENDING) for text in uploaded):
        raise ValueError("a reference of this request has not been uploaded")
    if uploaded:
        headers["X-DashScope-OssResourceResolve"] = "enable"
    if slate is not None:
        headers[SLATE_HEADER] = quote(json.dumps(slate, ensure_ascii=False), safe="")
    return Call("POST", SUBMIT_PATH, headers=headers, body=json.dumps(body).encode())


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _texts(part)


def query(task_id: str) -> Call:
    """Ask for one task."""
    return Call("GET", f"/tasks/{quote(task_id, safe='')}")


def cancel(task_id: str) -> Call:
    """Cancel one queued task."""
    return Call("POST", f"/tasks/{quote(task_id, safe='')}/cancel")


def list_tasks(
    *,
    start: datetime | None,
    end: datetime | None,
    offset: timedelta,
    model: str | None,
    status: str | None,
    page: int,
    page_size: int,
) -> Call:
    """One page of the task list. `start` and `end` are aware, and go out as the local time at
    `offset`; without them the service lists its last 24 h, which holds in any zone."""
    params = {"page_no": str(page), "page_size": str(page_size)}
    if start is not None:
        params["start_time"] = wire_stamp(start, offset)
    if end is not None:
        params["end_time"] = wire_stamp(end, offset)
    if model is not None:
        params["model_name"] = model
    if status is not None:
        params["status"] = status
    return Call("GET", "/tasks/", params)


def policy(model: str) -> Call:
    """Ask leave to upload files for `model`."""
    return Call("GET", "/uploads", {"action": "getPolicy", "model": model})


def upload_key(policy: Policy, file_name: str) -> str:
    """Where in the upload folder a file goes: never the same name twice (overwriting is
    forbidden), the extension kept (it must match the container), plain ASCII in between."""
    stem, dot, suffix = file_name.rpartition(".")
    if not dot:
        stem, suffix = file_name, ""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", stem).strip("-")[:40] or "reference"
    extension = re.sub(r"[^A-Za-z0-9]", "", suffix)
    name = f"{plain}-{secrets.token_hex(6)}" + (f".{extension}" if extension else "")
    return f"{policy.folder}/{name}"


def form_fields(policy: Policy, key: str) -> list[tuple[str, str]]:
    """The form's fields in order; the adapter adds the ``file`` field after them, last."""
    return [
        ("OSSAccessKeyId", policy.access_key_id),
        ("Signature", policy.signature),
        ("policy", policy.policy),
        ("x-oss-object-acl", policy.acl),
        ("x-oss-forbid-overwrite", policy.forbid_overwrite),
        ("key", key),
        ("success_action_status", "200"),
    ]
