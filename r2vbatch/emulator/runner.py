"""Runs what the service let in: references, slate, run time, and the end of the task.

The only room that joins the state (`service`) with what makes clips. Each running task is one
asyncio task; the queue itself is the service's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

from r2vbatch.emulator.ask import Ask, Reference, usage
from r2vbatch.emulator.faults import Fault
from r2vbatch.emulator.media import Medium, check
from r2vbatch.emulator.options import Options
from r2vbatch.emulator.parameters import shaped_like
from r2vbatch.emulator.references import Missing, References
from r2vbatch.emulator.refusals import Refusal
from r2vbatch.emulator.renderer import Renderer
from r2vbatch.emulator.service import Lane, Service, Task
from r2vbatch.emulator.slate.model import Picture, Slate
from r2vbatch.emulator.voices import Voice

T = TypeVar("T")

SOONEST_FAILURE = 3.0
"""A task that fails does so after this long at most, as reports of the service show."""


class Runner:
    """Starts tasks as places come free."""

    def __init__(self, service: Service, references: References, renderer: Renderer) -> None:
        self._service = service
        self._references = references
        self._renderer = renderer
        self._slates: dict[str, Slate] = {}
        self._running: set[asyncio.Task[None]] = set()

    def fill(self, lane: Lane) -> None:
        """Start what may start."""
        while (task := self._service.next_to_run(lane)) is not None:
            running = asyncio.create_task(self._run(task), name=f"run {task.id}")
            self._running.add(running)
            running.add_done_callback(self._running.discard)

    async def stop(self) -> None:
        """Drop everything that runs, and what is being fetched for it."""
        for running in tuple(self._running):
            running.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await self._references.stop()

    async def clip(self, task: Task) -> Path | None:
        """The file of a task's clip; None when it has none."""
        slate = self._slates.get(task.id)
        return await self._renderer.clip(slate) if slate else None

    async def _run(self, task: Task) -> None:
        loop = asyncio.get_running_loop()
        ready = loop.time() + min(task.run_seconds, self._service.options.longest_run)
        try:
            await self._make(task, ready)
        except Refusal as refusal:
            await asyncio.sleep(min(task.run_seconds, SOONEST_FAILURE))
            self._service.fail(task, refusal.code, refusal.message)
        except Exception as problem:  # a task must end, whatever breaks in drawing it
            message = f"The emulator could not draw this slate: {problem!r}"
            self._service.fail(task, "InternalError.Algo", message)
        self.fill(task.lane)

    async def _make(self, task: Task, ready: float) -> None:
        ask, options = task.ask, self._service.options
        if ask.later:
            raise ask.later
        media = [await self._medium(task, r, options) for r in ask.references]
        voices = [await self._voice(task, r, options) for r in ask.references]
        refused = check(ask, media, options)
        if refused:
            raise refused
        for reference, medium in zip(ask.references, media, strict=True):
            if reference.role == "first_frame" and medium:
                task.ask = ask = shaped_like(ask, medium.width, medium.height)
        slate = _misdrawn(_slate(task, media, voices), task.faults.get("clip_wrong"))
        bad_end = _bad_end(task, options)
        if not bad_end:
            await self._renderer.clip(slate)
        await asyncio.sleep(max(0.0, ready - asyncio.get_running_loop().time()))
        if bad_end:
            self._service.fail(task, *bad_end)
            return
        self._slates[task.id] = slate
        whole = options.usage_seconds == "whole"
        self._service.succeed(task, usage(ask, _video_seconds(ask, media), whole=whole))

    async def _medium(self, task: Task, reference: Reference, options: Options) -> Medium | None:
        return await _if_there(self._references.find(task, reference), options)

    async def _voice(self, task: Task, reference: Reference, options: Options) -> Voice | None:
        if reference.voice is None:
            return None
        return await _if_there(self._references.voice(task, reference.voice), options)


async def _if_there(finding: Awaitable[T], options: Options) -> T | None:
    try:
        return await finding
    except Missing as missing:
        if options.missing_reference == "fail":
            raise missing.refusal from missing
        return None


def _video_seconds(ask: Ask, media: Sequence[Medium | None]) -> list[Decimal | None]:
    """Lengths of the reference videos; None for one that is only known to be a video."""
    lengths: list[Decimal | None] = []
    for reference, medium in zip(ask.references, media, strict=True):
        if _is_video(reference, medium):
            lengths.append(medium.seconds if medium else None)
    return lengths


def _is_video(reference: Reference, medium: Medium | None) -> bool:
    if medium:
        return medium.kind == "video"
    path = reference.url.partition("?")[0].lower()
    return reference.role == "reference_video" or path.endswith((".mp4", ".mov"))


def _slate(task: Task, media: Sequence[Medium | None], voices: Sequence[Voice | None]) -> Slate:
    ask = task.ask
    return Slate(
        shot=str(task.slate.get("shot") or task.id[:8]),
        take=task.slate.get("take"),
        model=ask.model,
        prompt=ask.prompt,
        width=ask.width,
        height=ask.height,
        seconds=ask.duration,
        audio=ask.audio,
        watermark=ask.watermark,
        seed=ask.seed,
        pictures=_pictures(task, media, voices),
    )


def _pictures(
    task: Task, media: Sequence[Medium | None], voices: Sequence[Voice | None]
) -> tuple[Picture, ...]:
    names = task.slate.get("names") or []
    pictures: list[Picture] = []
    counts = {"Image": 0, "Video": 0}
    given = zip(task.ask.references, media, voices, strict=True)
    for index, (reference, medium, voice) in enumerate(given):
        token = f"character{index + 1}"
        if task.ask.separate_numbers and reference.role != "first_frame":
            word = "Video" if reference.role == "reference_video" else "Image"
            counts[word] += 1
            token = f"{word} {counts[word]}"
        elif task.ask.separate_numbers:
            token = "first frame"
        name = names[index] if index < len(names) else None
        pictures.append(
            Picture(
                token=token,
                name=str(name or token),
                kind=medium.kind if medium else "missing",
                file=medium.path if medium else None,
                content=medium.sha256 if medium else reference.url[:500],
                opens=reference.role == "first_frame",
                voice=voice.path if voice else None,
                heard=voice.sha256 if voice else "",
            )
        )
    return tuple(pictures)


def _bad_end(task: Task, options: Options) -> tuple[str | None, str | None] | None:
    """Code and message of a task that fails on order, or because it runs too long."""
    if fail := task.faults.get("fail"):
        code, _, message = fail.value.partition(": ")
        return code or None, message or None
    if task.run_seconds > options.longest_run:
        late = Refusal.of("InternalError.Timeout")
        return late.code, late.message
    return None


def _misdrawn(slate: Slate, fault: Fault | None) -> Slate:
    """The slate, or one that is not as asked."""
    if fault is None:
        return slate
    if fault.value == "silent":
        return replace(slate, audio=False)
    if fault.value == "length":
        return replace(slate, seconds=slate.seconds - 1)
    return replace(slate, width=640, height=360)
