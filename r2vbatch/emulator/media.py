"""What a reference file is, and whether the service would take it.

Opens files with Pillow and PyAV; call it off the event loop. The limits are the newer, looser
ones where the documentation's editions disagree.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Literal

from r2vbatch.emulator.ask import Ask, Reference
from r2vbatch.emulator.refusals import Refusal

IMAGE_FORMATS = ("JPEG", "MPO", "PNG", "BMP", "WEBP")
IMAGE_BYTES = 20 * 2**20
VIDEO_BYTES = 100 * 2**20
IMAGE_SIDE = (240, 8000)
VIDEO_SIDE_27 = (240, 4096)
VIDEO_SECONDS = (Decimal(1), Decimal(30))
WIDEST_27 = 8


@dataclass(frozen=True, slots=True)
class Medium:
    """A reference file that could be opened."""

    path: Path
    sha256: str
    bytes: int
    kind: Literal["image", "video"]
    width: int
    height: int
    seconds: Decimal | None
    """Length of a video."""


def inspect(path: Path) -> Medium:
    """Open a file and measure it.

    Raises:
        Refusal: it is no image or video that the service knows.
    """
    image = _image_size(path)
    kind: Literal["image", "video"] = "image" if image else "video"
    width, height, seconds = (*image, None) if image else _video_size(path)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Medium(path, digest, path.stat().st_size, kind, width, height, seconds)


def _image_size(path: Path) -> tuple[int, int] | None:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            if image.format not in IMAGE_FORMATS:
                raise Refusal.of("InvalidImage.FileFormat")
            return image.size
    except UnidentifiedImageError:
        return None
    except (OSError, ValueError, Image.DecompressionBombError) as problem:
        raise Refusal.of("InvalidImage.FileFormat") from problem


def _video_size(path: Path) -> tuple[int, int, Decimal | None]:
    import av

    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise Refusal.of("InvalidFile.Format")
            if not {"mp4", "mov"} & set(container.format.name.split(",")):
                raise Refusal.of("InvalidFile.Format")
            stream = container.streams.video[0]
            length = container.duration
            seconds = Decimal(length) / 1_000_000 if length else None
            return stream.width, stream.height, seconds
    except (av.FFmpegError, ValueError) as problem:
        raise Refusal.of("InvalidFile.Openerror") from problem


def check(ask: Ask, media: Sequence[Medium | None]) -> Refusal | None:
    """Why the service would fail this task for its references, which come in order; None in
    their list is one that could not be had."""
    for reference, medium in zip(ask.references, media, strict=True):
        refused = medium and (_wrong_kind(reference, medium) or _outside(ask, medium))
        if refused:
            return refused
    videos = sum(m is not None and m.kind == "video" for m in media)
    if not ask.separate_numbers and videos > 3:
        return Refusal.of("InvalidParameter", "reference_urls must hold 0 to 3 videos")
    return None


def _wrong_kind(reference: Reference, medium: Medium) -> Refusal | None:
    wanted = {"reference_video": "video", "reference_image": "image", "first_frame": "image"}
    if wanted.get(reference.role, medium.kind) == medium.kind:
        return None
    return Refusal.of("InvalidFile.Format", f"{reference.role} is no {wanted[reference.role]}")


def _outside(ask: Ask, medium: Medium) -> Refusal | None:
    low, high = sorted((medium.width, medium.height))
    if ask.separate_numbers and high > low * WIDEST_27:
        return Refusal.of("InvalidFile.AspectRatio")
    if medium.kind == "image":
        if medium.bytes > IMAGE_BYTES:
            return Refusal.of("InvalidFile.Size")
        if low < IMAGE_SIDE[0] or high > IMAGE_SIDE[1]:
            return Refusal.of("InvalidImageResolution")
        return None
    if medium.bytes > VIDEO_BYTES:
        return Refusal.of("InvalidFile.Size")
    shortest, longest = VIDEO_SECONDS
    # a container's length is often some hundredths off the last frame's end
    if medium.seconds is None or not shortest <= round(medium.seconds, 1) <= longest:
        return Refusal.of("InvalidFile.Duration")
    if ask.separate_numbers and (low < VIDEO_SIDE_27[0] or high > VIDEO_SIDE_27[1]):
        return Refusal.of("InvalidFile.Resolution")
    return None
