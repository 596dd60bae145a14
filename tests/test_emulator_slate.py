"""Slates: words and when, places, type, and clips that are what was asked for."""

from __future__ import annotations

import asyncio
import io
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import pytest
from emulator_calls import body, serving
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from r2vbatch.emulator.models import SIZES
from r2vbatch.emulator.options import Options
from r2vbatch.emulator.slate.composition import Frame, places
from r2vbatch.emulator.slate.model import Picture, Slate
from r2vbatch.emulator.slate.render import render
from r2vbatch.emulator.slate.typeset import Piece, balanced, width, wrap
from r2vbatch.emulator.slate.words import scenes

CAST = tuple(
    Picture(f"character{i}", name, "missing", None, f"https://media.invalid/{name}.png")
    for i, name in enumerate(("ellen", "chelsea"), 1)
)


def said(scene):
    """The action of a scene as it is shown."""
    return "".join(r.text if r.picture is None else CAST[r.picture].name for r in scene.action)


def test_shots_named_in_the_prompt_are_scenes():
    """Ranges become frames; the opening sentence stands with the first; each shows its own."""
    prompt = "A day. Shot 1 [0-3s] character1 walks. Shot 2 [3-5s]: character2 and Character1."
    first, second = scenes(prompt, 5, CAST)
    assert (first.start, first.end, second.start, second.end) == (0, 90, 90, 150)
    assert said(first) == "A day. ellen walks."
    assert said(second) == "chelsea and ellen."
    assert (first.shown, second.shown) == ((0,), (0, 1))
    assert first.label == "Shot 1  ·  0–3 s"


def test_chinese_shots_and_speech():
    """第1个镜头[0-2秒] and lines in Chinese quotation marks, with their speaker."""
    prompt = "第1个镜头[0-2秒]character1走来。第2个镜头[2-4秒]character2说：“今天不发射了。”"
    first, second = scenes(prompt, 4, CAST)
    assert said(first) == "ellen走来。"
    assert [(s.speaker, s.text) for s in second.speeches] == [(1, "今天不发射了。")]
    assert 60 <= second.speeches[0].start < 120


def test_dialogue_is_set_apart_with_who_says_it():
    """Each quotation is a speech of the first one named in its sentence, in order of time."""
    prompt = 'character1 looks up. Character2 says to character1: "Stay." character1: "No."'
    (scene,) = scenes(prompt, 10, CAST)
    assert [(s.speaker, s.text) for s in scene.speeches] == [(1, "Stay."), (0, "No.")]
    assert scene.speeches[0].start < scene.speeches[1].start < 300
    assert "Stay" not in said(scene)


def test_names_of_2_7_are_found_in_both_languages():
    """Image 1 and 图1 are the first image, and so for videos; Image 10 is no one."""
    pictures = [
        Picture("Image 1", "ellen", "missing", None, ""),
        Picture("Video 1", "bunny", "missing", None, ""),
    ]
    (scene,) = scenes("图1 meets Video 1, image 1, 视频1, Image 10", 5, pictures)
    assert [r.picture for r in scene.action if r.picture is not None] == [0, 1, 0, 1]


@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12), st.text(max_size=20)), max_size=5),
    st.text(max_size=40),
    st.integers(2, 15),
)
def test_scenes_always_fill_the_clip(ranges, opening, seconds):
    """Whatever the ranges say, scenes touch, begin at 0, end with the clip; speeches are inside."""
    shots = " ".join(f"Shot {i} [{a}-{b}s] {text}" for i, (a, b, text) in enumerate(ranges))
    found = scenes(f"{opening} {shots}", seconds, CAST)
    assert found[0].start == 0 and found[-1].end == seconds * 30
    assert all(a.end == b.start for a, b in pairwise(found))
    assert all(s.start < s.end for s in found)
    for scene in found:
        starts = [s.start for s in scene.speeches]
        assert starts == sorted(starts)
        assert all(scene.start <= s <= scene.end for s in starts)


@given(
    st.sampled_from(sorted(SIZES.values())),
    st.lists(st.floats(0.2, 5), min_size=1, max_size=6),
    st.floats(0.6, 0.95),
)
def test_places_are_even_apart_and_inside(size, aspects, foot):
    """Each picture has a place of its own between header and foot, whatever its shape."""
    frame = Frame(*size)
    found = places(frame, aspects, 2 * int(size[1] * foot / 2))
    assert len(found) == len(aspects)
    for i, p in enumerate(found):
        assert all(v % 2 == 0 for v in p) and p.width > 0 and p.height > 0
        assert p.x >= 0 and p.x + p.width <= size[0]
        assert p.y >= frame.header and p.y + p.height <= size[1]
        for q in found[:i]:
            assert (
                p.x >= q.x + q.width
                or q.x >= p.x + p.width
                or p.y >= q.y + q.height
                or q.y >= p.y + p.height
            )


WORDS = st.text(st.sampled_from("abcW .,:;-'\"“”今天不发射了，。！（）…é"), max_size=120)


