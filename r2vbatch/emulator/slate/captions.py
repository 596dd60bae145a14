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

from r2vbatch.emulator.slate.colours import BAND, DIM, LABEL, SPEECH, TEXT, of_cast
from r2vbatch.emulator.slate.composition import Frame
from r2vbatch.emulator.slate.model import Picture
from r2vbatch.emulator.slate.planes import Overlay, overlay
from r2vbatch.emulator.slate.typeset import (
    Line,
    Piece,
    balanced,
    draw_line,
    is_cjk,
    leading,
    width,
    wrap,
)
from r2vbatch.emulator.slate.words import Run, Scene, Speech

SIZES = (30, 28, 26, 24, 22, 20)
"""Type sizes at 720 pixels, tried in turn."""
TALLEST = 0.34
"""Share of the height that captions may take."""
LINES_OF_SPEECH = 2
WATERMARK = "AI generated"


class Caption(NamedTuple):
    """A drawn caption, from frame `start` to frame `end`; `speaker` is talking."""

    start: int
    end: int
    speaker: int | None
    overlay: Overlay


class _Turn(NamedTuple):
    """Lines of dialogue that stand together, from frame `start` to frame `end`."""

    start: int
    end: int
    speaker: int | None
    lines: list[Line]


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

    def __init__(
        self,
        frame: Frame,
        scenes: Sequence[Scene],
        pictures: Sequence[Picture],
        *,
        watermark: bool,
    ) -> None:
        """`watermark`: the service's mark stands below them."""
        self._frame, self._watermark = frame, watermark
        self._pictures = pictures
        self._colours = of_cast(picture.name for picture in pictures)
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
                yield Piece(name, self._colours[run.picture])

    def _action(self, scene: Scene, size: int) -> list[Line]:
        return wrap(self._pieces(scene.action), size, self._frame.text_width)

    def _speech(self, speech: Speech, size: int) -> list[Line]:
        said = Piece(_quoted(speech.text), SPEECH)
        indent = self._frame.px(16)
        pieces = [said]
        if speech.speaker is not None:
            colour = self._colours[speech.speaker]
            pieces = [Piece(f"{self._pictures[speech.speaker].name}: ", colour), said]
        return balanced(pieces, size, self._frame.text_width - indent)

    def of(self, scene: Scene, *, solid: bool) -> list[Caption]:
        """The captions of one scene, in order. `solid`: on a band, else on a shade that lets
        the picture through."""
        pages = self._pages(scene)
        turns = [turn for speech in scene.speeches for turn in self._turns(speech)]
        bounds = {scene.start, scene.end, *(start for start, _ in pages)}
        bounds |= {bound for turn in turns for bound in (turn.start, turn.end)}
        captions = []
        for start, end in pairwise(sorted(bounds)):
            page = [lines for begin, lines in pages if begin <= start][-1]
            turn = next((t for t in turns if t.start <= start < t.end), None)
            drawn = self._draw(scene.label, page, turn, solid=solid)
            captions.append(Caption(start, end, turn.speaker if turn else None, drawn))
        return captions

    def _turns(self, speech: Speech) -> list[_Turn]:
        """A line of dialogue in parts that fit, each as long as its share of the time."""
        lines = self._speech(speech, self._setting.speech_size)
        parts = [lines[i : i + LINES_OF_SPEECH] for i in range(0, len(lines), LINES_OF_SPEECH)]
        frames = speech.end - speech.start
        bounds = [speech.start + frames * i // len(parts) for i in range(len(parts) + 1)]
        return [
            _Turn(start, end, speech.speaker, part)
            for (start, end), part in zip(pairwise(bounds), parts, strict=True)
        ]

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
        self, label: str, page: Sequence[Line], turn: _Turn | None, *, solid: bool
    ) -> Overlay:
        frame, setting = self._frame, self._setting
        shade = 0 if solid else frame.px(120)
        top = self.top - shade
        image = _ground(frame.width, frame.height - top, shade)
        draw = ImageDraw.Draw(image)
        x, y = frame.margin[0], self._text_top - top
        if label:
            draw_line(draw, (x, y), [Piece(label, LABEL)], self._label_size)
        y += setting.label
        for line in page:
            draw_line(draw, (x, y), line, setting.size)
            y += leading(setting.size)
        if turn:
            self._draw_turn(draw, turn, image.height)
        if self._watermark:
            self._draw_watermark(draw, image.height)
        return overlay(image, (0, top))

    def _draw_turn(self, draw: ImageDraw.ImageDraw, turn: _Turn, bottom: int) -> None:
        frame, size = self._frame, self._setting.speech_size
        x = frame.margin[0]
        y = bottom - frame.margin[1] - leading(size) * self._setting.speech_lines
        colour = TEXT if turn.speaker is None else self._colours[turn.speaker]
        high = leading(size) * len(turn.lines)
        draw.rectangle((x, y + size // 8, x + frame.px(4) - 1, y + high - size // 8), fill=colour)
        for line in turn.lines:
            draw_line(draw, (x + frame.px(16), y), line, size)
            y += leading(size)

    def _draw_watermark(self, draw: ImageDraw.ImageDraw, bottom: int) -> None:
        frame = self._frame
        size = frame.px(16)
        x = frame.width - frame.margin[0] - width(WATERMARK, size)
        draw_line(draw, (x, bottom - frame.px(8) - leading(size)), [Piece(WATERMARK, DIM)], size)


def _quoted(text: str) -> str:
    """The font's curly marks are as wide as a Chinese character: right only among those."""
    return f"“{text}”" if is_cjk(text) else f'"{text}"'


def _ground(width: int, height: int, shade: int) -> Image.Image:
    """A dark ground; its first `shade` rows fade in, and then it lets a little through."""
    strength = 210 if shade else 255
    alpha = Image.new("L", (1, height), strength)
    for row in range(shade):
        share = row / shade
        alpha.putpixel((0, row), round(strength * share * share * (3 - 2 * share)))
    image = Image.new("RGBA", (width, height), (*BAND, 255))
    image.putalpha(alpha.resize((width, height)))
    return image
