"""Draws a slate."""

from __future__ import annotations

from pathlib import Path

from r2vbatch.emulator.slate.model import Slate
from r2vbatch.emulator.slate.plain import render_plain


def render(slate: Slate, path: Path) -> None:
    """Write the clip to `path`."""
    render_plain(slate, path)
