"""What drawing slates and finishing clips costs, in seconds of one core."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from r2vbatch import datafiles, media
from r2vbatch.emulator.slate.model import Picture, Slate
from r2vbatch.emulator.slate.render import render
from tests.benchmarks.table import Row

REFS = datafiles.folder("manifests") / "refs"
SECONDS = 5


def slates(folder: Path) -> Iterator[Row]:
    """Drawn in this process by one thread: CPU seconds are seconds of one core."""
    folder.mkdir(parents=True)
    still = _slate("still", "astronaut.png", "chelsea.png")
    lying = _cpu(lambda: render(still, folder / "a.mp4"))
    upright = _cpu(lambda: render(replace(still, width=720, height=1280), folder / "a.mp4"))
    video = _cpu(lambda: render(_slate("video", "bunny.mp4", "chelsea.png"), folder / "b.mp4"))
    yield Row(
        f"slates of {SECONDS} s, 720p, with sound, one core",
        "stills >= 5 x real time, video >= 2 x",
        f"stills {SECONDS / lying:.1f} x, upright {SECONDS / upright:.1f} x, "
        f"video {SECONDS / video:.1f} x",
        SECONDS / max(lying, upright) >= 5 and SECONDS / video >= 2,
    )


def finishing(folder: Path) -> Iterator[Row]:
    """Of a clip that moves all over, as generated ones do."""
    folder.mkdir(parents=True)
    clip = folder / "clip.mp4"
    render(_slate("video", "bunny.mp4"), clip)
    asked = media.Expected(width=1280, height=720, duration=SECONDS, audio=True)
    done: list[media.Finished] = []
    used = _cpu(lambda: done.append(media.finish(clip, folder / "poster.jpg", asked)))
    assert all(one.verdict.ok and one.poster for one in done)
    yield Row(
        f"verify + poster + hash of a {SECONDS} s 720p clip, off the loop",
        "<= 0.5 CPU-s",
        f"{used:.2f} CPU-s ({clip.stat().st_size / 10**6:.1f} MB)",
        used <= 0.5,
    )


def _cpu(call: Callable[[], object]) -> float:
    """CPU seconds of the best of three calls, after one that imports and warms up."""
    call()
    used = []
    for _ in range(3):
        began = time.process_time()
        call()
        used.append(time.process_time() - began)
    return min(used)


def _slate(shot: str, *files: str) -> Slate:
    names = [Path(file).stem for file in files]
    speech = " and ".join(f"character{number}" for number in range(1, len(files) + 1))
    return Slate(
        shot=shot,
        take=1,
        model="wan2.6-r2v-flash",
        prompt=f'{speech} sit by the window in soft morning light. character1 says: "No launch."',
        width=1280,
        height=720,
        seconds=SECONDS,
        audio=True,
        watermark=False,
        seed=7,
        pictures=tuple(
            Picture(
                token=f"character{number}",
                name=name,
                kind="video" if file.endswith(".mp4") else "image",
                file=REFS / file,
                content=file,
            )
            for number, (name, file) in enumerate(zip(names, files, strict=True), 1)
        ),
    )
