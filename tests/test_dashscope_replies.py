"""The codec against recorded replies: one folder a case, ``tests/replies/<call>/<case>/``.

``reply.http`` is the answer as it came (status line, headers, blank line, body);
``expected.json`` is what it means. Adding a case is adding a folder.
"""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from r2vbatch.dashscope import decode
from r2vbatch.dashscope.decode import Reply
from r2vbatch.dashscope.faults import ServiceError, classify, classify_task, fate

REPLIES = Path(__file__).parent / "replies"
CASES = sorted(file.parent for file in REPLIES.glob("*/*/reply.http"))
ASKED = "0e6fc6e8-0000-4000-8000-000000000001"


def read(case: Path) -> tuple[Reply, dict[str, Any]]:
    head, _, body = (case / "reply.http").read_bytes().partition(b"\n\n")
    first, *lines = head.decode().split("\n")
    headers = dict(line.split(": ", 1) for line in lines)
    expected = json.loads((case / "expected.json").read_text("utf-8"))
    return Reply(int(first.split()[1]), headers, body), expected


def plain(value: Any) -> Any:
    """A decoded object as JSON has it; decimals as their text, so that 10.0 is not 10."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def decoded(call: str, reply: Reply, offset: timedelta) -> dict[str, Any]:
    try:
        match call:
            case "submit":
                return {"created": plain(decode.decode_created(reply))}
            case "query":
                return {"task": plain(decode.decode_task(reply, ASKED, offset))}
            case "list":
                return {"page": plain(decode.decode_page(reply, 1, 10, offset))}
            case "cancel":
                decode.check_done(reply)
                return {"done": True}
            case _:
                return {"policy": plain(decode.decode_policy(reply))}
    except ServiceError as error:
        return {
            "error": {
                "code": error.code,
                "http_status": error.http_status,
                "message": error.message,
                "request_id": error.request_id,
                "reach": error.verdict.reach,
                "throttle": error.verdict.throttle,
                "retry_after": error.retry_after,
            }
        }


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.name}")
def test_a_recorded_reply_means_what_is_written_beside_it(case: Path) -> None:
    """Each recorded reply decodes to the whole of its expected.json."""
    reply, expected = read(case)
    offset = timedelta(hours=expected.pop("offset_hours", 8))
    result = decoded(case.parent.name, reply, offset)
    if case.parent.name == "submit":
        code, task_id = decode.code_of(reply), decode.task_id_of(reply)
        result["fate"] = fate(connected=True, status=reply.status, code=code, task_id=task_id)
    if "reach" in expected:
        result["reach"] = classify_task(result["task"]["code"]).reach
    assert result == expected


def test_every_kind_of_call_has_recorded_replies() -> None:
    """The folder is found and none of its parts is empty."""
    assert {case.parent.name for case in CASES} == {"submit", "query", "list", "cancel", "policy"}


def test_every_refusal_tells_a_person_what_happened_and_what_to_do() -> None:
    """No error among the recorded replies is without a sentence and an advice."""
    for case in CASES:
        reply, expected = read(case)
        if "error" in expected:
            verdict = classify(reply.status, expected["error"]["code"])
            assert verdict.sentence.endswith(".") and verdict.advice.endswith(".")
