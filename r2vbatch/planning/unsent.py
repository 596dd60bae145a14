"""What a shot asks for and its model is not sent: a rule of ``lint``.

Settings, voices and first frames are some models' alone, and a storyboard should run on each of
them; so they are left out with a word, and never refused.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from r2vbatch.diagnostics import Diagnostic
from r2vbatch.manifest.model import diagnose
from r2vbatch.planning.subject import Subject

_SETTINGS = ("audio", "shot_type", "prompt_extend", "watermark", "seed")
_ALIKE = 0.03
"""How far a picture may be from a ratio and still have its shape, of 1."""


def unsent(subject: Subject) -> Iterator[Diagnostic]:
    """Everything of a shot that is not sent, or not as it is written."""
    yield from _settings(subject)
    yield from _size(subject)
    yield from _parts(subject)


def _settings(subject: Subject) -> Iterator[Diagnostic]:
    shot, model = subject.shot, subject.model
    hints = {
        "audio": f"clips of {model.name} always have sound, and are priced so",
        "shot_type": "say it in the prompt: Shot 1 [0-3s] … Shot 2 [3-5s] …",
    }
    for key in _SETTINGS:
        if key in shot.settings and not model.has(key):
            yield _told(subject, key, f"{model.name} has no {key}; it is not sent", hints.get(key))


def _size(subject: Subject) -> Iterator[Diagnostic]:
    """A size where the model has none, and a shape where a first frame gives it."""
    settings, model = subject.shot.settings, subject.model
    if model.has("size"):
        return
    unknown = "", str(settings.get("ratio", ""))
    tier, ratio = model.by_size.get(str(settings.get("size")), unknown)
    framed = subject.given.first_frame is not None
    bent = framed and ratio in model.ratios and not _has_shape(subject, ratio)
    shape = "the clip takes the shape of its first frame"
    crop = f"crop the picture to {ratio}, or leave the {'size' if tier else 'ratio'} out"
    if tier:
        sent = f"resolution {tier}" if framed else f"resolution {tier} and ratio {ratio}"
        message = f"{model.name} has no size; sent as {sent}" + (f", and {shape}" if bent else "")
        yield _told(subject, "size", message, crop if bent else None)
    elif bent:
        yield _told(subject, "ratio", f"{shape}; ratio {ratio} is not sent", crop)


def _has_shape(subject: Subject, ratio: str) -> bool:
    """Whether the first frame is known to be of `ratio`."""
    frame = subject.given.first_frame
    if frame and frame.frame_of:
        return True  # that of another clip, which is as likely of the same shape
    facts = subject.facts.get(frame.file) if frame and frame.file else None
    if facts is None or not facts.width or not facts.height:
        return False
    wide, high = map(int, ratio.split(":"))
    return abs(math.log(facts.width / facts.height * high / wide)) < _ALIKE


def _parts(subject: Subject) -> Iterator[Diagnostic]:
    """Voices and a first frame that the model does not take."""
    shot, model = subject.shot, subject.model
    for reference in shot.references:
        if reference.voice and not model.voices:
            yield diagnose(
                reference.voice.origin,
                f"{model.name} takes no voice beside a reference; it is not sent",
                rule="parameter-ignored",
                hint="a video lends its own voice; else say in the prompt how it sounds",
                severity="warning",
            )
    if shot.first_frame and not model.naming.first_frame:
        yield diagnose(
            shot.first_frame.origin,
            f"{model.name} has no first_frame; it is not sent",
            rule="parameter-ignored",
            hint="give the picture as a reference, and say in the prompt that the shot opens on it",
            severity="warning",
        )


def _told(subject: Subject, key: str, message: str, hint: str | None = None) -> Diagnostic:
    return diagnose(
        subject.shot.where(key),
        message,
        rule="parameter-ignored",
        hint=hint or "",
        severity="warning",
    )
