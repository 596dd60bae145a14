"""What is measured of a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from r2vbatch.media.files import picture, pictures, unwarned
from r2vbatch.media.model import FileFacts

if TYPE_CHECKING:
    from PIL import Image

_SAME = {"MPO": "JPEG", "HEIF": "HEIC"}
"""An MPO is several JPEGs in one file, as phones make them."""
_MOVING = frozenset({"GIF", "WEBP", "PNG", "AVIF"})
"""Pictures that may be several, one after another."""
_ORIENTATION = 0x0112
"""The EXIF tag that says how a camera was held."""
_TURNS = {2: "flip", 3: "flip", 4: "flip", 5: "side", 6: "side", 7: "side", 8: "side"}
"""By its value: whether the picture is stored on its side, or only the other way round."""
_MOST_DECODED = 8192 * 8192
"""Pixels; a larger picture is measured by its head alone."""


def still(file: BinaryIO, sha256: str, size: int) -> FileFacts | None:
    """The facts of an image; None if it is none."""
    try:
        with unwarned, measurable(file) as image:
            form = _SAME.get(image.format or "", image.format or "")
            alpha = image.has_transparency_data
            turn = _TURNS.get(image.getexif().get(_ORIENTATION, 1))
            shape = image.size[::-1] if turn == "side" else image.size
            found = {
                "turned": turn is not None,
                "moving": form in _MOVING and getattr(image, "is_animated", False),
                "CMYK": image.mode == "CMYK",
                "broken": _is_broken(image),
            }
            traits = tuple(word for word, is_so in found.items() if is_so)
            return FileFacts(sha256, size, "image", None, *shape, form, alpha, traits)
    except Exception:  # a crafted file makes a parser raise anything, MemoryError included
        return None


def _is_broken(image: Image.Image) -> bool:
    """Whether it does not decode to its last row."""
    if image.width * image.height > _MOST_DECODED:
        return False
    image.draft("L", (1, 1))  # a JPEG is read as fast as it can be
    try:
        image.load()
    except Exception:  # of as many kinds as there are formats
        return True
    return False


def measurable(file: BinaryIO) -> Image.Image:
    """The picture in `file`, not decoded, however large it is."""
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
