"""What a manifest comes to: all takes, with request, price, order and fingerprint.

Pure: no file is opened, no clock read, nothing sent. Facts of files come from ``media``,
models and prices from ``catalogue``; what exists already is the ledger's to know.
"""

from __future__ import annotations

from r2vbatch.planning.build import plan
from r2vbatch.planning.compose import expected, request
from r2vbatch.planning.files import linked, local_files
from r2vbatch.planning.identity import another, take_id
from r2vbatch.planning.model import Plan, PlannedTake
from r2vbatch.planning.retakes import Asked, with_retakes

__all__ = [
    "Asked",
    "Plan",
    "PlannedTake",
    "another",
    "expected",
    "linked",
    "local_files",
    "plan",
    "request",
    "take_id",
    "with_retakes",
]
