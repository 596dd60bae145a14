"""Reading a file: its hash, and as a container of streams."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import av.container

_LOCAL_ONLY = {"protocol_whitelist": "file"}  # a playlist must not make FFmpeg reach out


def digest(path: Path) -> tuple[str, int]:
    """SHA-256 (hex) and length in bytes, read as a stream."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), file.tell()


def opened(path: Path) -> av.container.InputContainer:
    """The container at `path`; a context manager. Raises av.FFmpegError where it is none."""
    import av

    return av.open(str(path), metadata_errors="replace", options=_LOCAL_ONLY)
