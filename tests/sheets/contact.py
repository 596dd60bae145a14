"""``python -m tests.sheets.contact OUTPUT PICTURE``: the contact sheet, as the README shows it.

OUTPUT is where the quickstart was previewed, with sh040_t01 circled: out/day-off. Needs Chromium.
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path

from PIL import Image

from tests.chromium import chromium

SIZE = 1360, 1060


def main() -> None:
    """The head of report.html, in the dark."""
    parser = argparse.ArgumentParser(prog="python -m tests.sheets.contact", description=__doc__)
    parser.add_argument("output", type=Path, metavar="OUTPUT")
    parser.add_argument("picture", type=Path, metavar="PICTURE")
    asked = parser.parse_args()
    with chromium() as page:
        page.looks(*SIZE, dark=True)
        page.open((asked.output.resolve() / "report.html").as_uri())
        page.wait("[...document.images].slice(0, 8).every((image) => image.naturalWidth)")
        picture = Image.open(io.BytesIO(page.picture()))
    picture.convert("RGB").save(asked.picture, quality=84, optimize=True, progressive=True)


if __name__ == "__main__":
    main()
