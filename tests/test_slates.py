"""Slates as they are drawn: measured on their frames and heard in their sound."""

from __future__ import annotations

import cmath
import io
import math
import struct
import zlib
from fractions import Fraction
from itertools import pairwise

import av
import pytest
from PIL import Image

from r2vbatch import media
from r2vbatch.emulator.models import SIZES
from r2vbatch.emulator.slate.composition import Frame, places
from r2vbatch.emulator.slate.model import Picture, Slate
from r2vbatch.emulator.slate.render import drawn, render
from r2vbatch.emulator.slate.words import scenes

CAST = (
    Picture("character1", "ellen", "missing", None, "https://media.invalid/ellen.png"),
    Picture("character2", "chelsea", "missing", None, "https://media.invalid/chelsea.png"),
)


def probe(file, wanted=()):
    """What a clip is: (width, height), frames, their spacing, the decoded sound's seconds; and
    the wanted frames."""
    with av.open(str(file)) as container:
        video = container.streams.video[0]
        times, kept = [], []
        for number, frame in enumerate(container.decode(video)):
            times.append(frame.pts * video.time_base)
            kept += [frame.to_image()] if number in wanted else []
        steps = {b - a for a, b in pairwise(times)}
        size = (video.width, video.height)
        form = video.codec_context.pix_fmt
        sound = container.streams.audio[0] if container.streams.audio else None
        seconds = sound and float(sound.duration * sound.time_base)
    return (size, len(times), steps, form), seconds, kept


def painted(path, colour, size=(64, 64)):
    """A picture of one colour as a reference's file."""
    Image.new("RGB", size, colour).save(path)
    return path


def two_stills(folder):
    """A dark red and a dark blue reference: all that is bright on their slates is type."""
    return (
        Picture("character1", "ellen", "image", painted(folder / "1.png", (90, 0, 0)), "1"),
        Picture("character2", "雪", "image", painted(folder / "2.png", (0, 0, 120)), "2"),
    )


