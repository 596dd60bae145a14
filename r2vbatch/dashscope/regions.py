"""Where takes are made: the preview, a region of the service by name, or a base URL.

The base URL is configuration, never a constant (dossier 1.2). This room only turns words into
an `Endpoint`; it opens no connection and refuses to know who may be trusted with a key: that is
the business of the room that asks for consent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Literal, NamedTuple
from urllib.parse import SplitResult, urlsplit

from r2vbatch.errors import UsageProblem


class Hosts(NamedTuple):
    """How a region is reached: its classic host, if it has one, and its workspace suffix."""

    classic: str | None
    workspace: str


REGIONS = {
    "singapore": Hosts("dashscope-intl.aliyuncs.com", "ap-southeast-1.maas.aliyuncs.com"),
    "beijing": Hosts("dashscope.aliyuncs.com", "cn-beijing.maas.aliyuncs.com"),
    "virginia": Hosts("dashscope-us.aliyuncs.com", "us-east-1.maas.aliyuncs.com"),
    "frankfurt": Hosts(None, "eu-central-1.maas.aliyuncs.com"),
}
NAMES = ("preview", *REGIONS)
PATH = "/api/v1"
_LOOPBACK, _LOOPBACK_6 = ip_network("127.0.0.0/8"), ip_address("::1")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where takes are made."""

    name: str
    """``preview``, a region's name, or the URL itself."""
    base_url: str
    """Ends in ``/api/v1``; empty for a preview whose emulator is not up yet (see `at`)."""
    kind: Literal["preview", "live"]
    region: str | None
    """The region's name; None for preview and for a URL."""
    workspace: str | None = None

    def at(self, base_url: str) -> Endpoint:
        """The same endpoint, reached at `base_url` (a preview's emulator has its own port)."""
        return replace(self, base_url=normalised(base_url))

    @property
    def takes_slates(self) -> bool:
        """Whether what a slate should show may be sent along: only to ourselves."""
        return self.kind == "preview" or is_loopback(self.base_url)


def find_endpoint(name: str, workspace: str | None = None) -> Endpoint:
    """The endpoint meant by `name`: preview, a region or an http(s) URL.

    Raises `UsageProblem` for anything else, for a URL that no base URL can be, and for a region
    that is reached through a workspace only when none is given.
    """
    if name == "preview":
        return Endpoint("preview", "", "preview", None)
    if name in REGIONS:
        return Endpoint(name, _region_url(name, workspace), "live", name, workspace)
    if "://" in name:
        url = normalised(name)
        return Endpoint(url, url, "live", None, workspace)
    near = get_close_matches(name.lower(), NAMES, 1)
    hint = f"did you mean {near[0]}?" if near else f"use one of {', '.join(NAMES)}, or a URL"
    raise UsageProblem(f"there is no endpoint called {name!r}", hint=hint)


def region_of(endpoint: str) -> str | None:
    """The region that an endpoint as written is in: its own name, or that of a host of the service
    in its URL; None for the preview and for hosts of others."""
    if endpoint in REGIONS:
        return endpoint
    try:
        host = urlsplit(endpoint).hostname or ""
    except ValueError:
        return None
    return next(
        (name for name, hosts in REGIONS.items()
         if host == hosts.classic or host.endswith(f".{hosts.workspace}")), None,
    )  # fmt: skip


def _region_url(name: str, workspace: str | None) -> str:
    hosts = REGIONS[name]
    if workspace is None:
        if hosts.classic is None:
            raise UsageProblem(
                f"the endpoint {name} is reached through a workspace only",
                hint="give `workspace: ws-…` in the manifest; the id is shown in the console",
            )
        return f"https://{hosts.classic}{PATH}"
    if not re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?", workspace):
        raise UsageProblem(
            f"{workspace!r} cannot be a workspace id",
            hint="it is one word of letters, digits and dashes, such as ws-0123abcd",
        )
    return f"https://{workspace}.{hosts.workspace}{PATH}"


def normalised(url: str) -> str:
    """`url` as a base URL: scheme and host in lower case, no trailing slash.

    Raises `UsageProblem` for a scheme other than http(s), credentials, a query or a fragment,
    a path that does not end in ``/api/v1``, and for any host or path that is not plain ASCII
    words: people are asked about this URL by what they see of it. Credentials are never
    repeated in the message.
    """
    parts = _split(url.strip())
    if parts.username is not None or parts.password is not None:
        raise UsageProblem("an endpoint URL must not carry credentials", hint=_SHAPE)
    if parts.query or parts.fragment:
        raise UsageProblem("an endpoint URL has no query and no fragment", hint=_SHAPE)
    path = parts.path.rstrip("/")
    if not path.endswith(PATH):
        raise UsageProblem(f"the endpoint URL {url!r} does not end in {PATH}", hint=_SHAPE)
    if not (_HOST.fullmatch(parts.netloc) and _WORDS.fullmatch(path)):
        raise UsageProblem(
            f"the endpoint URL {url!a} is not a plain one: letters, digits, dots and dashes",
            hint=_SHAPE,
        )
    return f"{parts.scheme}://{parts.netloc.lower()}{path}"


_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|\w([\w.-]*\w)?)(:[0-9]+)?", re.ASCII)
_WORDS = re.compile(r"(/[\w~-][\w.~-]*)+", re.ASCII)
"""Neither ``..`` nor an escape such as ``%2e`` is in such a path."""
_SHAPE = "it looks like https://dashscope-intl.aliyuncs.com/api/v1"


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)  # which would leave out tabs and breaks of lines without a word
        sound = parts.scheme in ("http", "https") and bool(parts.hostname)
        sound = sound and parts.port != 0 and not re.search(r"[\s\\\x00-\x1f\x7f]", url)
    except ValueError:
        sound = False
    if not sound:
        raise UsageProblem("the endpoint is not an http or https URL", hint=_SHAPE)
    return parts


_PRIVATE = ("localhost", "local", "internal", "lan")
"""How names end that are known in one network alone."""


def is_loopback(url: str) -> bool:
    """Whether `url` leads to this machine for certain: ``localhost``, 127.0.0.0/8 or ::1. Other
    names, those that end in ``.localhost`` too, lead where a name server says."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    return _is_here(host)


@lru_cache(maxsize=1024)  # thousands of shots give the same few links
def is_private(url: str) -> bool:
    """Whether `url` leads to this machine or into a network of its own, as far as it says itself:
    what a name server makes of a name is not asked. Raises ValueError for what is no URL."""
    host = urlsplit(url).hostname or ""
    try:
        return not ip_address(host).is_global
    except ValueError:
        return host.rpartition(".")[2] in _PRIVATE


@lru_cache  # a batch asks about its few hosts again with every call
def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address in _LOOPBACK or address == _LOOPBACK_6
