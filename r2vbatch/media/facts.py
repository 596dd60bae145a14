"""What a reference file is: image, video or sound, how large, how long."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable
from contextlib import suppress
from decimal import Decimal
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

from r2vbatch.media.files import digest, opened, picture, pictures
from r2vbatch.media.model import FileFacts
from r2vbatch.media.shooting import traits

if TYPE_CHECKING:
    import av.container
    from av.video.stream import VideoStream
    from PIL import Image

_SAME = {"MPO": "JPEG", "HEIF": "HEIC"}
"""An MPO is several JPEGs in one file, as phones make them."""
_BRANDS = {"qt": "MOV", "heic": "HEIC", "heix": "HEIC", "mif1": "HEIC", "avif": "AVIF"}
_STILLS = frozenset({"HEIC", "AVIF"})
"""Pictures in the container of films. Where no picture could be read, its streams are pieces of
one, and tell no size."""
_SOUNDS = frozenset({"WAV", "MP3"})
_ORIENTATION = 0x0112
"""The EXIF tag that says how a camera was held."""
_TURNS = {2: "flip", 3: "flip", 4: "flip", 5: "side", 6: "side", 7: "side", 8: "side"}
"""By its value: whether the picture is stored on its side, or only the other way round."""
_PACKETS = 32
"""Of a film's head, that are looked into for its first frame."""
_MOST_DECODED = 8192 * 8192
"""Pixels of a frame; a larger one would fill the memory only to be measured."""


class FactsCache(Protocol):
    """Where facts are remembered between runs. A changed size or time is another file."""

    def get(self, path: Path, size: int, mtime_ns: int) -> FileFacts | None: ...

    def put(self, path: Path, size: int, mtime_ns: int, facts: FileFacts) -> None: ...


def facts_of(files: Iterable[Path], cache: FactsCache | None = None) -> dict[Path, FileFacts]:
    """The facts of each file, once. One that is missing, is no file or may not
    be read is left out."""
    found: dict[Path, FileFacts] = {}
    for path in filter(Path.is_file, dict.fromkeys(files)):  # to open a pipe waits for its writer
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


def looks_of(files: Iterable[Path]) -> dict[Path, FileFacts]:
    """What can be told of each file without reading all of it: its hash is left empty."""
    found = {}
    for path in filter(Path.is_file, dict.fromkeys(files)):
        with suppress(OSError), path.open("rb") as file:  # one that may not be read is left out
            found[path] = _look(path, "", file.seek(0, os.SEEK_END))
    return found


def facts(path: Path) -> FileFacts:
    """The facts of one file. Raises OSError only where it cannot be read at all."""
    return _look(path, *digest(path))


def _look(path: Path, sha256: str, size: int) -> FileFacts:
    return _picture(path, sha256, size) or _video(path, sha256, size) or nothing(sha256, size)


def nothing(sha256: str, size: int) -> FileFacts:
    """The facts of a file that is none of these."""
    return FileFacts(sha256, size, None, None, None, None)


def _picture(path: Path, sha256: str, size: int) -> FileFacts | None:
    """The facts of an image; None if it is none. Reads no more than its head."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of damaged tags, and of sizes: nothing is unpacked
            with path.open("rb") as file, _head(file) as image:
                form = _SAME.get(image.format or "", image.format or "")
                alpha = image.has_transparency_data
                turn = _TURNS.get(image.getexif().get(_ORIENTATION, 1))
                shape = image.size[::-1] if turn == "side" else image.size
                found = {"turned": turn is not None, "CMYK": image.mode == "CMYK"}
                traits = tuple(word for word, is_so in found.items() if is_so)
                return FileFacts(sha256, size, "image", None, *shape, form, alpha, traits)
    except Exception:  # a crafted file makes a parser raise anything, MemoryError included
        return None


def _head(file: BinaryIO) -> Image.Image:
    """The picture in `file`, not decoded."""
    from PIL import Image

    try:
        return picture(file)
    except Image.DecompressionBombError:  # Pillow will not name the size; the format's reader does
        file.seek(0)
        start = file.read(16)
        readers = [Image.OPEN[form] for form in pictures() if form in Image.OPEN]
        reader = next(read for read, accept in readers if accept and accept(start))
        file.seek(0)
        return reader(file, "")


def _video(path: Path, sha256: str, size: int) -> FileFacts | None:
    """The facts of a video or a recording; None if it is neither."""
    import av

    try:
        with opened(path) as container:
            form = _form(container)
            length = Fraction(container.duration, 1_000_000) if container.duration else None
            stream = next((s for s in container.streams.video if s.codec_context), None)
            if form in _SOUNDS or stream is None:  # an MP3 may hold a picture of its cover
                return _recording(container, form, length, sha256, size)
            if not stream.width:  # a name alone may look like a film's
                return None
            if length is None and stream.duration and stream.time_base:
                length = stream.duration * stream.time_base
            shape = stream.width, stream.height
            if form in _STILLS:
                return FileFacts(sha256, size, "image", None, None, None, form)
            turn = _turn(container, stream)
            shape = shape[::-1] if turn % 180 else shape
            words = traits(container, stream, turn)
            return FileFacts(sha256, size, "video", _decimal(length), *shape, form, traits=words)
    except (av.FFmpegError, ValueError):
        return None


def _recording(
    container: av.container.InputContainer,
    form: str,
    length: Fraction | None,
    sha256: str,
    size: int,
) -> FileFacts | None:
    """The facts of a file with sound alone; None where it has none."""
    if not any(stream.rate for stream in container.streams.audio):
        return None
    return FileFacts(sha256, size, "audio", _decimal(length), None, None, form)


def _turn(container: av.container.InputContainer, stream: VideoStream) -> int:
    """Degrees by which the picture is to be turned to the left; 0 where none can be decoded."""
    import av

    if stream.width * stream.height > _MOST_DECODED:
        return 0
    stream.codec_context.thread_count = 1  # several would want more packets before the first frame
    try:
        packets = islice(container.demux(stream), _PACKETS)
        frames = (frame for packet in packets for frame in packet.decode())
        return next((frame.rotation % 360 for frame in frames), 0)
    except (av.FFmpegError, ValueError):
        return 0


def _form(container: av.container.InputContainer) -> str:
    """What a film's file is, in the words of its users."""
    names = container.format.name.split(",")
    if "mp4" not in names:
        return names[0].upper()
    brand = container.metadata.get("major_brand", "").strip().lower()
    return _BRANDS.get(brand, "3GP" if brand.startswith("3g") else "MP4")


def _decimal(seconds: Fraction | None) -> Decimal | None:
    if seconds is None:
        return None
    return (Decimal(seconds.numerator) / seconds.denominator).quantize(Decimal("0.001"))
