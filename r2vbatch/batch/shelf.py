"""Uploads remembered in the ledger, so that the next run uses those of the last.

They are bound to what the service binds them to: another model, place or key has its own. A crash
between an upload and its note costs one more upload. This room refuses to know how long an upload
lives: `references` does.
"""

from __future__ import annotations

from dataclasses import dataclass

from r2vbatch.dashscope.model import Upload
from r2vbatch.ledger import Ledger, LedgerThread, UploadKey


@dataclass(frozen=True, slots=True)
class LedgerShelf:
    """The uploads made with one key at one place."""

    ledger: LedgerThread
    endpoint: str
    """Base URL."""
    mark: str
    """The account mark of the key."""

    async def get(self, sha256: str, model: str) -> Upload | None:
        """The latest upload of a content for a model."""
        return await self.ledger.do(Ledger.upload, self._key(sha256, model))

    async def put(self, sha256: str, model: str, upload: Upload) -> None:
        """Remember an upload, durably."""
        await self.ledger.do(Ledger.set_upload, self._key(sha256, model), upload)

    def _key(self, sha256: str, model: str) -> UploadKey:
        return UploadKey(sha256, model, self.endpoint, self.mark)
