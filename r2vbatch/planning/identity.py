"""Ids and fingerprints: which clip belongs to which take.

A fingerprint is SHA-256 over what affects pixels and sound and over nothing else: not the
shot's id, not the names of files and cast, not how the YAML was laid out. So a renamed shot
keeps its clip, and an edited one is made again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from r2vbatch.catalogue import Model
from r2vbatch.manifest.model import Shot
from r2vbatch.planning.model import PlannedTake, Sent

VERSION = "r2vbatch-1"
"""Enters every fingerprint; changes when what is hashed, or how, changes."""

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def take_id(shot_id: str, number: int) -> str:
    """``sh010_t01``; numbers from 100 on have three digits."""
    return f"{shot_id}_t{number:02d}"


def shot_fingerprint(
    shot: Shot, model: Model, prompt: str, sent: tuple[Sent, ...], parameters: Mapping[str, Any]
) -> str:
    """The fingerprint that all takes of a shot share: no take number, the seed as written."""
    content = [
        VERSION,
        model.name,
        prompt,
        shot.negative_prompt or None,
        [_content(model, reference) for reference in sent],
        sorted(parameters.items()),
        int(shot.settings["seed"]) if "seed" in shot.settings else None,
    ]
    return _hash(_encode(content))


def take_fingerprint(shot_fingerprint: str, number: int) -> str:
    """The fingerprint of take `number`."""
    return _hash(f"{VERSION} take {number} of {shot_fingerprint}")


def another(take: PlannedTake, number: int) -> PlannedTake:
    """Take `number` of the same shot (a retake is one that no manifest asks for)."""
    return replace(
        take,
        id=take_id(take.shot.id, number),
        number=number,
        fingerprint=take_fingerprint(take.shot_fingerprint, number),
    )


def _content(model: Model, reference: Sent) -> list[str | None]:
    what = _what(reference)
    if model.naming.field == "reference_urls":
        return [what]
    # where a request states the kind, stating another one asks for another clip
    kind = "first_frame" if reference.opens else reference.kind
    return [what, kind, _what(reference.voice)] if reference.voice else [what, kind]


def _what(reference: Sent) -> str:
    return f"sha256:{reference.sha256}" if reference.sha256 else reference.url


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
