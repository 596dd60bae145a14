"""What a reference file is, and whether the service would take it.

Opens files with Pillow and PyAV; call it off the event loop. Where the documentation's editions
disagree about a limit of 2.6, `Options.reference_limits` chooses; of 2.7 there is one edition.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Literal

from r2vbatch.emulator.ask import Ask, Reference
from r2vbatch.emulator.options import Options
from r2vbatch.emulator.refusals import Refusal
from r2vbatch.media.files import opened, picture

IMAGE_FORMATS = ("JPEG", "MPO", "PNG", "BMP", "WEBP")
IMAGE_BYTES = 20 * 2**20
VIDEO_BYTES = 100 * 2**20
LONGEST_VIDEO = Decimal(30)
MOST_VIDEOS_26 = 3


@dataclass(frozen=True, slots=True)
class Limits:
    """What is taken, as far as models and editions differ. Sides in pixels."""

    image_bytes: int
    image_side: tuple[int, int]
    shortest_video: Decimal
    video_side: tuple[int, int] | None
    widest: int | None
    """How many times as long as the other a side may be; None: any."""


LIMITS_26 = {
    "newer": Limits(IMAGE_BYTES, (240, 8000), Decimal(1), None, None),
    "strict": Limits(10 * 2**20, (240, 5000), Decimal(2), None, 8),
}
LIMITS_27 = Limits(IMAGE_BYTES, (240, 8000), Decimal(1), (240, 4096), 8)
SHORTEST_OLD_FIELD = Decimal(2)
"""Of a video in the deprecated reference_video_urls."""


@dataclass(frozen=True, slots=True)
class Medium:
    """A reference file that could be opened."""

    path: Path
    sha256: str
    bytes: int
    kind: Literal["image", "video"]
    form: str
    """The container, as Pillow and PyAV call it: ``PNG``, ``mov,mp4,m4a,3gp,3g2,mj2``."""
    width: int
    height: int
    seconds: Decimal | None
    """Length of a video."""
    see_through: bool = False
    """A PNG with an alpha channel."""


def inspect(path: Path) -> Medium:
    """Open a file and measure it.

    Raises:
        Refusal: it is no image or video that the service knows.
    """
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    size = path.stat().st_size
    return _image(path, digest, size) or _video(path, digest, size)


def _image(path: Path, digest: str, size: int) -> Medium | None:
    from PIL import UnidentifiedImageError

    try:
        with picture(path) as image:
            if image.format not in IMAGE_FORMATS:
                raise Refusal.of("InvalidImage.FileFormat")
            clear = image.format == "PNG" and image.has_transparency_data
            return Medium(path, digest, size, "image", image.format, *image.size, None, clear)
    except UnidentifiedImageError:
        return None
    except Refusal:
        raise
    except Exception as problem:  # a crafted file makes a reader raise anything
        raise Refusal.of("InvalidImage.FileFormat") from problem


def _video(path: Path, digest: str, size: int) -> Medium:
    import av

    try:
        with opened(path) as container:
            form = container.format.name
            if not container.streams.video or not {"mp4", "mov"} & set(form.split(",")):
                raise Refusal.of("InvalidFile.Format")
            stream = container.streams.video[0]
            seconds = Decimal(container.duration) / 1_000_000 if container.duration else None
            return Medium(path, digest, size, "video", form, stream.width, stream.height, seconds)
    except (av.FFmpegError, ValueError) as problem:
        raise Refusal.of("InvalidFile.Openerror") from problem


def check(ask: Ask, media: Sequence[Medium | None], options: Options) -> Refusal | None:
    """Why the service would fail this task for its references, which come in order; None in
    their list is one that could not be had."""
    for reference, medium in zip(ask.references, media, strict=True):
        refused = medium and _refused(ask, reference, medium, options)
        if refused:
            return refused
    videos = sum(m is not None and m.kind == "video" for m in media)
    if not ask.separate_numbers and videos > MOST_VIDEOS_26 and options.fourth_video == "fail":
        return Refusal.of("InvalidParameter", "reference_urls must hold 0 to 3 videos")
    return None


def _refused(ask: Ask, reference: Reference, medium: Medium, options: Options) -> Refusal | None:
    if refused := _wrong_kind(reference, medium, options):
        return refused
    if not ask.documented:
        return None
    limits = LIMITS_27 if ask.separate_numbers else LIMITS_26[options.reference_limits]
    low, high = sorted((medium.width, medium.height))
    if limits.widest and high > low * limits.widest:
        return Refusal.of("InvalidFile.AspectRatio")
    if medium.kind == "image":
        if medium.see_through and options.alpha == "fail":
            return Refusal.of("InvalidImage.FileFormat", "A PNG must have no alpha channel.")
        return _image_outside(medium, limits)
    return _video_outside(ask, reference, medium, limits)


def _wrong_kind(reference: Reference, medium: Medium, options: Options) -> Refusal | None:
    wanted = {"reference_video": "video", "reference_image": "image", "first_frame": "image"}
    kind = "video" if options.videos_only else wanted.get(reference.role, medium.kind)
    if kind != medium.kind:
        return Refusal.of("InvalidFile.Format", f"{reference.role} is no {kind}")
    if options.wrong_extension == "fail" and not _well_named(reference, medium):
        return Refusal.of("InvalidFile.Format", "The file is not what its name says.")
    return None


def _well_named(reference: Reference, medium: Medium) -> bool:
    """Whether an upload's extension is one of its container's; other URLs may end as they like."""
    if not reference.url.startswith("oss://"):
        return True
    extension = reference.url.rpartition(".")[2].lower()
    forms = {"jpg": "jpeg", "mpo": "jpeg"}
    return forms.get(extension, extension) in (
        *medium.form.split(","),
        forms.get(medium.form.lower(), medium.form.lower()),
    )


def _image_outside(medium: Medium, limits: Limits) -> Refusal | None:
    if medium.bytes > limits.image_bytes:
        return Refusal.of("InvalidFile.Size")
    if not _between(limits.image_side, medium):
        return Refusal.of("InvalidImageResolution")
    return None


def _video_outside(
    ask: Ask, reference: Reference, medium: Medium, limits: Limits
) -> Refusal | None:
    if medium.bytes > VIDEO_BYTES:
        return Refusal.of("InvalidFile.Size")
    old_field = reference.role == "reference_video" and not ask.separate_numbers
    shortest = SHORTEST_OLD_FIELD if old_field else limits.shortest_video
    if medium.seconds is None or not shortest <= medium.seconds <= LONGEST_VIDEO:
        return Refusal.of("InvalidFile.Duration")
    if limits.video_side and not _between(limits.video_side, medium):
        return Refusal.of("InvalidFile.Resolution")
    return None


def _between(sides: tuple[int, int], medium: Medium) -> bool:
    low, high = sorted((medium.width, medium.height))
    return sides[0] <= low and high <= sides[1]
