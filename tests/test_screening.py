"""What is seen in a clip: black, standing still, cut, silent. On pictures, and on real files."""

from __future__ import annotations

from pathlib import Path

import av
import pytest
from PIL import Image, ImageChops, ImageDraw

from r2vbatch import datafiles, media
from r2vbatch.media import Expected
from r2vbatch.media.screening import SIDE, screened
from r2vbatch.planning.timing import cuts_asked

BUNNY = datafiles.folder("manifests") / "refs" / "bunny.mp4"
FPS = 30


def room(seed: int) -> Image.Image:
    """A picture with things in it, other ones for each seed; wider than a frame."""
    image = Image.new("L", (SIDE * 4, SIDE), 60 + 40 * seed)
    draw = ImageDraw.Draw(image)
    for n in range(40):
        x, y = (n * 37 + seed * 53) % (SIDE * 4), (n * 23 + seed * 31) % SIDE
        draw.rectangle((x, y, x + 9, y + 11), fill=(n * 67 + seed * 101) % 256)
    return image


def pan(seed: int, frames: int, speed: float = 0.4) -> list[Image.Image]:
    """A camera that moves over a room."""
    steps = [round(n * speed, 2) for n in range(frames)]
    whole = room(seed)
    return [
        whole.transform((SIDE, SIDE), Image.Transform.AFFINE, (1, 0, x, 0, 1, 0), 2) for x in steps
    ]


def fade(one: Image.Image, other: Image.Image, frames: int) -> list[Image.Image]:
    """One picture that turns into another."""
    return [Image.blend(one, other, n / (frames - 1)) for n in range(frames)]


def brighter(image: Image.Image, levels: int) -> Image.Image:
    return ImageChops.add(image, Image.new("L", image.size, levels))


A, B, C = pan(1, 60), pan(2, 60), pan(3, 60)
DARK = Image.new("L", (SIDE, SIDE), 17)
STILL = [A[-1]] * 40
SEEN: dict[str, tuple[list[Image.Image], set[str], tuple[float, ...]]] = {
    "a pan": (A, set(), ()),
    "a fast pan": (pan(1, 30, 4.0), set(), ()),
    "a cut": (A + B, set(), (2.0,)),
    "two cuts": (A + B + C, set(), (2.0, 4.0)),
    "a cut near another": (A + B[:5] + C, set(), (2.0, 2.167)),
    "a dissolve": (A + fade(A[-1], B[0], 15) + B, set(), ()),
    "a short dissolve": (A + fade(A[-1], B[0], 6) + B, set(), ()),
    "a flash": ([*A[:30], brighter(A[30], 120), *A[31:]], set(), ()),
    "a flash of two frames": (A[:30] + [brighter(f, 99) for f in A[30:32]] + A[32:], set(), ()),
    "standing for a second": (A + STILL, {"frozen"}, ()),
    "standing for a moment": (A + STILL[:20] + B, set(), (2.667,)),
    "standing but for a mouth": (
        [ImageChops.offset(A[0], n % 2) if n % 9 == 0 else A[0] for n in range(60)],
        set(),
        (),
    ),
    "noise over a still": ([brighter(A[0], n % 3) for n in range(60)], {"frozen"}, ()),
    "a slow drift": (pan(1, 60, 0.06), set(), ()),
    "black for a second": (A + [DARK] * 30 + B, {"black"}, None),
    "a fade out": (A + fade(A[-1], DARK, 20) + [DARK] * 8, set(), ()),
    "a dark picture": ([f.point(lambda v: 30 + v // 8) for f in A], set(), ()),
    "no picture": ([], set(), ()),
    "one picture": ([A[0]], set(), ()),
}  # fmt: skip


@pytest.mark.parametrize("name", SEEN)
def test_what_is_seen(name: str) -> None:
    """Each of these looks to the program as it does to a person."""
    pictures, flags, cuts = SEEN[name]
    found = screened(pictures, FPS, 1.0)
    assert set(found.flags(cuts=None, sound=True)) == flags
    assert cuts is None or found.cuts == cuts


@pytest.mark.parametrize(
    ("shot_type", "prompt", "cuts"),
    [
        ("single", "A walk.", 0),
        ("single", "Shot 1 [0-2s] a walk. Shot 2 [2-5s] a run.", 0),
        ("multi", "A walk, and a run.", None),
        ("multi", "Shot 1 [0-2s] a walk. Shot 2 [2-5s] a run.", 1),
        ("multi", "第1个镜头[0-1秒]走。第2个镜头[1-2秒]跑。第3个镜头[2-5秒]停。", 2),
        (None, "Shot 1 [0-2s] a walk. Shot 2 [2-5s] a run.", 1),
        (None, "A walk.", None),
    ],
)
def test_cuts_asked_for(shot_type: str | None, prompt: str, cuts: int | None) -> None:
    """None in a single shot, one fewer than there are ranges, and else the model's choice."""
    assert cuts_asked(shot_type, prompt) == cuts


@pytest.mark.parametrize(("asked", "flagged"), [(None, False), (1, False), (0, True), (2, True)])
def test_cuts_are_held_against_what_was_asked(asked: int | None, flagged: bool) -> None:
    """Fewer than asked for are said as well as more."""
    found = screened(A + B, FPS, 1.0)
    assert ("cuts" in set(found.flags(cuts=asked, sound=True))) == flagged


def film(path: Path, pictures: list[Image.Image], level: float | None) -> Path:
    """An MP4 of these pictures, with a tone of that level, or without sound."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=FPS, options={"preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = 320, 192, "yuv420p"
        audio = None if level is None else container.add_stream("aac", rate=48000, layout="mono")
        for picture in pictures:
            image = picture.resize((320, 192)).convert("RGB")
            container.mux(video.encode(av.VideoFrame.from_image(image)))
        container.mux(video.encode())
        if audio is not None:
            seconds, wave = len(pictures) / FPS, [round(32767 * level)] * 240 + [0] * 240
            samples = b"".join(v.to_bytes(2, "little", signed=True) for v in wave)
            for start in range(0, int(seconds * 48000), 480):
                frame = av.AudioFrame(format="s16", layout="mono", samples=480)
                frame.planes[0].update(samples)
                frame.sample_rate, frame.pts = 48000, start
                container.mux(audio.encode(frame))
            container.mux(audio.encode())
    return path


@pytest.mark.parametrize(
    ("pictures", "level", "flags"),
    [
        (A, 0.05, ()),
        (A + B, 0.05, ("cuts",)),
        (A, 0.0, ("silent",)),
        (A, None, ("no-sound",)),
        (A + STILL, 0.002, ("frozen",)),
        (A[:20] + [DARK] * 40, 0.05, ("black", "cuts")),
    ],
    ids=["good", "cut", "silent", "no sound", "frozen", "black"],
)
def test_what_is_seen_in_a_file(
    tmp_path: Path, pictures: list[Image.Image], level: float | None, flags: tuple[str, ...]
) -> None:
    """Encoded and decoded again it looks the same, and it is still a whole clip."""
    clip = film(tmp_path / "clip.mp4", pictures, level)
    verdict = media.verify(clip, Expected(None, None, None, audio=True, cuts=0))
    assert (verdict.ok, verdict.flags) == (True, flags)


def test_a_film_that_moves_is_left_alone() -> None:
    """Real pictures with real sound have no flag."""
    assert media.verify(BUNNY, Expected(1280, 720, None, audio=True, cuts=0)).flags == ("rate",)
