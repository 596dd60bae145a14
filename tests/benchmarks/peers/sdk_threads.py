"""The vendor's SDK, as its documentation shows it, one call a thread.

The SDK asks at once and after 1 s, and from there ever more seldom, at least every 5 s. It
reaches the emulator by DASHSCOPE_HTTP_BASE_URL. Of what may fail, one thing is tried again here:
a submit refused for its rate, of which nothing came.
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import requests
from dashscope import VideoSynthesis
from dashscope.api_entities.dashscope_response import VideoSynthesisResponse
from dashscope.common.error import InvalidTask

from tests.benchmarks.peers.jobs import Job, left


def generated(body: dict[str, Any]) -> VideoSynthesisResponse:
    """One call of the SDK: it submits and waits."""
    while True:
        try:
            return VideoSynthesis.call(body["model"], **body["input"], **body["parameters"])
        except InvalidTask as refused:
            if '"status_code": 429' not in str(refused):
                raise
        time.sleep(1.0)


def make(job: Job) -> None:
    """Submit, wait, download."""
    try:
        answer = generated(job.request)
        video = requests.get(answer.output.video_url, timeout=60)
        video.raise_for_status()
    except Exception as problem:  # one clip less, and on with the others
        print(f"{job.clip.stem}: {problem}", file=sys.stderr)
        return
    part = job.clip.with_suffix(".part")
    part.write_bytes(video.content)
    part.rename(job.clip)


def main(jobs: str, clips: str, threads: str) -> None:
    """Make what is left."""
    with ThreadPoolExecutor(int(threads)) as pool:
        list(pool.map(make, left(Path(jobs), Path(clips))))


if __name__ == "__main__":
    main(*sys.argv[1:])
