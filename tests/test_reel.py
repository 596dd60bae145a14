"""The reel: clips one after another, to the frame, with their sound."""

from __future__ import annotations

from fractions import Fraction
from itertools import accumulate, pairwise
from pathlib import Path

import pytest
from film_clips import Seen, frame_at, look, make_clip, slate
from hypothesis import given, settings
from hypothesis import strategies as st

from r2vbatch.film import Cut, FilmShot, Footage, Stopped, Unreadable, Watch, write_reel
from r2vbatch.film.joining import alike, places
from r2vbatch.film.survey import Picture, Sound, Survey, survey

FRAME = Fraction(1, 30)
WIDE, TALL = (64, 48), (48, 64)
GO_ON = Watch(lambda: False, lambda what, done, total: None)


def cuts_of(*clips: Path, slates: frozenset[int] = frozenset()) -> list[Cut]:
    cuts = []
    for number, clip in enumerate(clips):
        footage = Footage(clip.stem, clip.name, number in slates, f"{clip.stem}-{number}")
        cuts.append(Cut(FilmShot(f"sh{number:03}", footage), footage, survey(clip)))
    return cuts


def reel_of(folder: Path, cuts: list[Cut]) -> tuple[Seen, set[Path]]:
    """The reel of `cuts`, decoded, and what was made over for it."""
    made = write_reel(cuts, folder / "shop", folder / "reel.mp4", GO_ON)
    return look(folder / "reel.mp4"), made


def in_sync(seen: Seen, beside: Fraction = Fraction(0)) -> bool:
    """Whether each beep is at its white frame: within half a packet of sound, and the 3 ms by
    which an encoder smears what is sudden."""
    allowed = Fraction(512, 44_100) + Fraction(3, 1000) + beside
    pairs = list(zip(seen.flashes, seen.beeps, strict=True))
    return bool(pairs) and all(abs(flash - beep) <= allowed for flash, beep in pairs)


@pytest.mark.parametrize("number", [25, pytest.param(100, marks=pytest.mark.long)])
def test_cuts_are_exact_and_stay_in_sync(tmp_path: Path, number: int) -> None:
    """Every frame of so many clips is where it belongs, and every beep at its white frame."""
    lengths = [11 + each * 7 % 9 for each in range(5)]
    kinds = [
        make_clip(tmp_path / f"c{n}.mp4", frames=frames, grey=40 + 20 * n)
        for n, frames in enumerate(lengths)
    ]
    order = [each * 3 % 5 for each in range(number)]
    seen, made = reel_of(tmp_path, cuts_of(*(kinds[n] for n in order)))
    assert made == set()
    assert seen.times == [FRAME * each for each in range(sum(lengths[n] for n in order))]
    expected = [235 if frame == 7 else 40 + 20 * n for n in order for frame in range(lengths[n])]
    assert max(abs(a - b) for a, b in zip(seen.greys, expected, strict=True)) <= 4
    assert len(seen.beeps) == number
    assert in_sync(seen)
    assert abs(seen.heard - seen.times[-1] - FRAME) <= FRAME


def test_a_clip_without_sound_is_silent_in_the_film(tmp_path: Path) -> None:
    """Wherever it stands, the sound of the others stays with their pictures."""
    voiced = make_clip(tmp_path / "voiced.mp4")
    silent = make_clip(tmp_path / "silent.mp4", hertz=None, flash=None, frames=20)
    seen, made = reel_of(tmp_path, cuts_of(silent, voiced, silent, silent, voiced, silent))
    assert made == set()
    assert len(seen.times) == 4 * 20 + 2 * 15
    assert in_sync(seen)
    assert abs(seen.heard - seen.times[-1] - FRAME) <= FRAME


def test_no_sound_at_all(tmp_path: Path) -> None:
    """A film of clips without sound has none."""
    silent = make_clip(tmp_path / "silent.mp4", hertz=None)
    seen, _ = reel_of(tmp_path, cuts_of(silent, silent))
    assert (len(seen.times), seen.heard) == (30, 0)


