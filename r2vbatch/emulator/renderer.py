"""Who draws the slates: a pool of processes, and a shelf of what was drawn.

Equal slates are drawn once. With `render` off, one cheap clip stands for all tasks of a size,
length and sound; it is drawn in a thread, so that load tests start no process.
"""

from __future__ import annotations

import asyncio
import os
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path

from r2vbatch.emulator.slate.model import Slate
from r2vbatch.threads import in_thread
from r2vbatch.workers import Pool

MOST_WORKERS = 4
ROOM_BYTES = 2 * 2**30
"""Clips kept on disk; the one asked for longest ago goes first, and is drawn again if needed."""


class Renderer:
    """Draws slates into `folder`. Use from one event loop; `stop` when done."""

    def __init__(self, folder: Path, *, plain: bool, workers: int | None) -> None:
        self._folder = folder
        self._plain = plain
        self._workers = workers or min(MOST_WORKERS, os.cpu_count() or 1)
        self._shelf: dict[str, asyncio.Task[Path]] = {}
        """Drawn or being drawn, by key, the one asked for last at the end."""
        self._sizes: dict[str, int] = {}
        self._used = 0
        self._pool: Pool | None = None

    async def clip(self, slate: Slate) -> Path:
        """The file of a slate, drawn now if there is none yet."""
        if self._plain:
            slate = replace(slate, shot="", take=None, prompt="", seed=None, pictures=())
        drawing = self._shelf.pop(slate.key, None)
        if drawing is None:
            drawing = asyncio.create_task(self._draw(slate), name=f"draw {slate.shot}")
        self._shelf[slate.key] = drawing
        try:
            path = await asyncio.shield(drawing)
        except Exception:
            if self._shelf.get(slate.key) is drawing:  # and not a later one, which `stop` must find
                del self._shelf[slate.key]
            raise
        self._make_room()
        return path

    def _make_room(self) -> None:
        """Drop the clips asked for longest ago; never the last one."""
        for key in list(self._shelf)[:-1] if self._used > ROOM_BYTES else ():
            if key not in self._sizes:
                continue  # still being drawn
            del self._shelf[key]
            self._used -= self._sizes.pop(key)
            (self._folder / f"{key}.mp4").unlink()
            if self._used <= ROOM_BYTES:
                return

    async def _draw(self, slate: Slate) -> Path:
        path = self._folder / f"{slate.key}.mp4"
        if self._plain:
            await in_thread(_draw_plain, slate, path)
        else:
            await self._draw_in_pool(slate, path)
        self._sizes[slate.key] = path.stat().st_size
        self._used += self._sizes[slate.key]
        return path

    async def _draw_in_pool(self, slate: Slate, path: Path) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._ready_pool(), _draw_slate, slate, path)
        except BrokenProcessPool:
            self._dismiss()  # a worker was killed; the next slate gets a fresh pool
            raise

    def _ready_pool(self) -> Pool:
        if self._pool is None:
            self._pool = Pool(self._workers)
        return self._pool

    async def stop(self) -> None:
        """Drop what is being drawn, and let the workers go. Nothing writes to the folder then."""
        drawings = [d for d in self._shelf.values() if not d.done()]
        for drawing in drawings:
            drawing.cancel()
        try:
            await asyncio.gather(*drawings, return_exceptions=True)
        finally:
            await in_thread(self._dismiss)

    def _dismiss(self) -> None:
        """Let the workers go at once, whatever they are drawing."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.dismiss()


def _draw_slate(slate: Slate, path: Path) -> None:
    from r2vbatch.emulator.slate.render import render

    render(slate, path)


def _draw_plain(slate: Slate, path: Path) -> None:
    from r2vbatch.emulator.slate.plain import render_plain

    render_plain(slate, path)
