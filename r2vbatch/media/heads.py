"""What can be told of a file by its head: for one that lies elsewhere, and is asked for in pieces.

How it is turned, whether it moves and whether all of it is there are not told: that would be to
read much more of it.
"""

from __future__ import annotations

from typing import BinaryIO

from r2vbatch.media.files import unwarned
from r2vbatch.media.films import film
from r2vbatch.media.model import FileFacts, nothing
from r2vbatch.media.stills import measurable

_IN_CONTAINERS = b"ftyp"
"""HEIC and AVIF, which Pillow would read to their end; that they are such is told by their head."""


def head(file: BinaryIO, size: int) -> FileFacts:
    """The facts of what `file` holds, as far as its head tells them; its hash is left empty. What
    `file` raises may be taken for an answer: whoever makes it has to remember."""
    file.seek(0)
    start = file.read(32)
    file.seek(0)
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return _webp(start, size)
    found = None if start[4:8] == _IN_CONTAINERS else _picture(file, size)
    file.seek(0)
    return found or _film(file, size) or nothing("", size)


def _film(file: BinaryIO, size: int) -> FileFacts | None:
    try:
        return film(file, "", size)
    except OSError:  # it was to be read where it has nothing
        return None


def _picture(file: BinaryIO, size: int) -> FileFacts | None:
    try:
        with unwarned:
            image = measurable(file)
            form = "JPEG" if image.format == "MPO" else image.format or ""
            return FileFacts(
                "", size, "image", None, *image.size, form, image.has_transparency_data
            )
    except Exception:  # as of a file of our own
        return None


def _webp(start: bytes, size: int) -> FileFacts:
    """A WEBP, by the first bytes of its first chunk (RFC 9649): Pillow would read all of it."""
    start = start.ljust(32, b"\0")
    chunk, alpha, traits = start[12:16], False, tuple[str, ...]()
    if chunk == b"VP8X":
        width, height = (1 + int.from_bytes(start[at : at + 3], "little") for at in (24, 27))
        alpha, traits = bool(start[20] & 16), ("moving",) if start[20] & 2 else ()
    elif chunk == b"VP8L":
        bits = int.from_bytes(start[21:25], "little")
        width, height, alpha = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF), bool(bits >> 28 & 1)
    elif chunk == b"VP8 ":
        width, height = (int.from_bytes(start[at : at + 2], "little") & 0x3FFF for at in (26, 28))
    else:
        return nothing("", size)
    return FileFacts("", size, "image", None, width, height, "WEBP", alpha, traits)
