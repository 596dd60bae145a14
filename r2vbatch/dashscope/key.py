"""The API key: found as the vendor's SDK finds it, carried so that it cannot leak by accident.

`Key` shows itself nowhere; the one way to its text is `reveal`, called by the HTTP adapter for
API calls alone. This room refuses to know what the key opens.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from r2vbatch.errors import UsageProblem

VARIABLE: Final = "DASHSCOPE_API_KEY"
FILE_VARIABLE: Final = "DASHSCOPE_API_KEY_FILE_PATH"
DEFAULT_FILE: Final = Path(".dashscope") / "api_key"
SUBSCRIPTION_PREFIX: Final = "sk-sp-"
_HIDDEN: Final = "[the API key]"
_LONGEST_FILE: Final = 10_000
_NEVER: Final = (" ", "'", '"', "...")
"""In no key: ``Bearer``, quotes that a shell left on, the ``sk-...`` of instructions."""


class Key:
    """An API key that no repr, str, format or pickle shows."""

    __slots__ = ("__text",)

    def __init__(self, text: str) -> None:
        """`text` is used as given; `find_key` and `checked` are where it is cleaned."""
        self.__text = text

    def reveal(self) -> str:
        """The key itself, for the Authorization header of an API call and nothing else."""
        return self.__text

    def mark(self, salt: str) -> str:
        """8 hex digits that tell keys apart in a ledger without giving them away."""
        return hashlib.sha256(f"{salt}\0{self.__text}".encode()).hexdigest()[:8]

    def __repr__(self) -> str:
        return "Key(…)"

    __str__ = __repr__

    def __reduce__(self) -> str:
        raise TypeError("an API key is not written down")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Key) and other.reveal() == self.__text

    def __hash__(self) -> int:
        return hash(self.__text)


def find_key(env: Mapping[str, str], home: Path) -> Key | None:
    """The key of this user, or None: from the environment, a file it names, ``~/.dashscope``.

    The order is the vendor SDK's. Raises `UsageProblem`, never showing the key, when one is
    there that cannot be used, or when the file named by the environment cannot be read.
    """
    if text := env.get(VARIABLE, "").strip():
        return checked(text, f"the environment variable {VARIABLE}")
    if named := env.get(FILE_VARIABLE, "").strip():
        file = Path(named.replace("~", str(home), 1) if named.startswith("~/") else named)
        return checked(_read(file), f"{file} (named by {FILE_VARIABLE})")
    file = home / DEFAULT_FILE
    if not file.is_file():
        return None
    text = _read(file)
    return checked(text, str(file)) if text else None


def checked(text: str, source: str) -> Key:
    """The key in `text`; `source` says in words where it came from, for the message."""
    text = text.strip()
    if not text:
        raise UsageProblem(f"there is no API key in {source}")
    if not text.isascii() or not text.isprintable() or any(sign in text for sign in _NEVER):
        raise UsageProblem(
            f"the API key in {source} has characters that no key has",
            hint="it is one word on one line, without quotes; copy it again from the console",
        )
    if text.startswith(SUBSCRIPTION_PREFIX):
        raise UsageProblem(
            f"the API key in {source} belongs to a subscription plan ({SUBSCRIPTION_PREFIX}…), "
            "and the service refuses those for video",
            hint="use a pay-as-you-go key (sk-…) of the endpoint's region",
        )
    return Key(text)


def _read(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            return stream.read(_LONGEST_FILE).decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise UsageProblem(f"the API key file {file} is not text") from None
    except OSError as error:
        raise UsageProblem(
            f"the API key file {file} cannot be read: {error.strerror or error}"
        ) from None


def redact(text: str, key: Key | None) -> str:
    """`text` with every occurrence of the key taken out."""
    return text.replace(key.reveal(), _HIDDEN) if key and key.reveal() else text


def redact_bytes(body: bytes, key: Key | None) -> bytes:
    """A reply's body with every occurrence of the key taken out, before anything reads it."""
    if not key or not key.reveal():
        return body
    return body.replace(key.reveal().encode(), _HIDDEN.encode())
