"""One link, asked for piece by piece: HEAD for its length and type, then ranged GETs.

HEAD is a courtesy that many hosts refuse: only GET, which is what the service sends, says that a
link is dead. A host that sends no parts is read from the beginning on, and left as soon as that is
enough.
"""

from __future__ import annotations

import re
from types import TracebackType
from typing import Final, Self

import aiohttp

from r2vbatch.dashscope.client import USER_AGENT
from r2vbatch.dashscope.following import follow
from r2vbatch.dashscope.patience import host_of
from r2vbatch.dashscope.transport import timeout
from r2vbatch.links.model import Look
from r2vbatch.links.pieces import Pieces

LOOK_BYTES: Final = 4 * 2**20
"""Of one link, at most."""
_PIECE: Final = 64 * 1024
_SILENCE: Final = 15.0
"""Seconds."""
_HEADERS: Final = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity"}
_GONE: Final = frozenset({404, 410})
_LATER: Final = frozenset({408, 425, 429})


class Refused(Exception):
    """The link cannot be looked into, or not to the end."""

    def __init__(self, problem: str, hint: str = "", *, passing: bool = False) -> None:
        super().__init__(problem)
        self.look = Look(None, problem, hint, passing)


class Asking:
    """A link while it is asked for; closes what it opened."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self.pieces = Pieces()
        self.type = ""
        """What the host calls it, such as ``image/png``; empty where it does not say."""
        self._session = session
        self._url = url
        self._host = host_of(url)
        self._spent = 0
        self._length: int | None = None
        self._all: aiohttp.ClientResponse | None = None
        """An answer with all of it, being read from the beginning on."""
        self._read = 0
        """Bytes of that."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._all is not None:
            self._all.close()

    async def begin(self) -> None:
        """The first piece, and the length. Raises `Refused`, and as `follow` does."""
        try:
            told = await follow(
                self._session, "HEAD", self._url, _HEADERS, timeout(_SILENCE), inward=False
            )
            told.close()
            self._length = told.content_length if told.status == 200 else None
        except aiohttp.ClientConnectorError:
            raise
        except aiohttp.ClientError:  # some hosts hang up on it
            pass
        await self.more(0)
        if self._length is None and self._all is not None:
            await self._read_on(LOOK_BYTES)  # to its end, which nobody has announced
        if self._length is None:
            raise self._too_much("it says nowhere how long it is")
        self.pieces.size = self._length

    async def more(self, at: int) -> None:
        """More of it, from byte `at` on. Raises as `begin`."""
        if self._all is None:
            await self._part(at)
        if self._all is not None:
            await self._read_on(at + _PIECE)

    async def _part(self, at: int) -> None:
        wanted = max(_PIECE, self._spent // 2)
        if self._spent + wanted > LOOK_BYTES:
            raise self._too_much("its head is that long")
        asked = _HEADERS | {"Range": f"bytes={at}-{at + wanted - 1}"}
        answer = await follow(
            self._session, "GET", self._url, asked, timeout(_SILENCE), inward=False
        )
        self.type = answer.headers.get("Content-Type", "").partition(";")[0].strip()
        if answer.status == 200:
            self._all, self._length = answer, answer.content_length
            return
        try:
            self._place(answer, at)
            self._spent += wanted
            data = bytearray()
            async for chunk in answer.content.iter_any():
                data += chunk
                if len(data) >= wanted:
                    break
        finally:
            answer.close()
        if not data and self._length != 0:
            raise Refused(f"is not sent whole by {self._host}", passing=True)
        self.pieces.put(at, bytes(data))

    def _place(self, answer: aiohttp.ClientResponse, at: int) -> None:
        """Take note of what the answer says of the whole. Raises `Refused` for one that is no part
        of it from `at` on."""
        said = re.fullmatch(
            r"bytes (?:(\d{1,15})-\d{1,15}|\*)/(\d{1,15}|\*)",
            answer.headers.get("Content-Range", "").strip(),
            re.ASCII,
        )
        if said and said[2] != "*":
            self._length = int(said[2])
        if answer.status == 416 and at == 0 and self._length == 0:
            return
        if answer.status == 206 and said and said[1] == str(at):
            return
        raise self._no(answer.status)

    def _no(self, status: int) -> Refused:
        said = f"{self._host} answers {status}"
        if status in _GONE:
            return Refused(f"cannot be had: {said}", "there is nothing at this link")
        if status >= 500 or status in _LATER:
            return Refused(f"cannot be had now: {said}", "try again later", passing=True)
        if status in (206, 416):
            return Refused(
                f"could not be looked into: {self._host} sends another part than was asked for",
                passing=True,
            )
        hint = "the service asks without a name, a cookie or a referring page: make it public"
        return Refused(f"cannot be had: {said}", hint)

    async def _read_on(self, until: int) -> None:
        """Read the answer with all of it, up to byte `until` at least, or to its end."""
        assert self._all is not None, "there is one"
        if until > LOOK_BYTES + _PIECE or self._read > LOOK_BYTES:
            raise self._too_much(f"{self._host} sends it only from the beginning on")
        while self._read < until:
            data = await self._all.content.readany()
            if not data:
                if self._read < (self._length or 0):
                    raise Refused(f"is not sent whole by {self._host}", passing=True)
                self._length = self._read
                return
            self.pieces.put(self._read, data)
            self._read += len(data)

    def _too_much(self, why: str) -> Refused:
        return Refused(
            f"could not be looked into with {LOOK_BYTES // 2**20} MB of it: {why}",
            "it may be fine; a local copy can be checked",
            passing=True,
        )
