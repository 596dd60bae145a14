"""What a column of a shot list holds, by its name."""

from __future__ import annotations

import re
from collections.abc import Sequence

ROLES: dict[str, tuple[str, ...]] = {
    "project": ("project", "production", "title"),
    "episode": ("episode", "ep"),
    "sequence": (
        "sequence", "seq", "scene", "sc", "scene number", "scene no", "sequence name", "场", "场次",
        "场号",
    ),
    "shot": (
        "shot", "name", "shot name", "shot number", "shot no", "shot id", "shot code", "id", "code",
        "cut", "镜头", "镜号",
    ),
    "description": (
        "description", "shot description", "action", "visual", "prompt", "content", "画面", "内容",
        "画面内容", "描述",
    ),
    "dialogue": ("dialogue", "dialog", "line", "lines", "台词", "对白"),
    "size": ("shot size", "size", "framing", "frame size", "景别"),
    "type": ("shot type", "type", "camera position"),
    "angle": ("camera angle", "angle", "角度", "机位"),
    "movement": (
        "movement", "camera movement", "camera move", "move", "motion", "camera motion", "运镜",
        "镜头运动",
    ),
    "lens": ("lens", "focal length", "焦距"),
    "setting": ("location", "setting", "set", "场景", "地点"),
    "cast": (
        "cast", "characters", "character", "talent", "actors", "actor", "subject", "subjects",
        "cast members", "角色", "人物",
    ),
    "frames": (
        "frames", "nb frames", "number of frames", "frame count", "frame duration",
        "duration frames", "length frames",
    ),
    "fps": ("fps", "frame rate", "framerate", "frames per second"),
    "frame_in": ("frame in", "in", "first frame", "cut in", "start frame"),
    "frame_out": ("frame out", "out", "last frame", "cut out", "end frame"),
    "duration": (
        "duration", "length", "seconds", "sec", "duration s", "duration sec", "duration seconds",
        "estimated duration", "est duration", "screen time", "时长", "秒数",
    ),
    "notes": ("notes", "note", "comments", "comment", "remarks", "备注"),
}  # fmt: skip
"""Names of columns by what they hold; where several columns hold the same, the first one named
here counts."""


def plain(name: str) -> str:
    """The name of a column in small letters and words: ``Shot #`` is ``shot``."""
    return " ".join(re.findall(r"[^\W_]+", name.lower()))


def roles(header: Sequence[str]) -> dict[str, int]:
    """What is held by which column, by its number."""
    found: dict[str, int] = {}
    named = {plain(name): index for index, name in reversed(list(enumerate(header)))}
    for role, names in ROLES.items():
        index = next((named[name] for name in names if name in named), None)
        if index is not None:
            found[role] = index
    return found
