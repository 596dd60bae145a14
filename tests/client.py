"""A pipeline's own script: what a typed client of the Python API looks like. Run by `test_api`, as
it stands and without a guard for `__main__`; checked by mypy in strict mode."""

from __future__ import annotations

import asyncio
import json
import sys
from decimal import Decimal
from pathlib import Path

from r2vbatch import Event, ManifestInvalid, Money, Report, State, load, plan, request, run

seen: list[str] = []


def follow(event: Event) -> None:
    if event.take is not None and event.after is State.DONE:
        left: float | None = event.seconds_left
        seen.append(event.take if left is None or left >= 0 else "")


async def make(file: str, endpoint: str) -> Report:
    film = load(file)
    drawn = plan(film, endpoint=endpoint)
    price: Money | None = drawn.price
    seconds: Decimal = drawn.seconds
    assert price is not None and seconds > 0
    models: set[str] = {request(take)["model"] for take in drawn.takes}
    assert len(models) == 1
    return await run(film, endpoint=endpoint, max_cost=price, on_event=follow)


try:
    report = asyncio.run(make(sys.argv[1], sys.argv[2]))
except ManifestInvalid as problem:
    for found in problem.diagnostics:
        print(f"{found.position.file}:{found.position.line}: {found.message}")
    sys.exit(problem.exit_code)
clips: list[Path] = [take.clip for take in report.takes if take.clip is not None]
assert all(clip.is_file() for clip in clips)
print(json.dumps({**report.as_dict(), "seen": sorted(seen), "clips": [c.name for c in clips]}))
sys.exit(report.exit_code)
