"""When two prompts count as the same one.

A take in doubt is recognised by the prompt that the service echoes, which it may have cut and
respaced; and no second take with the same prompt goes out meanwhile (design 6.3). Both use the
one equality defined here.
"""

from __future__ import annotations

import unicodedata


def prompt_key(prompt: str, limit: int) -> str:
    """`prompt` as the service would echo it: cut at the model's `limit` of characters, in
    Unicode NFC, white space folded to single blanks.

    Cut first, since the service counts what it was sent; and again, since NFC can lengthen. So
    the key of a key is itself.
    """
    normal = unicodedata.normalize("NFC", prompt[:limit])
    return " ".join(normal.split())[:limit].rstrip()
