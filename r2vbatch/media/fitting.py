"""Makes a conforming copy of a reference by its recipe. The original is only read.

A copy appears whole or not at all, under a name that says what it shows, and is made once. What
to make is decided elsewhere: this room knows recipes and no limits.
"""

from __future__ import annotations

import errno
import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

from r2vbatch.media.files import digest, picture, unwarned
from r2vbatch.media.recipes import Recipe
from r2vbatch.media.transcoding import transcode

if TYPE_CHECKING:
    from PIL import Image

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_QUALITIES = (95, 90, 85, 75, 60, 40)
"""Of a JPEG, until it is small enough."""


def fit(original: Path, recipe: Recipe, target: Path) -> str:
    """Make the copy at `target` unless it is there; a sentence where the original cannot be
    copied, else an empty text. Raises OSError where the copy cannot be written."""
    if target.is_file() and not target.is_symlink():  # a link in a borrowed folder leads anywhere
        return ""
    import av

    if digest(original)[0] != recipe.original:
        return "it has changed since it was planned; run again"
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(f"{target.suffix}.{os.getpid()}.part")
    try:
        if recipe.kind == "image":
            problem = _picture(original, recipe, part)
        else:
            problem = transcode(original, recipe, part)
        if not problem:
            _publish(part, target)
        return problem
    except (av.FFmpegError, ValueError) as error:
        code = getattr(error, "errno", None)
        if code in _FULL:  # of the copy, not of the original
            raise OSError(code, os.strerror(code)) from None
        return f"it does not decode: {(getattr(error, 'strerror', '') or str(error)).lower()}"
    finally:
        part.unlink(missing_ok=True)


def _publish(part: Path, target: Path) -> None:
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(target)


def _picture(original: Path, recipe: Recipe, part: Path) -> str:
    from PIL import ImageOps

    try:
        with unwarned, picture(original) as image:
            upright = _flat(_plain_colours(ImageOps.exif_transpose(image)))
    except Exception as error:  # a crafted file makes a parser raise anything
        return f"it does not decode: {error}"
    made = _sized(upright, recipe)
    for quality in _QUALITIES:
        content = io.BytesIO()
        made.save(content, "JPEG", quality=quality, subsampling=0)
        if content.tell() <= recipe.bytes:
            part.write_bytes(content.getvalue())
            return ""
    return f"no JPEG of it has less than {recipe.bytes} bytes"


def _sized(image: Image.Image, recipe: Recipe) -> Image.Image:
    from PIL import Image

    size = recipe.width, recipe.height
    inside = image.resize(recipe.inside or size, Image.Resampling.LANCZOS)
    if recipe.inside is None:
        return inside
    made = Image.new("RGB", size, "white")
    made.paste(inside, ((size[0] - inside.width) // 2, (size[1] - inside.height) // 2))
    return made


def _plain_colours(image: Image.Image) -> Image.Image:
    """The colours of a phone's or a printer's picture as those that all screens show: a copy says
    nothing of its colours, and would look pale, or glare."""
    from PIL import ImageCms

    profile = image.info.get("icc_profile")
    if not profile or image.mode not in {"RGB", "CMYK"}:
        return image
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        plain = ImageCms.profileToProfile(
            image, own, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError, ValueError):  # a profile that is none
        return image
    return plain or image


def _flat(image: Image.Image) -> Image.Image:
    """Eight bits of red, green and blue; what can be seen through stands on white."""
    from PIL import Image

    if image.mode.startswith("I;16") or image.mode == "I":  # 16 bits, which convert would clip
        image = image.point(lambda value: value / 256).convert("L")
    if not image.has_transparency_data:
        return image.convert("RGB")
    image = image.convert("RGBA")
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image).convert("RGB")
