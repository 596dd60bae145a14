"""What a reference file is: image or video, how large, how long."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Protocol

from r2vbatch.media.files import digest, opened
from r2vbatch.media.model import FileFacts


class FactsCache(Protocol):
    """Where facts are remembered between runs. A changed size or time is another file."""

    def get(self, path: Path, size: int, mtime_ns: int) -> FileFacts | None: ...

    def put(self, path: Path, size: int, mtime_ns: int, facts: FileFacts) -> None: ...


def facts_of(files: Iterable[Path], cache: FactsCache | None = None) -> dict[Path, FileFacts]:
    """The facts of each file, once. One that is missing or may not be read is left out."""
    found: dict[Path, FileFacts] = {}
    for path in dict.fromkeys(files):
        try:
            stat = path.stat()
            key = (path, stat.st_size, stat.st_mtime_ns)
            known = cache.get(*key) if cache else None
            found[path] = known or facts(path)
        except OSError:
            continue
        if cache and not known:
            cache.put(*key, found[path])
    return found


def facts(path: Path) -> FileFacts:
    """The facts of one file. Raises OSError only where it cannot be read at all."""
    sha256, size = digest(path)
    picture = _picture(path)
    if picture:
        return FileFacts(sha256, size, "image", None, *picture)
    video = _video(path)
    if video:
        return FileFacts(sha256, size, "video", *video)
    return FileFacts(sha256, size, None, None, None, None)


def _picture(path: Path) -> tuple[int, int] | None:
    """Width and height of an image; None if it is none. Reads no more than its head."""
    from PIL import Image

    try:
        with warnings.catch_warnings():
            # only the size is read here; nothing so large is ever unpacked
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                return image.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def _video(path: Path) -> tuple[Decimal | None, int, int] | None:
    """Length, width and height of a video; None if it is none."""
    import av

    try:
        with opened(path) as container:
            stream = next((s for s in container.streams.video if s.codec_context), None)
            if stream is None or not stream.width:  # a name alone may look like a film's
                return None
            length = Fraction(container.duration, 1_000_000) if container.duration else None
            if length is None and stream.duration and stream.time_base:
                length = stream.duration * stream.time_base
            return _decimal(length), stream.width, stream.height
    except (av.FFmpegError, ValueError):
        return None


def _decimal(seconds: Fraction | None) -> Decimal | None:
    if seconds is None:
        return None
    return (Decimal(seconds.numerator) / seconds.denominator).quantize(Decimal("0.001"))
