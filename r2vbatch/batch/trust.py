"""To whom the API key may go: regions of the service, loopback, and whoever a person named.

A yes is kept in the ledger as a mark of the key itself, which nobody can write who does not have
the key: neither a borrowed manifest nor a borrowed output folder can fish for it.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from r2vbatch.dashscope.key import Key
from r2vbatch.dashscope.regions import REGIONS, is_loopback
from r2vbatch.ledger import Ledger


def trusted(ledger: Ledger, base_url: str, key: Key) -> bool:
    """Whether `key` may be sent to `base_url` without asking."""
    if not base_url or is_loopback(base_url) or _of_the_service(base_url):
        return True
    return ledger.meta(_name(base_url)) == _yes(ledger, base_url, key)


def trust(ledger: Ledger, base_url: str, key: Key) -> None:
    """A person named `base_url`, or answered yes."""
    if not trusted(ledger, base_url, key):
        ledger.set_meta(**{_name(base_url): _yes(ledger, base_url, key)})


def _of_the_service(base_url: str) -> bool:
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    return parts.scheme == "https" and any(
        host == region.classic or host.endswith(f".{region.workspace}")
        for region in REGIONS.values()
    )


def _yes(ledger: Ledger, base_url: str, key: Key) -> str:
    """A mark of the key and the URL together: the key's own mark stands with every take."""
    return key.mark(f"{ledger.salt} {base_url}")


def _name(base_url: str) -> str:
    return f"key may go to {base_url}"
