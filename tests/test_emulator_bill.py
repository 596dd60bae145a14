"""Billed seconds in the emulator's usage: the table and the examples of the price page."""

from __future__ import annotations

from decimal import Decimal

import pytest
from emulator_calls import body
from hypothesis import given
from hypothesis import strategies as st
from test_emulator_checks import changed

from r2vbatch.emulator.ask import usage
from r2vbatch.emulator.checks import read
from r2vbatch.emulator.options import Options

LONG = Decimal(8)


def billed(references, videos, duration=10, **more):
    """The usage of a 2.6 request with so many references, `videos` among them of such lengths."""
    urls = [f"https://media.invalid/{n}" for n in range(references)]
    ask = read(body(reference_urls=urls, duration=duration, size="1248*1632"), Options())
    return usage(ask, videos, **more)


@pytest.mark.parametrize(("references", "cap"), [(1, 5), (2, 2.5), (3, 1.65), (4, 1.25), (5, 1)])
def test_a_video_counts_up_to_its_share_of_five_seconds(references, cap):
    """5 s are shared by all references, images too; 1.65, not 5/3, for three."""
    found = billed(references, [LONG])
    assert found == {
        "duration": 10 + cap,
        "size": "1248*1632",
        "input_video_duration": cap,
        "output_video_duration": 10,
        "video_count": 1,
        "SR": 1080,
    }


@pytest.mark.parametrize(
    ("videos", "images", "given"),
    [(1, 0, 5), (1, 4, 5), (2, 3, 5), (3, 0, 5), (3, 2, 5), (4, 1, 5), (5, 0, 5)],
)
def test_2_7_shares_by_its_videos_alone(videos, images, given):
    """Long videos count 5 s together, however many there are and whatever images beside them; a
    short one among three counts as it is, the others 5/3 s each. A first frame shares nothing."""
    kinds = ["reference_video"] * videos + ["reference_image"] * images + ["first_frame"]
    media = [{"type": kind, "url": "https://media.invalid/a"} for kind in kinds]
    asked = changed("wan2.7-r2v", {"media": media, "duration": 10})
    ask = read(asked, Options())
    found = usage(ask, [LONG] * videos)
    assert (found["input_video_duration"], found["duration"]) == (given, 10 + given)
    if videos == 3:
        assert usage(ask, [LONG, LONG, Decimal(1)])["input_video_duration"] == 4.33


def test_the_worked_example():
    """Two videos of 8 s and two images, 10 s of output: 12.5 s are billed, 13 where rounded up."""
    assert billed(4, [LONG, LONG])["duration"] == 12.5
    assert billed(4, [LONG, LONG], whole=True)["duration"] == 13.0


def test_images_cost_nothing():
    """Without a video, and whatever the images, only the output counts."""
    assert [billed(n, [], duration=2)["duration"] for n in range(1, 6)] == [2.0] * 5


@given(st.lists(st.decimals("1", "30", places=1), min_size=1, max_size=3), st.integers(0, 2))
def test_input_never_exceeds_five_seconds(lengths, images):
    """A short video counts as it is, a long one as its share; together five seconds at most."""
    found = billed(len(lengths) + images, lengths)
    assert 0 < found["input_video_duration"] <= min(5, float(sum(lengths)))
    assert found["duration"] == pytest.approx(10 + found["input_video_duration"])
