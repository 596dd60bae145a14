"""A line along the foot that fills as time passes; cuts are marked on it."""

from __future__ import annotations

from collections.abc import Sequence

from r2vbatch.emulator.slate.composition import Frame
from r2vbatch.emulator.slate.planes import Planes, colour


class Progress:
    """The line, to be painted at each frame."""

    def __init__(self, frame: Frame, frames: int, cuts: Sequence[int]) -> None:
        self._frame, self._frames, self._cuts = frame, frames, cuts
        self._high = frame.px(6)
        self._empty, self._full = colour((58, 62, 70)), colour((235, 237, 241))
        self._cut = colour((9, 11, 14))

    def onto(self, canvas: Planes, frame: int) -> None:
        """Paint it at this frame."""
        wide, low = self._frame.width, self._frame.height
        done = wide * (frame + 1) // self._frames & ~1
        canvas.fill((0, low - self._high, wide, low), self._empty)
        canvas.fill((0, low - self._high, done, low), self._full)
        for cut in self._cuts:
            x = wide * cut // self._frames & ~1
            canvas.fill((x - 2, low - self._high, x + 2, low), self._cut)
