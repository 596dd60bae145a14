"""Verifying, hashing and picturing clips, off the event loop."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from r2vbatch import media
from r2vbatch.batch.crew import Crew
from r2vbatch.planning.model import Expected


@dataclass(frozen=True, slots=True)
class Finisher:
    """Finishes clips by the hands of a crew."""

    crew: Crew

    async def finish(self, clip: Path, poster: Path, expected: Expected) -> media.Finished:
        """Verify the file, hash it and make its poster. See `media.finish`."""
        return await self.crew.run(media.finish, clip, poster, expected)
