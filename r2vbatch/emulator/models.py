"""The models there are, by region, and the tables that belong to them.

The emulator's own reading of the documentation, kept apart from the catalogue's on purpose: a
mistake there must not be mirrored here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

SIZES: Mapping[tuple[str, str], tuple[int, int]] = {
    ("720P", "16:9"): (1280, 720),
    ("720P", "9:16"): (720, 1280),
    ("720P", "1:1"): (960, 960),
    ("720P", "4:3"): (1088, 832),
    ("720P", "3:4"): (832, 1088),
    ("1080P", "16:9"): (1920, 1080),
    ("1080P", "9:16"): (1080, 1920),
    ("1080P", "1:1"): (1440, 1440),
    ("1080P", "4:3"): (1632, 1248),
    ("1080P", "3:4"): (1248, 1632),
}
TIERS = {f"{w}*{h}": int(tier[:-1]) for (tier, _), (w, h) in SIZES.items()}

FLASH = "wan2.6-r2v-flash"
PLAIN = "wan2.6-r2v"
NEXT = ("wan2.7-r2v", "wan2.7-r2v-2026-06-12")
MODELS = (FLASH, PLAIN, *NEXT)
OTHER_PATHS = ("qwen", "qvq", "qwq", "text-embedding", "wan2.6-t2i", "wanx", "cosyvoice")
"""How models begin that exist, but not behind this path."""

PROMPT_LIMIT = {FLASH: 1500, PLAIN: 1500} | dict.fromkeys(NEXT, 5000)

_PLAIN_ALONE = ("us-east-1", "eu-central-1")


def offered(region: str, likes: Sequence[str]) -> tuple[str, ...]:
    """The models of a region, and those that are ``NAME=LIKE``."""
    here = (PLAIN,) if region in _PLAIN_ALONE else MODELS
    return *here, *(like.partition("=")[0] for like in likes)


def rules_of(model: str, likes: Sequence[str]) -> tuple[str, bool]:
    """The documented model whose rules `model` keeps, and whether its figures hold too: not for
    one that is like another, whose lengths and sizes no page tells."""
    known = dict(like.split("=", 1) for like in likes)
    return known.get(model, model), model not in known
