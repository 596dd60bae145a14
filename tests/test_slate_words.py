"""What a slate says, and where: scenes and speeches, places, lines, fonts. Nothing is drawn."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r2vbatch.emulator.models import SIZES
from r2vbatch.emulator.slate.cards import where_of
from r2vbatch.emulator.slate.colours import of_cast
from r2vbatch.emulator.slate.composition import Frame, places
from r2vbatch.emulator.slate.fonts import FILES, FOLDER, NOT_SHOWN, stretches
from r2vbatch.emulator.slate.model import Picture
from r2vbatch.emulator.slate.typeset import Piece, balanced, shortened, width, wrap
from r2vbatch.emulator.slate.words import scenes
from r2vbatch.planning.timing import timed_shots

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
    prompt = "清晨。第1个镜头[0-2秒]character1走来。第2个镜头[2-4秒]character2说：“今天不发射了。”"
    first, second = scenes(prompt, 4, CAST)
    assert said(first) == "清晨。ellen走来。"
    assert [(s.speaker, s.text) for s in second.speeches] == [(1, "今天不发射了。")]
    assert 60 <= second.speeches[0].start < 120


@pytest.mark.parametrize(
    "label",
    [
        "Shot 2 [1.5-4s]",
        "shot 2: (1.5 to 4 seconds)",
        "第二个镜头【1.5～4秒】",
        "分镜2（1.5至4秒）",
    ],
)
def test_a_range_is_a_cut_however_it_is_written(label):
    """What the check of a manifest takes for a range is a cut in its slate."""
    (checked,) = timed_shots(label)
    _, scene = scenes(f"Shot 1 [0-1.5s] character1 walks. {label} character2.", 4, CAST)
    assert (scene.start, scene.end) == (checked.start * 30, checked.end * 30)
    assert scene.label.endswith(("1.5–4 s", "1.5–4 秒"))


def test_dialogue_is_set_apart_with_who_says_it():
    """Each quotation is a speech of the first one named in its sentence, in order of time."""
    prompt = 'character1 looks up. Character2 says to character1: "Stay." character1: "No."'
    (scene,) = scenes(prompt, 10, CAST)
    assert [(s.speaker, s.text) for s in scene.speeches] == [(1, "Stay."), (0, "No.")]
    first, second = scene.speeches
    assert first.start < first.end <= second.start < second.end <= 300
    assert "Stay" not in said(scene)


@pytest.mark.parametrize(
    ("prompt", "speaker"),
    [
        ('While character1 sleeps, character2 says to character1: "Stay."', 1),
        ('character1, with a look at character2, says: "Stay."', 0),
        ('The door opens. "Stay," says character2.', 1),
        ("character1坐着，character2对character1说：“留下。”", 1),
        ('character1 waits. A voice on the radio: "Stay."', None),
    ],
)
def test_who_speaks(prompt, speaker):
    """The one who begins the last clause before the line, else the one named after it."""
    (scene,) = scenes(prompt, 5, CAST)
    assert [s.speaker for s in scene.speeches] == [speaker]


def test_a_line_stands_as_long_as_it_takes_to_say():
    """Chinese takes longer a character than English; a word is never too short to be read."""
    lines = ('"No."', '"We could have seen the meadow from up there."', "“从那上面可以看到草地啊”")
    word, english, chinese = (
        scenes(f"character1 says: {line} and waits for a long while.", 10, CAST)[0].speeches[0]
        for line in lines
    )
    assert word.end - word.start == 36
    assert 75 <= english.end - english.start <= 105
    assert 60 <= chinese.end - chinese.start <= 90


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
        bounds = [bound for s in scene.speeches for bound in (s.start, s.end)]
        assert bounds == sorted(bounds)
        assert all(scene.start <= bound <= scene.end for bound in bounds)


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


def test_an_ellipsis_never_begins_a_line():
    """It stands in the action for a line of dialogue, and stays with the word before it."""
    (scene,) = scenes('character1 whispers to character2: "No launch today."', 5, CAST)
    pieces = [
        Piece(r.text if r.picture is None else CAST[r.picture].name, "") for r in scene.action
    ]
    for room in range(150, 500, 7):
        assert all(not line[0].text.lstrip().startswith("...") for line in wrap(pieces, 24, room))


@given(st.text(st.sampled_from("abW_-1é雨 "), min_size=1, max_size=60), st.integers(0, 400))
def test_a_name_too_long_is_shortened_in_its_middle(name, room):
    """It fits, and keeps its beginning and its end; nothing is left where nothing fits."""
    short = shortened(name, 20, room)
    assert short == "" or width(short, 20) <= room
    if short not in ("", name):
        head, _, tail = short.partition("...")
        assert name.startswith(head) and name.endswith(tail)


def test_what_one_font_lacks_the_other_has():
    """Hebrew is one stretch, so that its words keep their order; marks join their letters; what
    no font has is one square, however many characters it was."""
    assert stretches("cafe\u0301, 雨") == ((0, "café, 雨"),)
    assert stretches("say שלום עולם now") == ((0, "say "), (1, "שלום עולם"), (0, " now"))
    assert stretches("a👩‍🚀🚀z") == ((0, "a"), (0, NOT_SHOWN), (0, "z"))
    assert stretches("स्ते नम") == ((0, NOT_SHOWN),)
    assert stretches("Z\u0324\x07") == ((0, "Z"),)


@given(st.lists(st.text(min_size=1), unique=True, min_size=1, max_size=5))
def test_each_of_the_cast_has_a_colour_of_its_own(names):
    """No two in a shot share one; alone, a name has the same in every shot."""
    colours = of_cast(names)
    assert len(set(colours)) == len(names)
    assert of_cast(names[:1]) == colours[:1]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://me:secret@h.example/a.png?Signature=x#y", "https://h.example/a.png"),
        ("oss://dashscope-instant/a/b.mp4", "oss://dashscope-instant/a/b.mp4"),
        ("data:image/png;base64,AAAA", "a URL without a host"),
        ("https://[broken/a.png", "a URL without a host"),
    ],
)
def test_a_card_shows_no_secret_of_a_url(url, shown):
    """Where a reference was sought, without user, signature or data."""
    assert where_of(url) == shown


def test_the_fonts_ship_with_their_credits():
    """The fonts and who made them stand in the package, together under 6 MB."""
    assert sum((FOLDER / name).stat().st_size for name in FILES) < 6_000_000
    credits = Path(FOLDER / "README.md").read_text(encoding="utf-8")
    assert all(name in credits for name in (*FILES, "WenQuanYi", "Bitstream", "Tavmjong Bah"))
    assert (FOLDER / "DejaVuSans.LICENSE.txt").exists()
