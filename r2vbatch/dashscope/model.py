"""What the service says, decoded: tasks, listings, usage. Plain data, times in aware UTC."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class Status(StrEnum):
    """Task states of the service. CANCELED is spelled with one L there too."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"
    UNKNOWN = "UNKNOWN"
    """No such task, past its 24 h, or not visible to this account. Also any word we have never
    seen: it must not end a paid task."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What was billed and made. Every figure may be missing."""

    billed_seconds: Decimal | None
    input_seconds: Decimal | None
    output_seconds: Decimal | None
    size: str | None
    """``W*H``."""
    tier: int | None
    """SR: 720 or 1080."""


@dataclass(frozen=True, slots=True)
class Created:
    """A submit was accepted."""

    task_id: str
    request_id: str
    status: Status


@dataclass(frozen=True, slots=True)
class Task:
    """One answer to a query."""

    task_id: str
    request_id: str
    status: Status
    submitted_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    prompt: str | None
    """``orig_prompt``, the echo of what was sent."""
    link: str | None
    link_expires: datetime | None
    """From the URL's ``Expires``; None when the URL does not say."""
    code: str
    """Empty when the service gave none."""
    message: str
    usage: Usage | None


@dataclass(frozen=True, slots=True)
class Listed:
    """One row of the task list (it has neither prompt nor result)."""

    task_id: str
    status: Status
    model: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class TaskPage:
    """One page of the task list."""

    tasks: tuple[Listed, ...]
    page: int
    pages: int
    total: int


@dataclass(frozen=True, slots=True)
class Upload:
    """A local file in the service's storage."""

    url: str = field(repr=False)
    made_at: float
    """When the upload began, in seconds since 1970 UTC."""