@pytest.mark.parametrize(
    "size",
    [
        pytest.param(size, marks=[] if number % 4 == 0 else [pytest.mark.long])
        for number, size in enumerate(sorted(SIZES.values()))
    ],
)
def test_every_size_is_drawn_as_asked(size, tmp_path):
    """All ten sizes: exact size, 60 frames a thirtieth apart, 4:2:0, two seconds of sound; a cut
    where the ranges say, to the frame, all type inside title-safe, Latin and Chinese, and nothing
    in them that verification would flag."""
    prompt = (
        "A morning by the sea, no wind at all, and nobody there yet but the two of them. "
        "第1个镜头[0-1秒]character1沿着空无一人的海边慢慢走着，海鸥在灰色的水面上盘旋。 "
        "Shot 2 [1-2s] character2 turns round and says: “Good-bye, my friends! We shall not wait.”"
    )
    pictures, file = two_stills(tmp_path), tmp_path / "out" / "slate.mp4"
    file.parent.mkdir()
    render(Slate("sh010", 1, "wan2.6-r2v", prompt, *size, 2, True, False, 7, pictures), file)
    form, seconds, (before, after, last) = probe(file, {29, 30, 59})
    assert form == (size, 60, {Fraction(1, 30)}, "yuv420p")
    assert seconds == pytest.approx(2.0, abs=0.03)
    assert file.read_bytes().find(b"moov") < file.read_bytes().find(b"mdat")
    assert [p.name for p in file.parent.iterdir()] == ["slate.mp4"]
    centre = (size[0] // 2, size[1] * 4 // 10)
    assert before.getpixel(centre)[0] > 60 > before.getpixel(centre)[2]
    assert after.getpixel(centre)[2] > 60 > after.getpixel(centre)[0]
    for image in (before, last):
        assert_title_safe(image)
    assert media.verify(file, media.Expected(*size, 2, True, cuts=1)).flags == ()


def assert_title_safe(image):
    """What is bright lies within 90 % of either side; the line of progress is no type."""
    wide, high = image.size
    above = image.convert("L").crop((0, 0, wide, high - min(image.size) // 90))
    left, top, right, bottom = above.point(lambda level: 255 * (level > 120)).getbbox()
    assert left >= 0.05 * wide - 2 and right <= 0.95 * wide + 2
    assert top >= 0.05 * high - 2 and bottom <= 0.95 * high + 2
    assert bottom > 0.8 * high, "the captions are at the foot"


def test_a_still_drifts_without_a_jump_or_a_shimmer(tmp_path):
    """Broad stripes move one way, by less than a pixel a frame, slowly at both ends; fine ones
    are equally strong in every frame, wherever they fall between the pixels."""
    broad, fine = 64, 6
    row = bytes(
        round(128 + 60 * math.sin(math.tau * x / broad) + 50 * math.sin(math.tau * x / fine))
        for x in range(1600)
    )
    Image.frombytes("L", (1600, 1), row).resize((1600, 1000)).save(tmp_path / "stripes.png")
    pictures = (Picture("character1", "ellen", "image", tmp_path / "stripes.png", "1"),)
    slate = Slate("s", 1, "m", "character1", 960, 960, 4, False, False, None, pictures)
    rows = [canvas.y.crop((0, 300, 960, 301)).tobytes() for canvas in drawn(slate)]
    scale = 1.05 * (960 - Frame(960, 960).header) / 1000
    steps = [
        cmath.phase(after / before) * broad * scale / math.tau
        for before, after in pairwise(wave(row, broad * scale) for row in rows)
    ]
    way = 1 if sum(steps) > 0 else -1
    assert 0.06 * 960 < way * sum(steps) < 0.07 * 960
    assert all(-0.01 < way * step < 1 for step in steps)
    assert max(map(abs, steps[:6] + steps[-6:])) < 0.2 < 0.7 < max(map(abs, steps))
    strengths = [abs(wave(row, fine * scale)) for row in rows]
    assert min(strengths) > 0.97 * max(strengths)


def wave(row, period):
    """How strong a wave of a length in pixels is in a row of the picture, and its phase."""
    return sum(
        level * math.sin(math.pi * x / len(row)) ** 2 * cmath.rect(1, math.tau * x / period)
        for x, level in enumerate(row)
    )


def test_a_video_loops_without_a_black_or_frozen_frame(tmp_path):
    """Each frame of the video has its own grey; every frame of the slate shows the right one,
    from the beginning again after the last."""
    with av.open(str(tmp_path / "film.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "10", "bf": "2"})
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for level in range(50, 200, 6):
            image = Image.new("RGB", (320, 240), (level,) * 3)
            container.mux(stream.encode(av.VideoFrame.from_image(image)))
        container.mux(stream.encode(None))
    pictures = (Picture("character1", "bunny", "video", tmp_path / "film.mp4", "1"),)
    slate = Slate("s", 1, "m", "character1", 1280, 720, 3, True, False, None, pictures)
    shown = [canvas.y.getpixel((640, 200)) for canvas in drawn(slate)]
    asked = [16 + 219 / 255 * (50 + 6 * (n * 25 // 30 % 25)) for n in range(90)]
    assert shown == pytest.approx(asked, abs=2.5)


def test_only_the_time_runs_and_the_line_comes_and_goes(tmp_path):
    """The clock changes in every frame and the header nowhere else; captions and the speaker's
    name change where the line of dialogue begins and ends, and at no other frame."""
    prompt = 'character1 walks. character1 says: "Stay." Then a long silence over the water.'
    slate = Slate("s", 1, "m", prompt, 1280, 720, 6, False, False, None, two_stills(tmp_path)[:1])
    (speech,) = scenes(prompt, 6, slate.pictures)[0].speeches
    boxes = {"header": (0, 0, 900, 80), "clock": (1090, 0, 1280, 80), "words": (0, 450, 1280, 710)}
    seen = [{name: canvas.y.crop(box).tobytes() for name, box in boxes.items()}
            for canvas in drawn(slate)]  # fmt: skip
    changes = {
        name: [n for n, (a, b) in enumerate(pairwise(seen), 1) if a[name] != b[name]]
        for name in boxes
    }
    assert changes == {
        "header": [],
        "clock": list(range(1, 180)),
        "words": [speech.start, speech.end],
    }


def test_equal_slates_are_equal_to_the_byte(tmp_path):
    """Drawing depends on nothing but what the slate shows."""
    pictures = two_stills(tmp_path)
    slate = Slate("s", 1, "m", "character1 and character2", 1280, 720, 1, True, True, 7, pictures)
    for name in ("a.mp4", "b.mp4"):
        render(slate, tmp_path / name)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_a_slate_shows_its_references_and_plays_their_sound(tmp_path):
    """A red still and a green video with a loud voice: both in their colours, side by side, and
    the voice turned down to 10 dB under full scale."""
    still, film = tmp_path / "red.png", tmp_path / "film.mp4"
    Image.new("RGB", (400, 400), (220, 20, 20)).save(still)
    _film(film)
    pictures = (
        Picture("character1", "ellen", "image", still, "1"),
        Picture("character2", "bunny", "video", film, "2"),
    )
    slate = Slate(
        "sh010", 1, "m", "character1 and character2", 1280, 720, 3, True, False, None, pictures
    )
    render(slate, tmp_path / "slate.mp4")
    with av.open(str(tmp_path / "slate.mp4")) as container:
        frames = [f.to_image() for f in container.decode(video=0)]
        assert frames[45].getpixel((300, 300)) == pytest.approx((220, 20, 20), abs=8)
        assert frames[45].getpixel((900, 300)) == pytest.approx((20, 160, 20), abs=8)
    assert 0.25 < _peak(tmp_path / "slate.mp4") < 0.36


def _film(path):
    """One second of green with a loud tone; slates loop it."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt = 320, 240, "yuv420p"
        audio = container.add_stream("aac", rate=48_000, layout="mono")
        for _ in range(25):
            image = Image.new("RGB", (320, 240), (20, 160, 20))
            container.mux(video.encode(av.VideoFrame.from_image(image)))
        container.mux(video.encode(None))
        graph = av.filter.Graph()
        tone = graph.add("sine", "frequency=440:sample_rate=48000:duration=1")
        loud = graph.add("volume", "8.0")
        sink = graph.add("abuffersink")
        tone.link_to(loud)
        loud.link_to(sink)
        graph.configure()
        while True:
            try:
                frame = graph.pull()
            except (av.EOFError, av.BlockingIOError):
                break
            frame.pts = None
            container.mux(audio.encode(frame))
        container.mux(audio.encode(None))


def _peak(path):
    """The loudest sample of the third second, of 1.0 (0.32 is -10 dBFS)."""
    loudest = 0.0
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            if frame.time and 2.0 < frame.time < 2.7:
                samples = memoryview(bytes(frame.planes[0])).cast("f")[: frame.samples]
                loudest = max(loudest, *(abs(s) for s in samples))
    return loudest


def test_without_a_voice_the_bed_is_soft_and_unbroken(tmp_path):
    """The quiet bed stays between silence and -24 dB all the way."""
    slate = Slate("s", None, "m", "character1", 1280, 720, 3, True, False, None, CAST)
    render(slate, tmp_path / "slate.mp4")
    assert 0.005 < _peak(tmp_path / "slate.mp4") < 0.063


def test_a_broken_reference_is_a_card_not_a_failure(tmp_path):
    """A picture cut short, one that says it is enormous, a video that is none and one that could
    not be had: grey cards that name them, in their places."""
    cut, bomb, none = (tmp_path / name for name in ("cut.png", "bomb.png", "none.mp4"))
    data = io.BytesIO()
    Image.effect_noise((400, 400), 90).save(data, "PNG")
    cut.write_bytes(data.getvalue()[:5000])
    head = b"IHDR" + struct.pack(">II5B", 60_000, 60_000, 8, 2, 0, 0, 0)
    crc = struct.pack(">I", zlib.crc32(head))
    bomb.write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\x0d" + head + crc)
    none.write_bytes(b"no video")
    pictures = (
        Picture("character1", "ellen", "image", cut, "1"),
        Picture("character2", "bunny", "video", none, "2"),
        Picture("character3", "porch", "missing", None, "https://media.invalid/porch.png"),
        Picture("character4", "giant", "image", bomb, "4"),
    )
    prompt = "character1, character2, character3 and character4"
    slate = Slate("s", None, "m", prompt, 1280, 720, 2, True, False, None, pictures)
    (canvas,) = drawn(slate, {30})
    for x, y, wide, high in places(Frame(1280, 720), [4 / 3] * 4, 600):
        counted = canvas.y.crop((x + 20, y + 20, x + wide - 20, y + high - 60)).histogram()
        assert counted[canvas.y.getpixel((x + 30, y + 30))] == max(counted)
        assert sum(counted[180:]) > 200, "its name"