def test_chapters_are_shots(tmp_path: Path) -> None:
    """Each by its name, from its first frame to its last."""
    clips = [make_clip(tmp_path / f"{n}.mp4", frames=n) for n in (12, 30, 18)]
    seen, _ = reel_of(tmp_path, cuts_of(*clips))
    ends = [Fraction(n, 30) for n in accumulate((0, 12, 30, 18))]
    assert [name for name, _, _ in seen.chapters] == ["sh000", "sh001", "sh002"]
    for (_, start, end), expected in zip(seen.chapters, pairwise(ends), strict=True):
        assert abs(start - expected[0]) <= Fraction(1, 1000)
        assert abs(end - expected[1]) <= Fraction(1, 1000)


ODD = {
    "upright": {"size": (48, 64)},
    "larger": {"size": (128, 96)},
    "slower": {"rate": 25},
    "another sound": {"hertz": 44_100},
    "another encoder": {"profile": "baseline"},
}


@pytest.mark.parametrize("odd", ODD)
def test_unlike_clips_become_like_most(tmp_path: Path, odd: str) -> None:
    """One clip of another kind among two of a common one: the film is of the common kind, as long
    as its parts are together, and in sync."""
    common = make_clip(tmp_path / "common.mp4", frames=30)
    other = make_clip(tmp_path / "other.mp4", frames=30, **ODD[odd])  # type: ignore[arg-type]
    cuts = cuts_of(common, other, common)
    seen, made = reel_of(tmp_path, cuts)
    assert seen.size == (64, 48)
    assert len(made) == 3
    length = sum(cut.clip.seconds for cut in cuts)
    assert abs(seen.times[-1] + FRAME - length) <= 3 * FRAME
    assert all(b - a == FRAME for a, b in pairwise(seen.times))
    assert in_sync(seen, FRAME / 2 if odd == "slower" else Fraction(0))


def test_another_shape_is_shown_between_bars(tmp_path: Path) -> None:
    """An upright picture in a film that is wide: whole and unstretched, black at both sides."""
    wide = make_clip(tmp_path / "wide.mp4", size=(160, 90), grey=120)
    tall = make_clip(tmp_path / "tall.mp4", size=(90, 160), grey=120)
    write_reel(cuts_of(wide, tall, wide), tmp_path / "shop", tmp_path / "reel.mp4", GO_ON)
    row = frame_at(tmp_path / "reel.mp4", 15 + 2).row(45)
    shown = [column for column, value in enumerate(row) if value > 60]
    assert abs(len(shown) - 90 * 90 / 160) <= 2
    assert abs(shown[0] - (159 - shown[-1])) <= 2


def test_a_slate_among_clips_is_marked(tmp_path: Path) -> None:
    """It bears a mark that it does not have in a film of slates alone; a clip never does."""
    clip = make_clip(tmp_path / "clip.mp4", size=(320, 180), grey=60)
    slate = make_clip(tmp_path / "slate.mp4", size=(320, 180), grey=60)
    cuts = cuts_of(clip, slate, slates=frozenset({1}))
    write_reel(cuts, tmp_path / "shop", tmp_path / "mixed.mp4", GO_ON)
    write_reel(
        cuts_of(slate, slate, slates=frozenset({0, 1})), tmp_path / "x", tmp_path / "p.mp4", GO_ON
    )
    reds = [
        frame_at(tmp_path / name, number).red()
        for name, number in (("mixed.mp4", 2), ("mixed.mp4", 17), ("p.mp4", 2))
    ]
    assert reds[0] == reds[2] == 0
    assert reds[1] > 300


def test_slates_alone_are_copied_but_for_the_odd_one(tmp_path: Path) -> None:
    """A slate of another shape does not cost the others their being copied."""
    slates = [slate(tmp_path / f"{n}.mp4", size) for n, size in enumerate([WIDE, WIDE, TALL, WIDE])]
    cuts = cuts_of(*slates, slates=frozenset(range(4)))
    seen, made = reel_of(tmp_path, cuts)
    assert len(made) == 1
    assert (seen.size, len(seen.times)) == (WIDE, 4 * 10)


