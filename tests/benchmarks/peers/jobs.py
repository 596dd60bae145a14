"""What both peers share: the takes to make, as ``r2vbatch plan --requests`` prints them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple


class Job(NamedTuple):
    """One clip to make."""

    request: dict[str, Any]
    clip: Path


def left(jobs: Path, clips: Path) -> list[Job]:
    """The takes listed in `jobs` whose clip is not there yet."""
    clips.mkdir(parents=True, exist_ok=True)
    lines = map(json.loads, jobs.read_text("utf-8").splitlines())
    found = [Job(line["request"], clips / f"{line['take']}.mp4") for line in lines]
    return [job for job in found if not job.clip.exists()]
