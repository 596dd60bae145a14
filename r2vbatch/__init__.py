"""r2vbatch: storyboards to clips, and clips to a film, paid for once.

From Python::

    from r2vbatch import load, plan, run_sync

    film = load("storyboard.yaml")               # ManifestInvalid: all problems, each on its line
    print(plan(film).price)                      # 2.63 USD
    report = run_sync(film)                      # the preview: free, a slate for each take
    report = run_sync(film, endpoint="singapore", max_cost="3.00 USD")
    for take in report.takes:
        print(take.id, take.state, take.clip)

``await run(…)`` is the same inside an event loop. A name is loaded when it is first asked for:
``import r2vbatch`` alone costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from r2vbatch.api.reading import check, load, plan
    from r2vbatch.api.running import run, run_sync
    from r2vbatch.batch.report import Report, TakeReport
    from r2vbatch.diagnostics import Diagnostic, Position
    from r2vbatch.errors import ManifestInvalid, OutputUnavailable, R2VBatchError, UsageProblem
    from r2vbatch.ledger import Purse, State
    from r2vbatch.manifest.model import Manifest, Money
    from r2vbatch.planning import Plan, PlannedTake, request
    from r2vbatch.progress import Event

__version__ = "0.1.0"

_ROOMS = {  # where the names of `__all__` live
    "api.reading": ("check", "load", "plan"),
    "api.running": ("run", "run_sync"),
    "batch.report": ("Report", "TakeReport"),
    "diagnostics": ("Diagnostic", "Position"),
    "errors": ("ManifestInvalid", "OutputUnavailable", "R2VBatchError", "UsageProblem"),
    "ledger": ("Purse", "State"),
    "manifest.model": ("Manifest", "Money"),
    "planning": ("Plan", "PlannedTake", "request"),
    "progress": ("Event",),
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = [
    "Diagnostic",
    "Event",
    "Manifest",
    "ManifestInvalid",
    "Money",
    "OutputUnavailable",
    "Plan",
    "PlannedTake",
    "Position",
    "Purse",
    "R2VBatchError",
    "Report",
    "State",
    "TakeReport",
    "UsageProblem",
    "check",
    "load",
    "plan",
    "request",
    "run",
    "run_sync",
]


def __getattr__(name: str) -> object:
    """A public name, from the room it lives in."""
    if name not in _ROOM_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(f"{__name__}.{_ROOM_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_ROOM_OF])
