"""What a shot list says of the camera, as words of a prompt.

Lists write for a crew that knows the trade's abbreviations; a model is told in words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

ROLES = ("size", "type", "angle", "movement", "lens")
"""In the order in which they are said."""
_WORDS = {
    "ews": "extreme wide shot", "xws": "extreme wide shot", "els": "extreme long shot",
    "xls": "extreme long shot", "vws": "very wide shot", "ws": "wide shot", "ls": "long shot",
    "fs": "full shot", "mws": "medium wide shot", "mls": "medium long shot",
    "mfs": "medium full shot", "cs": "cowboy shot", "ms": "medium shot",
    "mcu": "medium close-up", "cu": "close-up", "bcu": "big close-up",
    "ecu": "extreme close-up", "xcu": "extreme close-up", "ots": "over-the-shoulder shot",
    "pov": "point-of-view shot", "2s": "two-shot", "3s": "three-shot", "est": "establishing shot",
    "wide": "wide shot", "medium": "medium shot", "close": "close-up", "full": "full shot",
    "static": "static camera", "fixed": "static camera", "locked": "static camera",
    "lock off": "static camera", "handheld": "handheld camera", "hh": "handheld camera",
    "eye": "eye level", "el": "eye level", "high": "high angle", "ha": "high angle",
    "low": "low angle", "la": "low angle", "dutch": "dutch angle", "birds eye": "bird's-eye view",
    "pan": "the camera pans", "tilt": "the camera tilts", "zoom": "the camera zooms",
    "dolly": "dolly shot", "tracking": "tracking shot", "crane": "crane shot",
    "ltr": "left to right", "rtl": "right to left",
}  # fmt: skip
_NOTHING = {"", "-", "--", "–", "—", "n/a", "na", "none", "no", "x", "/", "tbd", "?"}


def words(cells: Mapping[str, str]) -> str:
    """The camera's part of a prompt: ``Wide shot, low angle, 35mm lens.``; empty if there is
    none."""
    said = ", ".join(dict.fromkeys(_said(cells)))
    return f"{said[0].upper()}{said[1:]}." if said else ""


def _said(cells: Mapping[str, str]) -> Iterator[str]:
    for role in ROLES:
        for part in _parts(cells.get(role, "")):
            said = spelled(part)
            if role == "lens" and "lens" not in said.lower():
                said = f"{said}{'' if not said.isdecimal() else 'mm'} lens"
            yield said


def _parts(cell: str) -> Iterator[str]:
    for part in cell.replace("\n", ",").replace(";", ",").split(","):
        said = " ".join(part.split()).strip(". ")
        if said.lower() in _NOTHING:
            continue
        both = [piece.strip() for piece in said.split("/")]
        yield from both if all(piece.lower() in _WORDS for piece in both) else [said]


def spelled(part: str) -> str:
    """`part` with the trade's abbreviations in words."""
    key = part.lower().replace(".", "").replace("-", " ").replace("'", "")
    if key in _WORDS:
        return _WORDS[key]
    words = [_WORDS.get(word.lower(), word) if word.isupper() else word for word in part.split()]
    said = " ".join(words)
    return said.lower() if part.isupper() or part.istitle() else said[0].lower() + said[1:]
