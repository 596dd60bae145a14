"""What a request carries besides its path: the headers a submit must have, and its body.

Reads and checks; what the body asks for is understood in `checks`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from r2vbatch.emulator.options import Options
from r2vbatch.emulator.refusals import Refusal


def check_headers(request: web.Request, options: Options) -> None:
    """Refuse a submit without its headers.

    Raises:
        Refusal: it is not asynchronous, or not JSON by its own word.
    """
    if not enabled(request, "X-DashScope-Async"):
        message = "current user api does not support synchronous calls."
        raise Refusal(options.sync_status, "AccessDenied", message)
    if request.content_type != "application/json":
        message = f"Content type '{request.content_type}' is not supported."
        raise Refusal.of("InvalidParameter", message)


async def json_body(request: web.Request) -> Any:
    """The body.

    Raises:
        Refusal: it is too large, or no JSON.
    """
    try:
        return json.loads(await request.read())
    except (ValueError, RecursionError):  # not JSON, not UTF-8, or nested without end
        raise Refusal.of("InvalidParameter", "The request body is not valid JSON.") from None
    except web.HTTPRequestEntityTooLarge:
        raise Refusal.of("BadRequest.TooLarge") from None
    except web.RequestPayloadError:  # says that it is compressed, and is not
        raise Refusal.of("InvalidParameter", "The request body cannot be read.") from None


def enabled(request: web.Request, header: str) -> bool:
    """Whether a header says so."""
    return request.headers.get(header, "").lower() == "enable"


def slate(request: web.Request) -> Mapping[str, Any]:
    """What our own client adds for the slate: shot, take, names. Nothing if it makes no sense."""
    try:
        sent = json.loads(unquote(request.headers.get("X-R2VBatch-Slate", "")))
    except (ValueError, RecursionError):
        return {}
    wanted = {"shot": str, "take": int, "names": list}
    if not isinstance(sent, dict):
        return {}
    return {k: sent[k] for k, kind in wanted.items() if isinstance(sent.get(k), kind)}
