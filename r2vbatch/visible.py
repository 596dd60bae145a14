"""Texts of others made harmless: what a terminal, an editor or a log viewer would obey is shown.

Manifests, file names and the service's own messages reach people's terminals. A control
character among them could move the cursor and write a question of ours anew, a mark of
direction could turn it round. So everything is shown by way of this room, at the place where
it is printed and not before: what is stored stays what it was. It refuses to know of streams.
"""

from __future__ import annotations

import json
import unicodedata
from typing import Any


def visible(text: str, keep: str = "") -> str:
    """`text` without anything that would move a cursor, turn the writing round or not encode.

    C0 controls and DEL become their pictures (``␛``), the rest ``�``; the characters of `keep`,
    such as a line feed, stay.
    """
    if text.isprintable():
        return text
    return "".join(c if c in keep else _picture(c) for c in text)


def as_json(value: Any) -> str:
    """`value` as one line of JSON. It reads back as it was; what is not harmless is escaped."""
    text = json.dumps(value, ensure_ascii=False)
    if text.isprintable():
        return text
    return "".join(c if visible(c) == c else json.dumps(c)[1:-1] for c in text)


def _picture(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    if character in "\u200c\u200d" or unicodedata.category(character) in ("Zs", "Cn", "Co"):
        return character  # joiners belong to scripts and emoji; the others only look blank
    return character if character.isprintable() else "\ufffd"
