"""A result's link into a ``.part`` file, going on after a break where the host can.

The link is signed: no key goes with it, and no redirect leads out of http(s). The length is held
against what the host announced, and to a bound that no clip reaches; whether the bytes make a
video is the business of `media`. Disk writes leave the event loop. This room refuses to know what
the part is called when it is whole.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp

from r2vbatch.dashscope.faults import DEAD_LINK, LinkRefused, NoSuchHost, ServiceError, Unreachable
from r2vbatch.dashscope.following import follow
from r2vbatch.dashscope.patience import Patience, host_of
from r2vbatch.dashscope.transport import CONNECT_SECONDS, reason_of
from r2vbatch.threads import in_thread

STALL_SECONDS: Final = 60.0
WRITE_BYTES: Final = 1024 * 1024
LARGEST_CLIP: Final = 1024**3
"""Bytes: some fifty times a clip of 30 s. A host that never stops must not fill the disk."""
_TIMEOUT: Final = aiohttp.ClientTimeout(
    total=None, connect=CONNECT_SECONDS, sock_connect=CONNECT_SECONDS, sock_read=STALL_SECONDS
)


@dataclass(frozen=True, slots=True)
class Fetched:
    """A download that came to its end."""

    bytes: int
    announced: bool
    """The host said beforehand how long it would be, and it is. Otherwise only the video itself
    can tell whether it is whole."""
    resumed: bool
    """Begun by an earlier attempt, whose bytes were kept."""


@dataclass(frozen=True, slots=True)
class _Length:
    """What a reply says: where its bytes belong, and how long the whole is."""

    start: int
    total: int | None


@dataclass(frozen=True, slots=True)
class _Job:
    """One download, whatever attempts it takes."""

    session: aiohttp.ClientSession
    url: str
    part: Path
    headers: Mapping[str, str]
    patience: Patience
    largest: int


async def fetch(
    session: aiohttp.ClientSession,
    url: str,
    part: Path,
    *,
    resume: bool,
    headers: Mapping[str, str],
    attempts: int,
    pause: Callable[[int], Awaitable[None]],
    patience: Patience,
    largest: int = LARGEST_CLIP,
) -> Fetched:
    """Download `url` into `part`. An attempt that gained bytes does not count against
    `attempts`. Raises `LinkRefused`, `NoSuchHost`, `Unreachable`, `ServiceError` (for more than
    `largest` bytes too: nothing is kept of those), and OSError for the disk."""
    job = _Job(session, url, part, headers, patience, largest)
    have = _size(part) if resume else 0
    resumed, attempt = have > 0, 0
    while True:
        try:
            fetched = await _attempt(job, have, resumed)
            patience.answered(url)
            return fetched
        except _Again as again:
            error = again.error
        now = 0 if error is None else _size(part)
        attempt = 0 if now > have else attempt + 1
        failure = error or Unreachable(f"{host_of(url)} does not serve what it announces")
        if attempt >= attempts:
            raise failure
        patience.failed(url, failure.message)
        have, resumed = now, resumed and now > 0
        await pause(max(1, attempt))


class _Again(Exception):
    """This attempt is over, another may follow: from what is there, or without an `error`,
    from the beginning."""

    def __init__(self, error: ServiceError | None) -> None:
        super().__init__()
        self.error = error


async def _attempt(job: _Job, have: int, resumed: bool) -> Fetched:
    asked = {**job.headers, "Accept-Encoding": "identity"}
    if have:
        asked["Range"] = f"bytes={have}-"
    try:
        with job.patience.waiting(job.url, "it does not begin to send a clip"):
            response = await follow(job.session, "GET", job.url, asked, _TIMEOUT, inward=True)
    except aiohttp.ClientConnectorDNSError as error:
        raise _Again(NoSuchHost(reason_of(error, job.url))) from None
    except (aiohttp.ClientError, TimeoutError) as error:
        reason = reason_of(error, job.url)
    else:
        async with response:
            length = _length(response, have, job.url)
            if length is None:
                return Fetched(have, announced=True, resumed=resumed)
            if length.total is not None and length.total > job.largest:
                raise _too_large(job)
            problem = await _pour(response, job, length.start)
            if problem is None:
                return _finished(job.part, length, resumed, job.url)
            reason = reason_of(problem, job.url)
    raise _Again(Unreachable(reason))


def _length(response: aiohttp.ClientResponse, have: int, url: str) -> _Length | None:
    """Where the reply's bytes go; None when `have` is all there is."""
    status = response.status
    if status == 200:
        return _Length(0, response.content_length)
    span = re.fullmatch(
        r"bytes (?:(\d{1,18})-\d+|\*)/(\d{1,18}|\*)",
        response.headers.get("Content-Range", "").strip(),
        re.ASCII,
    )
    total = int(span[2]) if span and span[2] != "*" else None
    if status == 206 and span and span[1] == str(have):
        return _Length(have, total)
    if status == 416 and have and total == have:
        return None
    if status in (206, 416):
        raise _Again(None)
    if status in (400, 401, 403, 404, 410):
        raise LinkRefused(
            f"{host_of(url)} refuses the link (HTTP {status})",
            http_status=status,
            verdict=DEAD_LINK,
        )
    error = ServiceError(f"{host_of(url)} answered HTTP {status}", http_status=status)
    raise _Again(error) if status >= 500 or status in (408, 429) else error


async def _pour(response: aiohttp.ClientResponse, job: _Job, start: int) -> Exception | None:
    """The reply's body into the part from `start` on; the network's fault if it broke off. What
    came before a break is kept."""
    at, chunks = start, response.content.iter_any()
    while True:
        with job.patience.waiting(job.url, "a clip comes in slowly, or not at all"):
            block, more, problem = await _block(chunks)
        if at + len(block) > job.largest:
            await in_thread(job.part.unlink, missing_ok=True)
            raise _too_large(job)
        await in_thread(_write, job.part, at, block)
        at += len(block)
        if not more:
            return problem


async def _block(chunks: AsyncIterator[bytes]) -> tuple[bytes, bool, Exception | None]:
    """Some `WRITE_BYTES`, or what there is; whether more may follow; what broke it off."""
    block = bytearray()
    try:
        async for chunk in chunks:
            block += chunk
            if len(block) >= WRITE_BYTES:
                return bytes(block), True, None
    except (aiohttp.ClientError, TimeoutError) as error:
        return bytes(block), False, error
    return bytes(block), False, None


def _too_large(job: _Job) -> ServiceError:
    return ServiceError(
        f"{host_of(job.url)} sends more than {job.largest / 2**20:,.0f} MiB, which is no clip"
    )


def _write(part: Path, at: int, data: bytes) -> None:
    """`data` into `part` from `at` on, which is where it ends then."""
    with part.open("r+b" if at else "wb") as stream:
        stream.truncate(at)
        stream.seek(at)
        stream.write(data)


def _finished(part: Path, length: _Length, resumed: bool, url: str) -> Fetched:
    size = _size(part)
    if length.total is None:
        return Fetched(size, announced=False, resumed=resumed and length.start > 0)
    if size < length.total:
        raise _Again(Unreachable(f"the answer of {host_of(url)} broke off"))
    if size > length.total:
        raise _Again(None)
    return Fetched(size, announced=True, resumed=resumed and length.start > 0)


def _size(part: Path) -> int:
    return part.stat().st_size if part.is_file() else 0
