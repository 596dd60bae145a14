"""References and prompt as the model knows them: ``@ellen`` becomes ``character1``.

And the way back: where in the manifest a character of the sent prompt was written.
This room refuses to know parameters and prices.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from urllib.parse import quote

from r2vbatch.catalogue import Model
from r2vbatch.manifest.model import MediaKind, Mention, PromptText, Reference, Shot
from r2vbatch.planning.given import given
from r2vbatch.planning.model import Facts, FileFacts, Sent

_CHINESE = re.compile("[\u4e00-\u9fff]")


def name_references(shot: Shot, model: Model, facts: Facts) -> tuple[Sent, ...]:
    """What `shot` gives to `model`, as it is sent: the references, each with the token that the
    model knows it by, and the first frame behind them."""
    parts = given(shot, model)
    named = tuple(_name_each(parts.references, model, facts))
    if parts.first_frame is None:
        return named
    frame = replace(_unnamed(parts.first_frame, facts), opens=True)
    if frame.frame_of:  # such a frame has no name, but may be spoken of
        frame = replace(frame, name=parts.first_frame.name, token=opening(shot))
    return *named, frame


def opening(shot: Shot) -> str:
    """What a first frame is called in the words of the prompt."""
    return "首帧" if _CHINESE.search(shot.prompt.text) else "the first frame"


def _name_each(references: Sequence[Reference], model: Model, facts: Facts) -> Iterator[Sent]:
    naming = model.naming
    counts: dict[MediaKind | None, int] = {}
    for reference in references:
        measured = facts.get(reference.file) if reference.file else None
        kind = reference.kind or (measured.kind if measured else None)
        numbered: MediaKind | None = None if naming.shared else kind or "image"
        counts[numbered] = counts.get(numbered, 0) + 1
        yield Sent(
            name=reference.name,
            token=naming.names[kind or "image"].format(n=counts[numbered]),
            kind=kind,
            url=_planned_url(reference, measured),
            file=reference.file,
            sha256=measured.sha256 if measured else None,
            voice=_unnamed(reference.voice, facts) if reference.voice and model.voices else None,
            frame_of=reference.frame_of,
        )


def _unnamed(reference: Reference, facts: Facts) -> Sent:
    """What goes with the request and has no token."""
    measured = facts.get(reference.file) if reference.file else None
    sha256 = measured.sha256 if measured else None
    url = _planned_url(reference, measured)
    return Sent(None, "", reference.kind, url, reference.file, sha256, frame_of=reference.frame_of)


def _planned_url(reference: Reference, measured: FileFacts | None) -> str:
    if reference.file is None:
        return reference.url or ""
    name = measured.named(reference.file.name) if measured else reference.file.name
    content = measured.sha256 if measured else "unknown"
    return f"oss://PENDING/{content}/{quote(name, safe='')}"


def spoken(prompt: PromptText, sent: Sequence[Sent]) -> str:
    """The prompt as it is sent."""
    tokens = _tokens(sent)
    return "".join(_as_sent(part, tokens) for part in prompt.parts)


def written_at(prompt: PromptText, sent: Sequence[Sent], index: int) -> int:
    """Where the character `index` of the sent prompt stands in the text as written."""
    tokens = _tokens(sent)
    written = 0
    for part in prompt.parts:
        length = len(_as_sent(part, tokens))
        if index < length:
            return written + (index if isinstance(part, str) else 0)
        index -= length
        written += _written_length(part)
    return written


def _tokens(sent: Sequence[Sent]) -> Mapping[str, str]:
    return {reference.name: reference.token for reference in sent if reference.name}


def _as_sent(part: str | Mention, tokens: Mapping[str, str]) -> str:
    # a mention of nothing given is an error elsewhere; its own name keeps the text readable
    return part if isinstance(part, str) else tokens.get(part.name, part.name)


def _written_length(part: str | Mention) -> int:
    return len(part) if isinstance(part, str) else len(part.name) + 1
