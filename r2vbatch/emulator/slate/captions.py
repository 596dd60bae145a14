"""The prompt at the foot of the picture: what happens, and below it who says what.

Each caption is drawn once and stands for some frames. The type is as large as lets the longest
scene fit; only a prompt too long for the smallest type is turned page by page.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from PIL import Image, ImageDraw

from r2vbatch.emulator.slate.composition import Frame
from r2vbatch.emulator.slate.model import Picture
from r2vbatch.emulator.slate.planes import Overlay, overlay
from r2vbatch.emulator.slate.typeset import Line, Piece, balanced, draw_line, is_cjk, leading, wrap
from r2vbatch.emulator.slate.words import Run, Scene, Speech

COLOURS = ("#ffc457", "#5ed6c4", "#ff9a86", "#c3a8ff", "#a9dd78")
"""One for each reference, wherever it is named."""
TEXT, DIM, SPEECH = "#e9ebef", "#a3a9b4", "#ffffff"
SIZES = (30, 28, 26, 24, 22, 20)
"""Type sizes at 720 pixels, tried in turn."""
TALLEST = 0.34
"""Share of the height that captions may take."""
LINES_OF_SPEECH = 2
BAND = (13, 15, 18)


class Caption(NamedTuple):
    """A drawn caption, from frame `start` to frame `end`; `speaker` is talking."""

    start: int
    end: int
    speaker: int | None
    overlay: Overlay


class _Setting(NamedTuple):
    """How the captions of one slate are set."""

    size: int
    label: int
    action_lines: int
    speech_lines: int

    @property
    def speech_size(self) -> int:
        return round(self.size * 1.08)

    @property
    def height(self) -> int:
        spoken = leading(self.speech_size) * self.speech_lines
        between = self.size // 3 if self.speech_lines else 0
        return self.label + leading(self.size) * self.action_lines + between + spoken


class Captions:
    """All captions of a slate. `top`: where they begin; above it nothing of theirs is drawn."""

    def __init__(self, frame: Frame, scenes: Sequence[Scene], pictures: Sequence[Picture]) -> None:
        self._frame = frame
        self._pictures = pictures
        self._setting = self._choose(scenes)
        pad = frame.px(18)
        foot = frame.margin[1]
        self._text_top = frame.height - foot - self._setting.height
        self.top = (self._text_top - pad) & ~1

    def _choose(self, scenes: Sequence[Scene]) -> _Setting:
        tallest = self._frame.height * TALLEST
        for size in SIZES:
            setting = self._measure(scenes, self._frame.px(size))
            if setting.height <= tallest:
                return setting
        over = setting.height - tallest
        fits = max(2, setting.action_lines - math.ceil(over / leading(setting.size)))
        pages = math.ceil(setting.action_lines / fits)
        return setting._replace(action_lines=math.ceil(setting.action_lines / pages))

    def _measure(self, scenes: Sequence[Scene], size: int) -> _Setting:
        labelled = any(scene.label for scene in scenes)
        setting = _Setting(size, leading(self._label_size) if labelled else 0, 0, 0)
        action = max(len(self._action(scene, size)) for scene in scenes)
        spoken = [
            len(self._speech(s, setting.speech_size)) for scene in scenes for s in scene.speeches
        ]
        return setting._replace(
            action_lines=action, speech_lines=min(LINES_OF_SPEECH, max(spoken, default=0))
        )

    @property
    def _label_size(self) -> int:
        return self._frame.px(19)

    def _pieces(self, runs: Sequence[Run]) -> Iterator[Piece]:
        for run in runs:
            if run.picture is None:
                yield Piece(run.text, TEXT)
            else:
                name = self._pictures[run.picture].name
                yield Piece(name, COLOURS[run.picture % len(COLOURS)])

    def _action(self, scene: Scene, size: int) -> list[Line]:
        return wrap(self._pieces(scene.action), size, self._frame.text_width)

    def _speech(self, speech: Speech, size: int) -> list[Line]:
        said = Piece(_quoted(speech.text), SPEECH)
        indent = self._frame.px(16)
        pieces = [said]
        if speech.speaker is not None:
            colour = COLOURS[speech.speaker % len(COLOURS)]
            pieces = [Piece(f"{self._pictures[speech.speaker].name}: ", colour), said]
        return balanced(pieces, size, self._frame.text_width - indent)

    def of(self, scene: Scene, *, solid: bool) -> list[Caption]:
        """The captions of one scene, in order. `solid`: on a band, else on a shade that lets
        the picture through."""
        pages = self._pages(scene)
        turns = [s.start for s in scene.speeches]
        turns += [start for start, _ in pages]
        bounds = sorted({scene.start, *turns, scene.end})
        captions = []
        for start, end in pairwise(bounds):
            page = [lines for begin, lines in pages if begin <= start][-1]
            speech = next((s for s in reversed(scene.speeches) if s.start <= start), None)
            drawn = self._draw(scene.label, page, speech, solid=solid)
            speaker = speech.speaker if speech else None
            captions.append(Caption(start, end, speaker, drawn))
        return captions

    def _pages(self, scene: Scene) -> list[tuple[int, list[Line]]]:
        """(first frame, lines) of each page; time goes by the number of lines."""
        lines = self._action(scene, self._setting.size)
        most = max(1, self._setting.action_lines)
        cut = [lines[i : i + most] for i in range(0, len(lines), most)] or [[]]
        frames = scene.end - scene.start
        done = 0
        pages = []
        for page in cut:
            pages.append((scene.start + frames * done // max(len(lines), 1), page))
            done += len(page)
        return pages

    def _draw(
        self, label: str, page: Sequence[Line], speech: Speech | None, *, solid: bool
    ) -> Overlay:
        frame, setting = self._frame, self._setting
        shade = 0 if solid else frame.px(70)
        top = self.top - shade
        image = _ground(frame.width, frame.height - top, shade)
        draw = ImageDraw.Draw(image)
        x, y = frame.margin[0], self._text_top - top
        if label:
            draw_line(draw, (x, y), [Piece(label, DIM)], self._label_size)
        y += setting.label
        for line in page:
            draw_line(draw, (x, y), line, setting.size)
            y += leading(setting.size)
        if speech:
            self._draw_speech(draw, speech, image.height)
        return overlay(image, (0, top))

    def _draw_speech(self, draw: ImageDraw.ImageDraw, speech: Speech, bottom: int) -> None:
        frame, size = self._frame, self._setting.speech_size
        lines = self._speech(speech, size)[:LINES_OF_SPEECH]
        x = frame.margin[0]
        y = bottom - frame.margin[1] - leading(size) * self._setting.speech_lines
        colour = TEXT if speech.speaker is None else COLOURS[speech.speaker % len(COLOURS)]
        high = leading(size) * len(lines)
        draw.rectangle((x, y + size // 8, x + frame.px(4) - 1, y + high - size // 8), fill=colour)
        for line in lines:
            draw_line(draw, (x + frame.px(16), y), line, size)
            y += leading(size)


def _quoted(text: str) -> str:
    """The font's curly marks are as wide as a Chinese character: right only among those."""
    return f"“{text}”" if is_cjk(text) else f'"{text}"'


def _ground(width: int, height: int, shade: int) -> Image.Image:
    """A dark ground; its first `shade` rows fade in, and then it lets a little through."""
    strength = 190 if shade else 255
    alpha = Image.new("L", (1, height), strength)
    for row in range(shade):
        alpha.putpixel((0, row), round(strength * (row / shade) ** 1.5))
    image = Image.new("RGBA", (width, height), (*BAND, 255))
    image.putalpha(alpha.resize((width, height)))
    return image