@settings(deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=4), st.integers(150, 900))
def test_lines_keep_every_word_and_their_width(texts, room):
    """Nothing but spaces is lost in wrapping, and no line is wider than its room."""
    pieces = [Piece(text, "#ffffff") for text in texts]
    for lines in (wrap(pieces, 24, room), balanced(pieces, 24, room)):
        shown = "".join(piece.text for line in lines for piece in line)
        assert "".join(shown.split()) == "".join("".join(texts).split())
        for line in lines:
            while line and line[-1].text.isspace():
                line.pop()
            assert sum(width(piece.text, 24) for piece in line) <= room


def test_marks_stay_with_their_words():
    """No line begins with a closing mark, even where the colour changes before it."""
    pieces = [Piece("今天不发射了", "#fff"), Piece("，留下吧。", "#000"), Piece("stay", "#fff")]
    for room in range(60, 400, 7):
        for line in wrap([*pieces, Piece(", please", "#000")], 24, room):
            assert line[0].text[0] not in "，。,"


def probe(file):
    """What a clip is: (width, height), frames, their spacing, the decoded sound's seconds."""
    with av.open(file) as container:
        video = container.streams.video[0]
        times = [f.pts * video.time_base for f in container.decode(video)]
        steps = {b - a for a, b in pairwise(times)}
        size = (video.width, video.height)
        form = video.codec_context.pix_fmt
        sound = container.streams.audio[0] if container.streams.audio else None
        seconds = sound and float(sound.duration * sound.time_base)
    return size, len(times), steps, form, seconds


@pytest.mark.parametrize("size", sorted(SIZES.values()))
def test_every_size_is_drawn_as_asked(size, tmp_path):
    """All ten sizes: exact size, 60 frames a thirtieth apart, 4:2:0, and two seconds of sound."""
    prompt = "第1个镜头[0-1秒]character1 waves. Shot 2 [1-2s] character2 says: “Good-bye!”"
    slate = Slate("sh010", 1, "wan2.6-r2v", prompt, *size, 2, True, True, 7, CAST)
    file = tmp_path / "slate.mp4"
    render(slate, file)
    found, frames, steps, form, seconds = probe(str(file))
    assert (found, frames, steps, form) == (size, 60, {Fraction(1, 30)}, "yuv420p")
    assert seconds == pytest.approx(2.0, abs=0.03)
    assert file.read_bytes().find(b"moov") < file.read_bytes().find(b"mdat")
    assert [p.name for p in tmp_path.iterdir()] == ["slate.mp4"]


def test_a_slate_shows_its_references_and_plays_their_sound(tmp_path):
    """A red still and a video with a voice: red on the left, the voice's level in the sound."""
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
        red, green = frames[45].getpixel((300, 300)), frames[45].getpixel((900, 300))
        assert red[0] > 180 and max(red[1:]) < 60
        assert green[1] > 100 and green[0] < 80
    assert 0.1 < _peak(tmp_path / "slate.mp4") < 0.8


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
    """The loudest sample of the third second, of 1.0."""
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
    """A file cut short is drawn as far as it goes, or as a card."""
    whole, cut = tmp_path / "film.mp4", tmp_path / "cut.png"
    _film(whole)
    data = io.BytesIO()
    Image.effect_noise((400, 400), 90).save(data, "PNG")
    cut.write_bytes(data.getvalue()[:5000])
    pictures = (Picture("character1", "ellen", "image", cut, "1"),)
    slate = Slate("s", None, "m", "character1", 1280, 720, 2, False, False, None, pictures)
    render(slate, tmp_path / "slate.mp4")
    assert probe(str(tmp_path / "slate.mp4"))[1] == 60


def test_equal_requests_share_a_slate_and_takes_differ():
    """The same request is drawn once; another take of the shot is another slate."""

    async def run():
        options = Options(workers=1, queries_per_second=None)
        async with serving(options) as client:
            links = []
            for take in (1, 1, 2):
                slate = {"shot": "sh010", "take": take, "names": ["ellen"]}
                ended = await client.end(await client.task(body(), slate=slate))
                links.append(ended["output"]["video_url"])
            clips = []
            for link in links:
                async with client.session.get(link) as response:
                    clips.append(await response.read())
            assert clips[0] == clips[1] != clips[2]
            row = client.server.stats()["total"]["tasks"][-1]
            assert (row["shot"], row["take"]) == ("sh010", 2)

    asyncio.run(run())


def test_a_slate_header_that_makes_no_sense_is_ignored():
    """Other clients may send anything; the slate then names itself."""

    async def run():
        async with serving() as client:
            for slate in ([], "x", {"shot": 7, "take": "two", "names": "ellen"}, {"names": [1]}):
                ended = await client.end(await client.task(slate=slate))
                assert ended["output"]["task_status"] == "SUCCEEDED"

    asyncio.run(run())


def test_the_font_ships_with_its_credit():
    """The caption font and who made it stand in the package, under 6 MB."""
    from r2vbatch.emulator.slate.typeset import FONT

    assert FONT.stat().st_size < 6_000_000
    assert "WenQuanYi" in Path(FONT.parent / "README.md").read_text(encoding="utf-8")
