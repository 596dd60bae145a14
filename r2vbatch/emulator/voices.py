"""What a reference voice is, and whether the service would take it.

Opens files with PyAV; call it off the event loop. Limits are those of the wan2.7-r2v page.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from r2vbatch.emulator.refusals import Refusal
from r2vbatch.media.files import opened

VOICE_BYTES = 15 * 2**20
SHORTEST, LONGEST = Decimal(1), Decimal(10)
FORMS = ("wav", "mp3")


@dataclass(frozen=True, slots=True)
class Voice:
    """A recording that the service takes."""

    path: Path
    sha256: str


def inspect_voice(path: Path) -> Voice:
    """Open a recording and measure it.

    Raises:
        Refusal: it is none, or outside the limits.
    """
    import av

    if path.stat().st_size > VOICE_BYTES:
        raise Refusal.of("InvalidFile.Size")
    try:
        with opened(path) as container:
            if container.format.name not in FORMS or not container.streams.audio:
                raise Refusal.of("InvalidFile.Format")
            seconds = Decimal(container.duration or 0) / 1_000_000
    except (av.FFmpegError, ValueError) as problem:
        raise Refusal.of("InvalidFile.Openerror") from problem
    if not SHORTEST <= seconds <= LONGEST:
        raise Refusal.of("InvalidFile.Duration")
    with path.open("rb") as file:
        return Voice(path, hashlib.file_digest(file, "sha256").hexdigest())
