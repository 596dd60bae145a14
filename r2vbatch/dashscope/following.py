"""The reply to a GET or HEAD of somebody's link, redirects followed by hand.

Each hop must be http(s), gets the proxy that is its own, and comes to this machine only if the link
itself did. No key goes along.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urljoin, urlsplit

import aiohttp

from r2vbatch.dashscope.faults import DEAD_LINK, LinkRefused
from r2vbatch.dashscope.regions import is_loopback, is_private
from r2vbatch.dashscope.transport import proxy_for

REDIRECTS: Final = 5


async def follow(
    session: aiohttp.ClientSession,
    method: str,
    url: str,
    headers: Mapping[str, str],
    limits: aiohttp.ClientTimeout,
    *,
    inward: bool,
) -> aiohttp.ClientResponse:
    """The reply, whatever its status; whoever asks closes it. `inward`: a public link may lead into
    this network, as to a cache before the service; one that just anybody wrote may not, for what
    listens there may do what it is asked. (What a name server makes of a name is not seen.)

    Raises `LinkRefused` for a link that leads nowhere, and what aiohttp raises."""
    here, start = is_loopback(url), url
    for _ in range(REDIRECTS + 1):
        try:
            if urlsplit(url).scheme not in ("http", "https"):
                raise LinkRefused("the link leads out of http and https", verdict=DEAD_LINK)
            if is_loopback(url) and not here:
                raise LinkRefused("the link leads to this machine", verdict=DEAD_LINK)
            if not inward and is_private(url) and not is_private(start):
                raise LinkRefused("the link leads into this network", verdict=DEAD_LINK)
            response = await session.request(
                method,
                url,
                headers=headers,
                proxy=proxy_for(url),
                allow_redirects=False,
                timeout=limits,
                auto_decompress=False,
            )
            where = response.headers.get("Location")
            if response.status not in (301, 302, 303, 307, 308) or not where:
                return response
            response.close()
            url = urljoin(url, where)
        except ValueError:  # of urlsplit, of aiohttp, or of the name's encoding
            raise LinkRefused("the link is no URL that can be asked", verdict=DEAD_LINK) from None
    raise LinkRefused("the link is redirected without end", verdict=DEAD_LINK)
