"""``python -m tests.sheets.readme OUTPUT PICTURE``: the picture of the README.

OUTPUT is where the quickstart was previewed: out/day-off.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import av
from PIL import Image

from tests.sheets.paper import GAP, sheet

ROWS = (
    (("sh010_t01", 3.5), ("sh030_t01", 1.5)),
    (("sh040_t01", 2.0), ("sh030_t01", 4.5)),
    (("sh060_t01", 3.5), ("sh070_t01", 1.5)),
)
UPRIGHT = ("sh050_t01", 1.5)
ROW_HEIGHT = 330


def main() -> None:
    """Six frames that lie, and beside them one that stands."""
    parser = argparse.ArgumentParser(prog="python -m tests.sheets.readme", description=__doc__)
    parser.add_argument("output", type=Path, metavar="OUTPUT")
    parser.add_argument("picture", type=Path, metavar="PICTURE")
    asked = parser.parse_args()
    slates = asked.output / "preview"
    left = sheet([[_frame(slates, *cell) for cell in row] for row in ROWS], ROW_HEIGHT)
    right = sheet([[_frame(slates, *UPRIGHT)]], left.height - 2 * GAP)
    paper = Image.new("RGB", (left.width + right.width - GAP, left.height))
    paper.paste(left, (0, 0))
    paper.paste(right.crop((GAP, 0, right.width, right.height)), (left.width, 0))
    paper.save(asked.picture, quality=84, optimize=True, progressive=True)


def _frame(folder: Path, take: str, second: float) -> Image.Image:
    with av.open(str(folder / f"{take}.mp4")) as container:
        return next(f.to_image() for f in container.decode(video=0) if (f.time or 0.0) >= second)


main()
