"""The last frame of a clip."""

from __future__ import annotations

from pathlib import Path

import av
import pytest
from PIL import Image

from r2vbatch import media


def film(path: Path, frames: int, **options: str) -> None:
    """Each frame is a little brighter than the one before; the last is red."""
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=30, options=options)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for n in range(frames):
            colour = (255, 0, 0) if n == frames - 1 else (n % 200,) * 3
            picture = av.VideoFrame.from_image(Image.new("RGB", (64, 48), colour))
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))


@pytest.mark.parametrize("frames", [1, 2, 61, 200])
@pytest.mark.parametrize("options", [{"bf": "3"}, {"g": "400", "preset": "ultrafast"}], ids=str)
def test_it_is_the_last(tmp_path: Path, frames: int, options: dict[str, str]) -> None:
    """And none before it, whatever the order in which frames are stored, or how rarely one stands
    alone; as large as the clip."""
    film(tmp_path / "clip.mp4", frames, **options)
    assert media.last_frame(tmp_path / "clip.mp4", tmp_path / "frame.part") == ""
    with Image.open(tmp_path / "frame.part") as picture:
        assert (picture.format, picture.mode, picture.size) == ("PNG", "RGB", (64, 48))
        red, green, blue = picture.getpixel((32, 24))
    assert red > 200 and green < 60 and blue < 60


def test_what_is_no_clip_has_none(tmp_path: Path) -> None:
    """It is said in words, and nothing is written."""
    (tmp_path / "clip.mp4").write_bytes(b"\0" * 500)
    assert media.last_frame(tmp_path / "clip.mp4", tmp_path / "frame.part")
    assert not (tmp_path / "frame.part").exists()
