"""Reading a file: its hash, as a picture, and as a container of streams.

Files come from anybody, so only what people have is read: a crafted one has fewer ways to be slow,
or to lead to another file.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import warnings
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    import av.container
    from PIL import Image

_PICTURES = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "AVIF", "HEIF", "ICO", "JPEG2000")
"""What people have under the name of a picture."""

_CONTAINERS = "mov,mp4,matroska,webm,avi,mpegts,mpeg,flv,asf,mxf,ogg,gif,apng,wav,mp3,aac,flac,aiff"
_GUARDED = {
    # a list of other files (HLS, ffconcat) must lead nowhere: not out, not into another folder,
    # and not to a pipe that nobody writes
    "protocol_whitelist": "file",
    "format_whitelist": _CONTAINERS,
}

_BRIEF = {"probesize": "5000"}
"""Bytes beyond the head of a container, which tells enough."""
_BUFFER = 32_768


def digest(path: Path) -> tuple[str, int]:
    """SHA-256 (hex) and length in bytes, read as a stream."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), file.tell()


@cache
def pictures() -> tuple[str, ...]:
    """What is read as a picture, in Pillow's words: for the `formats` of ``Image.open``."""
    from pillow_heif import register_heif_opener

    register_heif_opener()
    logging.getLogger("PIL").addHandler(logging.NullHandler())  # or it writes on the terminal
    return _PICTURES


class _Silence:
    """No warnings, as long as anyone wants none. What is shown is the whole process's: of two
    threads that put it back each for itself, the later one might silence it for good."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._wanted = 0
        self._before = ExitStack()

    def __enter__(self) -> None:
        with self._turn:
            if not self._wanted:
                self._before.enter_context(warnings.catch_warnings())
                warnings.simplefilter("ignore")
            self._wanted += 1

    def __exit__(self, *_: object) -> None:
        with self._turn:
            self._wanted -= 1
            if not self._wanted:
                self._before.close()


unwarned = _Silence()
"""Around what Pillow does: it warns of damaged tags, and of sizes, which are judged elsewhere."""


def picture(file: Path | BinaryIO) -> Image.Image:
    """The picture in `file`, not decoded; a context manager. Raises anything: readers of
    Pillow let through struct, zlib, syntax and runtime errors, and one of its own for a picture too
    large."""
    from PIL import Image

    return Image.open(file, formats=pictures())


def opened(source: Path | BinaryIO) -> av.container.InputContainer:
    """The container at a path, or in what can be read and sought; a context manager. Of the latter
    no more is read than its head. Raises av.FFmpegError or ValueError where it is none."""
    import av

    # "file:" in front, or a folder with a colon in its name would be a protocol to FFmpeg
    at = f"file:{source}" if isinstance(source, Path) else source
    options = _GUARDED if isinstance(source, Path) else _GUARDED | _BRIEF
    try:
        return av.open(at, "r", metadata_errors="replace", options=options, buffer_size=_BUFFER)
    except av.ArgumentError:  # the answer to a format that is not among them
        raise ValueError("this is no video") from None


def broken_box(clip: Path) -> str:
    """A sentence where an MP4 ends before its last box does, which FFmpeg may not mind."""
    size = clip.stat().st_size
    with clip.open("rb") as file:
        at = 0
        while at < size:
            file.seek(at)
            head = file.read(16)
            if at == 0 and head[4:8] != b"ftyp":
                return ""
            length = int.from_bytes(head[:4], "big")
            if length == 1:
                length = int.from_bytes(head[8:16], "big")
            elif length == 0:  # up to the end of the file, whatever that is
                return ""
            if length < 8:
                return f"it is damaged at byte {at}"
            at += length
    return "" if at == size else f"it is cut short: {size} bytes of {at}"
