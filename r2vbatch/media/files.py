"""Reading a file: its hash, and as a container of streams."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import av.container

_CONTAINERS = "mov,mp4,matroska,webm,avi,mpegts,mpeg,flv,asf,mxf,ogg,gif,apng,wav,mp3,aac,flac,aiff"
_GUARDED = {
    # a list of other files (HLS, ffconcat) must lead nowhere: not out, not into another folder,
    # and not to a pipe that nobody writes
    "protocol_whitelist": "file",
    "format_whitelist": _CONTAINERS,
}


def digest(path: Path) -> tuple[str, int]:
    """SHA-256 (hex) and length in bytes, read as a stream."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), file.tell()


def opened(path: Path) -> av.container.InputContainer:
    """The container at `path`; a context manager. Raises av.FFmpegError or ValueError where it is
    none."""
    import av

    # "file:" in front, or a folder with a colon in its name would be a protocol to FFmpeg
    try:
        return av.open(f"file:{path}", metadata_errors="replace", options=_GUARDED)
    except av.ArgumentError:  # the answer to a format that is not among them
        raise ValueError("this is no video") from None
