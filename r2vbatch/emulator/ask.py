"""What a submit asks for, once its form was checked: the same for all models.

Only data, and the arithmetic of the bill: which seconds count, and which price tier. How each
model writes a request is the business of `checks`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Any, Literal

from r2vbatch.emulator.refusals import Refusal

Role = Literal["reference", "reference_image", "reference_video", "first_frame"]


@dataclass(frozen=True, slots=True)
class Reference:
    """One image or video given with the request, in order."""

    url: str
    role: Role
    """``reference`` (2.6) does not say whether it is an image or a video."""
    voice: str | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """A request whose form is right."""

    model: str
    prompt: str
    """Cut at the model's limit, as the service echoes it."""
    references: tuple[Reference, ...]
    width: int
    height: int
    tier: int
    """720 or 1080."""
    ratio: str | None
    """2.7 only; a 2.6 request names a size."""
    duration: int
    audio: bool
    watermark: bool
    seed: int | None
    shot_type: str = "single"
    documented: bool = True
    """Whether the model's published figures hold, such as limits of files."""
    later: Refusal | None = None
    """What will end the task as FAILED, known already."""

    @property
    def separate_numbers(self) -> bool:
        """Images and videos are numbered apart (2.7), not together (2.6)."""
        return self.ratio is not None


def input_cap(ask: Ask, videos: int) -> Decimal:
    """Seconds that each reference video counts for at most.

    2.6: 5 s shared by all references (1.65 for three, as its table says); 2.7: by the videos.
    """
    if ask.separate_numbers:
        return Decimal(5) / max(videos, 1)
    sharers = len(ask.references)
    return Decimal("1.65") if sharers == 3 else Decimal(5) / max(sharers, 1)


def usage(
    ask: Ask, video_seconds: Sequence[Decimal | None], *, whole: bool = False
) -> Mapping[str, Any]:
    """The `usage` object. `video_seconds`: the length of each reference video, None unknown
    (then it counts at its cap). `whole`: the input's seconds are rounded up."""
    cap = input_cap(ask, len(video_seconds))
    taken = sum((cap if s is None else min(s, cap) for s in video_seconds), Decimal(0))
    if whole:
        taken = taken.to_integral_value(ROUND_CEILING)
    given = _plain(taken)
    if ask.separate_numbers:
        return {
            "duration": _plain(taken + ask.duration),
            "input_video_duration": given,
            "output_video_duration": ask.duration,
            "video_count": 1,
            "SR": ask.tier,
            "ratio": ask.ratio,
        }
    return {
        "duration": float(taken + ask.duration),
        "size": f"{ask.width}*{ask.height}",
        "input_video_duration": given,
        "output_video_duration": ask.duration,
        "video_count": 1,
        "SR": ask.tier,
    }


def _plain(seconds: Decimal) -> int | float:
    """Rounded to centiseconds: an integer where it is one then, else a float."""
    seconds = round(seconds, 2)
    return int(seconds) if seconds == int(seconds) else float(seconds)
