"""Links that the service cannot follow, told by their address alone: a rule of ``lint``.

Whether a link is alive is asked on request only (``--online``), and by other rooms.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import urlsplit

from r2vbatch.diagnostics import Diagnostic
from r2vbatch.manifest.model import diagnose
from r2vbatch.planning.given import given_to
from r2vbatch.planning.subject import Subject

_HERE = ("localhost", "local", "internal", "lan")
"""How names end that are known in one network alone."""


def out_of_reach(subject: Subject) -> Iterator[Diagnostic]:
    """Addresses of this machine or network. A preview, or an emulator, may well reach them."""
    endpoint = subject.manifest.endpoint
    if endpoint == "preview" or "://" in endpoint:
        return
    for reference in given_to(subject.shot, subject.model):
        if reference.url and _is_private(reference.url):
            yield diagnose(
                reference.origin,
                f"no service can reach {reference.called}: its address is one of your own network",
                rule="private-link",
                hint="give the path of the file, which is uploaded, or a public link",
            )


@lru_cache(maxsize=1024)  # thousands of shots give the same few links
def _is_private(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host.rpartition(".")[2] in _HERE
    return not address.is_global
