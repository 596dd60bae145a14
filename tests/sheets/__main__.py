"""``python -m tests.sheets FOLDER [CASE…]``: each case at all ten sizes, one picture a case."""

from __future__ import annotations

import argparse
from pathlib import Path

from r2vbatch.emulator.models import SIZES
from tests.sheets.cases import CASES
from tests.sheets.paper import frames, sheet

HEIGHT = 480


def main() -> None:
    """Draw what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.sheets", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where the pictures go")
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"only these: {', '.join(CASES)}")
    asked = parser.parse_args()
    if unknown := set(asked.cases) - set(CASES):
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    asked.folder.mkdir(parents=True, exist_ok=True)
    for name in asked.cases or CASES:
        file = asked.folder / f"{name}.png"
        rows = []
        for tier in _tiers():
            columns = [list(frames(*CASES[name].at(size))) for size in tier]
            rows += [list(row) for row in zip(*columns, strict=True)]
        sheet(rows, HEIGHT).save(file)
        print(file)


def _tiers() -> list[list[tuple[int, int]]]:
    """The sizes of 720P and of 1080P."""
    by_area = sorted(SIZES.values(), key=lambda size: size[0] * size[1])
    return [sorted(by_area[:5], reverse=True), sorted(by_area[5:], reverse=True)]


main()
