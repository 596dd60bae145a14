"""Voices and first frames, which wan2.7-r2v takes: from the manifest to the wire, and in slates."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import av
import pytest
from emulator_calls import body, plain, serving
from jsonschema import Draft202012Validator
from media_files import picture, video, voice
from PIL import Image
from storyboards import CATALOGUE, planned, storyboard

from r2vbatch.emulator.slate.model import Picture, Slate
from r2vbatch.emulator.slate.render import drawn, render
from r2vbatch.media import facts
from r2vbatch.planning import Plan, request

NEWEST = "wan2.7-r2v"
HERE = "https://media.invalid"


def board(model: str = NEWEST, **shot: Any) -> dict[str, Any]:
    """One shot of two, the first with a voice of her own."""
    cast = {
        "ellen": {"image": "ellen.png", "voice": "ellen.wav"},
        "bunny": {"video": f"{HERE}/bunny.mp4"},
    }
    asked = {"id": "a", "prompt": "@ellen greets @bunny", **shot}
    return storyboard(asked, model=model, cast=cast)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the files of `board` lie."""
    (tmp_path / "ellen.png").write_bytes(picture())
    (tmp_path / "ellen.wav").write_bytes(voice())
    (tmp_path / "opening.png").write_bytes(picture(300, 520))
    return tmp_path


def fingerprint(made: Plan) -> str:
    """Of the one take."""
    (take,) = made.takes
    return take.fingerprint


def test_a_voice_and_a_first_frame_are_sent(folder: Path) -> None:
    """The voice goes with its reference; the first frame comes last, has no name in the prompt,
    and leaves no ratio to ask for. The request holds to the model's schema."""
    made = planned(board(first_frame="opening.png"), folder)
    assert made.diagnostics == []
    (take,) = made.takes
    sent = request(take)
    pending = {
        name: f"oss://PENDING/{facts(folder / name).sha256}/{name}"
        for name in ("ellen.png", "ellen.wav", "opening.png")
    }
    assert sent["input"] == {
        "prompt": "Image 1 greets Video 1",
        "media": [
            {
                "type": "reference_image",
                "url": pending["ellen.png"],
                "reference_voice": pending["ellen.wav"],
            },
            {"type": "reference_video", "url": f"{HERE}/bunny.mp4"},
            {"type": "first_frame", "url": pending["opening.png"]},
        ],
    }
    assert "ratio" not in sent["parameters"]
    Draft202012Validator(CATALOGUE.models[NEWEST].request).validate(sent)


def test_a_shape_that_the_first_frame_has_is_not_worth_a_word(folder: Path) -> None:
    """The picture, 300x520, is upright: 9:16 is what comes anyhow; 16:9 is told, in words or as a
    size; neither is sent."""
    ways = ({"ratio": "9:16"}, {"size": "720*1280"}, {"ratio": "16:9"}, {"size": "1280*720"})
    warned = []
    for asked in ways:
        made = planned(board(first_frame="opening.png", **asked), folder)
        warned.append(any("takes the shape" in d.message for d in made.diagnostics))
        (take,) = made.takes
        assert request(take)["parameters"].keys() == {"resolution", "duration", "watermark"}
    assert warned == [False, False, True, True]


def test_another_voice_or_opening_is_another_clip(folder: Path) -> None:
    """Both are part of what a clip is, by content; where a model takes neither, of nothing."""
    plain = fingerprint(planned(board(), folder))
    opened = fingerprint(planned(board(first_frame="opening.png"), folder))
    older = fingerprint(planned(board("wan2.6-r2v"), folder))
    (folder / "ellen.wav").write_bytes(voice(3.0))
    assert len({plain, opened, fingerprint(planned(board(), folder))}) == 3
    assert fingerprint(planned(board("wan2.6-r2v", first_frame="opening.png"), folder)) == older


def test_a_first_frame_costs_nothing(folder: Path) -> None:
    """It is no reference: the seconds of a reference video are billed as without it."""
    made = [planned(board(**more), folder) for more in ({}, {"first_frame": "opening.png"})]
    assert made[0].seconds == made[1].seconds == Decimal(10)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (voice(0.5), "ellen.wav is 0.5 s long; wan2.7-r2v takes 1 s at least"),
        (voice(1.0), ""),
        (voice(10.0), ""),
        (voice(10.5), "ellen.wav is 10.5 s long; wan2.7-r2v takes 10 s at most"),
        (picture(), "ellen.wav is an image, but given as a recording"),
        (b"nothing to hear", "ellen.wav is no sound"),
        (b"", "ellen.wav is empty"),
    ],
)
def test_a_voice_is_looked_into(folder: Path, content: bytes, says: str) -> None:
    """A recording that the service would refuse is told at its place; one at a limit is not."""
    (folder / "ellen.wav").write_bytes(content)
    told = [d.message for d in planned(board(), folder).diagnostics]
    assert told == ([] if not says else told[:1])
    assert says in "".join(told)


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("v.wav", voice(), None),
        ("v.wav", voice(0.5), "InvalidFile.Duration"),
        ("v.wav", voice(10.5), "InvalidFile.Duration"),
        ("v.wav", b"RIFF\0", "InvalidFile.Openerror"),
        ("v.mp3", video(), "InvalidFile.Format"),
    ],
)
def test_the_emulator_looks_into_voices(name: str, content: bytes, code: str | None) -> None:
    """A voice outside the published limits ends the task as FAILED."""

    async def run() -> None:
        async with serving(plain()) as client:
            put = {
                n: await client.upload(n, c, NEWEST)
                for n, c in (("a.png", picture()), (name, content))
            }
            media = [{"type": "reference_image", "url": put["a.png"], "reference_voice": put[name]}]
            asked = body(model=NEWEST, media=media, reference_urls=None, size=None, audio=None)
            ended = await client.end(await client.task(asked, oss=True))
            assert ended["output"].get("code") == code

    asyncio.run(run())


def test_a_slate_opens_on_its_first_frame_and_speaks_with_the_voice(tmp_path: Path) -> None:
    """Red for a second, the reference's blue from then on; and a tone far above the quiet bed."""
    for name, colour in (("red", (200, 20, 20)), ("blue", (20, 20, 200))):
        Image.new("RGB", (64, 64), colour).save(tmp_path / f"{name}.png")
    (tmp_path / "v.wav").write_bytes(voice())
    ellen = Picture(
        "Image 1", "ellen", "image", tmp_path / "blue.png", "1",
        voice=tmp_path / "v.wav", heard="v",
    )  # fmt: skip
    opening = Picture("first frame", "first frame", "image", tmp_path / "red.png", "2", opens=True)
    slate = Slate("a", 1, NEWEST, "Image 1 waves", 640, 360, 2, True, False, None, (ellen, opening))
    middle = [canvas.frame().to_image().getpixel((320, 150)) for canvas in drawn(slate, {29, 30})]
    assert middle == [
        pytest.approx((200, 20, 20), abs=25),
        pytest.approx((20, 20, 200), abs=25),
    ]
    render(slate, tmp_path / "slate.mp4")
    assert loudest(tmp_path / "slate.mp4") > 0.2


def loudest(path: Path) -> float:
    """The greatest sample, of 1.0."""
    with av.open(str(path)) as container:
        frames = [bytes(frame.planes[0]) for frame in container.decode(audio=0)]
    return max(abs(sample) for frame in frames for sample in memoryview(frame).cast("f"))
