"""Small words that every verb uses. Light to import."""

from __future__ import annotations


def counted(number: int, word: str) -> str:
    """``1 take``, ``2 takes``."""
    return f"{number} {word}{'' if number == 1 else 's'}"