def test_what_was_made_over_is_not_made_over_again(tmp_path: Path) -> None:
    """After one clip has changed, that one alone is encoded."""
    a, b = make_clip(tmp_path / "a.mp4"), make_clip(tmp_path / "b.mp4", size=(48, 64))
    _, first = reel_of(tmp_path, cuts_of(a, b))
    times = {file: file.stat().st_mtime_ns for file in first}
    c = make_clip(tmp_path / "c.mp4", size=(80, 64))
    _, second = reel_of(tmp_path, cuts_of(a, b, c))
    assert len(second - first) == 1
    assert {file: file.stat().st_mtime_ns for file in first} == times


def test_a_clip_that_does_not_decode_is_named(tmp_path: Path) -> None:
    """Whether its head or its pictures are broken, and whether it is copied or made over."""
    whole = make_clip(tmp_path / "whole.mp4", size=(48, 64))
    noise = make_clip(tmp_path / "noise.mp4", frames=40)
    content = bytearray(noise.read_bytes())
    content[-3000:] = bytes(3000)
    half = tmp_path / "half.mp4"
    half.write_bytes(whole.read_bytes()[:900])
    with pytest.raises(Unreadable) as broken:
        survey(half)
    assert broken.value.file == half
    with pytest.raises(Unreadable) as gone:
        survey(tmp_path / "gone.mp4")
    assert gone.value.why == "no such file or directory"
    cuts = cuts_of(whole, whole, noise)
    noise.write_bytes(bytes(content))
    with pytest.raises(Unreadable) as damaged:
        write_reel(cuts, tmp_path / "shop", tmp_path / "reel.mp4", GO_ON)
    assert damaged.value.file == noise


def test_nobody_waits_for_a_film_that_is_not_wanted(tmp_path: Path) -> None:
    """Asked to stop, it stops at the next frame, with nothing half made under a final name."""
    a, b = make_clip(tmp_path / "a.mp4"), make_clip(tmp_path / "b.mp4", size=(48, 64))
    asked = 0

    def halted() -> bool:
        nonlocal asked
        asked += 1
        return asked > 5

    with pytest.raises(Stopped):
        write_reel(
            cuts_of(a, b), tmp_path / "shop", tmp_path / "reel.mp4", Watch(halted, GO_ON.tell)
        )
    assert list((tmp_path / "shop").glob("*.mp4")) == []


LOOK = Picture("h264", b"", 64, 48, "yuv420p", Fraction(1), (), Fraction(30), Fraction(1, 15_360))


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(1, 500), st.integers(-2047, 1024)), min_size=1, max_size=60),
    st.sampled_from([44_100, 48_000]),
)
def test_places_of_sound(parts: list[tuple[int, int]], hertz: int) -> None:
    """They follow each other without a gap, and none is further from its pictures than half a
    packet, however many cuts there are; but for clips shorter than what their encoders need."""
    sound = Sound("aac", b"", hertz, "stereo", 1024, Fraction(1, hertz))
    clips = [
        Survey(Path("c"), LOOK, sound, Fraction(frames, 30), 0, lead) for frames, lead in parts
    ]
    found = places(clips, sound)
    assert found[0].start == 0
    assert all(a.stop == b.start for a, b in pairwise(found))
    at = Fraction(0)
    for clip, own in zip(clips, found, strict=True):
        heard = clips[0].lead + own.start * 1024 - clip.lead
        if min(frames for frames, _ in parts) > 5:
            assert abs(heard - at * hertz) <= 512
        at += clip.seconds
    assert clips[0].lead + found[-1].stop * 1024 <= max(at * hertz, clips[0].lead)


def test_a_clip_whose_sound_is_unknown_is_made_over(tmp_path: Path) -> None:
    """Without a silence of its kind it cannot be copied among others."""
    clip = survey(make_clip(tmp_path / "c.mp4"))
    assert alike([clip, clip])
    assert clip.sound
    sound = Sound("opus", b"", 48_000, "stereo", 960, clip.sound.time_base)
    assert not alike([Survey(clip.file, clip.picture, sound, clip.seconds)])
