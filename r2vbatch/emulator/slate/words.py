"""What a prompt says, and when: scenes, who is in them, who speaks. Pure text.

``Shot 1 [0-3s]`` and ``第1个镜头[0-3秒]`` begin a scene; what stands before the first is said of
the whole. Names of references are found so that they can be shown as people call them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from r2vbatch.emulator.slate.model import FPS, Picture

_SECONDS = r"\s*(?:s|sec|seconds|秒)?\s*"
_HAN = r"[\d一二三四五六七八九十]+"
LABEL = re.compile(
    rf"(?P<label>\bshot\s*\d+|第\s*{_HAN}\s*个?\s*(?:镜头|分镜)|(?:镜头|分镜)\s*{_HAN})\s*[:,：，]?\s*"
    rf"[\[【(（]\s*(?P<start>\d+(?:\.\d+)?){_SECONDS}(?:[-–—~～至到]|to)\s*"
    rf"(?P<end>\d+(?:\.\d+)?){_SECONDS}[\]】)）]\s*[:：,，.。]?\s*",
    re.IGNORECASE,
)
QUOTE = re.compile(r"“([^”]*)”|\"([^\"]*)\"|「([^」]*)」|『([^』]*)』|＂([^＂]*)＂")
CLAUSE_END = re.compile(r"[,;，；、]\s*")
CONJUNCTION = re.compile(r"\s*(?:(?:and|then|but|so)\b|然后|接着|随后|而|但)?\s*", re.IGNORECASE)
SENTENCE_END = re.compile(r"[.!?。！？…]\s*|\n")
MENTION = re.compile(
    r"(?<![a-z0-9_])(?:character\s?\d+|image\s?\d+|video\s?\d+)(?![0-9])|(?:图|视频)\s?\d+",
    re.IGNORECASE,
)
ELLIPSIS = "..."
"""Stands in the action where a line of dialogue was; it is shown apart."""
NARROW_SECONDS, WIDE_SECONDS = 0.065, 0.22
"""What a character takes to say: of an alphabet, and of Chinese, Japanese or Korean."""
SHORTEST_SECONDS = 1.2
"""Even a single word of dialogue stands long enough to be read."""


class Run(NamedTuple):
    """A stretch of text; `picture` is the index of the reference it names, if it does."""

    text: str
    picture: int | None = None


@dataclass(frozen=True, slots=True)
class Speech:
    """A line of dialogue, and the frames it is said in: it stands from `start` to `end`."""

    start: int
    end: int
    speaker: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Scene:
    """A stretch of the clip, in frames, with one picture composition."""

    start: int
    end: int
    label: str
    """``Shot 2 · 3–6 s``; empty where the prompt names no shots."""
    action: tuple[Run, ...]
    speeches: tuple[Speech, ...]
    shown: tuple[int, ...]
    """Indices of the references in it."""


def scenes(prompt: str, seconds: int, pictures: Sequence[Picture]) -> list[Scene]:
    """The scenes of a prompt; they touch, begin at frame 0 and fill the clip."""
    everyone = tuple(i for i, picture in enumerate(pictures) if not picture.opens)
    names = {_fold(p.token): i for i, p in enumerate(pictures)}
    cut = [
        _scene(start, end, label, text, names, everyone if not label else ())
        for start, end, label, text in _cut(" ".join(prompt.split()), seconds * FPS)
    ]
    return [Scene(s.start, s.end, s.label, s.action, s.speeches, s.shown or everyone) for s in cut]


def _cut(prompt: str, frames: int) -> Iterator[tuple[int, int, str, str]]:
    """(start, end, label, text) of each scene, in order, without gaps."""
    labels = sorted(LABEL.finditer(prompt), key=lambda m: float(m["start"]))
    labels = [m for m in labels if float(m["start"]) * FPS < frames]
    if not labels:
        yield 0, frames, "", prompt
        return
    overall = prompt[: min(m.start() for m in labels)].strip()
    bounds = [round(float(m["start"]) * FPS) for m in labels] + [frames]
    bounds[0] = 0
    for match, (start, end) in zip(labels, pairwise(bounds), strict=True):
        if start >= end:
            continue
        following = LABEL.search(prompt, match.end())
        text = prompt[match.end() : following.start() if following else None].strip()
        if start == 0 and overall:
            text = f"{overall}{'' if _wide(overall[-1]) else ' '}{text}"
        yield start, end, _label(match), text


def _label(match: re.Match[str]) -> str:
    second = "秒" if _wide(match["label"][0]) else "s"
    return f"{match['label']}  ·  {match['start']}–{match['end']} {second}"


def _scene(
    start: int, end: int, label: str, text: str, names: dict[str, int], shown: tuple[int, ...]
) -> Scene:
    quotes = list(QUOTE.finditer(text))
    action = re.sub(rf"\s+(?={re.escape(ELLIPSIS)})", "\xa0", QUOTE.sub(ELLIPSIS, text))
    mentioned = {r.picture for r in runs(text, names) if r.picture is not None}
    return Scene(
        start=start,
        end=end,
        label=label,
        action=tuple(runs(action, names)),
        speeches=tuple(_speeches(text, quotes, start, end, names)),
        shown=shown or tuple(sorted(mentioned)),
    )


def _speeches(
    text: str, quotes: Sequence[re.Match[str]], start: int, end: int, names: dict[str, int]
) -> Iterator[Speech]:
    """Each line begins where it stands in the text, as a share of the scene, but early enough
    to be said."""
    lines = [next(group for group in quote.groups() if group is not None) for quote in quotes]
    needed = [FPS * spoken(line) for line in lines]
    latest = float(end)
    begins: list[float] = []
    for quote, frames in zip(reversed(quotes), reversed(needed), strict=True):
        wanted = start + (end - start) * quote.start() / max(len(text), 1)
        share = (latest - start) / (len(quotes) - len(begins))
        latest = max(start, min(wanted, latest - min(frames, share)))
        begins.append(latest)
    begins.reverse()
    for quote, line, begin, after, frames in zip(
        quotes, lines, begins, [*begins, end][1:], needed, strict=True
    ):
        if line.strip():
            until = round(min(after, begin + frames))
            yield Speech(round(begin), until, _speaker(text, quote, names), line.strip())


def spoken(line: str) -> float:
    """Seconds that a line of dialogue takes to say, at an easy pace."""
    wide = sum(map(_wide, line))
    return max(SHORTEST_SECONDS, wide * WIDE_SECONDS + (len(line) - wide) * NARROW_SECONDS)


def _wide(sign: str) -> bool:
    """Chinese, Japanese or Korean: said slowly, and set without spaces."""
    return unicodedata.east_asian_width(sign) in ("W", "F")


def _speaker(text: str, quote: re.Match[str], names: dict[str, int]) -> int | None:
    """Who says it. In the sentence that leads to the quotation: who begins its last clause that
    a name begins (``while A waits, B says``), else its first name; else who follows it."""
    before = QUOTE.split(text[: quote.start()])[-1] or ""
    sentence = [part for part in SENTENCE_END.split(before) if part.strip()][-1:]
    for clause in reversed([c for part in sentence for c in CLAUSE_END.split(part)]):
        conjunction = CONJUNCTION.match(clause)
        opening = next(runs(clause[conjunction.end() if conjunction else 0 :], names), None)
        if opening and opening.picture is not None:
            return opening.picture
    following = SENTENCE_END.split(QUOTE.split(text[quote.end() :])[0])[0]
    named = [
        run.picture
        for part in (*sentence, following)
        for run in runs(part, names)
        if run.picture is not None
    ]
    return named[0] if named else None


def runs(text: str, names: dict[str, int]) -> Iterator[Run]:
    """The text in stretches, those that name a reference apart."""
    position = 0
    for match in MENTION.finditer(text):
        index = names.get(_fold(match[0]))
        if index is None:
            continue
        if match.start() > position:
            yield Run(text[position : match.start()])
        yield Run(match[0], index)
        position = match.end()
    if position < len(text):
        yield Run(text[position:])


def _fold(token: str) -> str:
    folded = token.lower().replace(" ", "")
    return folded.replace("图", "image").replace("视频", "video")
