"""What the flags of a take mean, in words for people."""

from __future__ import annotations

from collections.abc import Iterable

MEANINGS = {
    "size": "another size than asked",
    "length": "another length than asked",
    "rate": "not 30 frames a second",
    "no-sound": "no sound, though asked for",
    "sound": "sound, though not asked for",
    "black": "black for a second or more",
    "frozen": "standing still for a second or more",
    "silent": "a sound track in which nothing is heard",
    "cuts": "other cuts than asked",
    "stray": "a task that nobody here is known to have asked for",
}


def flagged(flags: Iterable[str]) -> str:
    """``cuts (other cuts than asked), black (…)``: what is to be looked at in a clip."""
    return ", ".join(f"{flag} ({MEANINGS[flag]})" if flag in MEANINGS else flag for flag in flags)
