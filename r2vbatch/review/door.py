"""Who may come in: the person who has the link, from this machine, and no page of another site.

Any web site can make a browser ask 127.0.0.1 for something, under a name of its own even (DNS
rebinding). So a request must name this host, carry what only the link gives, and, where it changes
something, come from our own page. The link's token becomes a cookie that no script can read and
leaves the address at once, so that it is in no Referer; nothing here is ever logged.
"""

from __future__ import annotations

import hmac
import secrets

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "private, no-cache",
}
_STRANGER = "This page opens with the link that `r2vbatch review` printed, and with no other.\n"


class Door:
    """The one way in. `port` is known once the server listens."""

    def __init__(self) -> None:
        self._token = secrets.token_urlsafe(32)
        self.port = 0

    @property
    def link(self) -> str:
        """What to open in a browser: the only place where the token is shown."""
        return f"http://127.0.0.1:{self.port}/?token={self._token}"

    @property
    def middleware(self) -> Middleware:
        """For an aiohttp application: everything passes through it."""

        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            if request.headers.get("Host") not in self._hosts:
                raise web.HTTPMisdirectedRequest(text=_STRANGER)
            if self._is_ours(request.query.get("token", "")) and request.path == "/":
                return self._let_in()
            if not self._is_ours(request.cookies.get(self._cookie, "")):
                raise web.HTTPForbidden(text=_STRANGER)
            if request.method not in ("GET", "HEAD") and not self._from_our_page(request):
                raise web.HTTPForbidden(text=_STRANGER)
            return await handler(request)

        return guard

    async def headers(self, _: web.Request, response: web.StreamResponse) -> None:
        """For the application's `on_response_prepare`: what every answer tells the browser."""
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)

    @property
    def _hosts(self) -> tuple[str, str]:
        return f"127.0.0.1:{self.port}", f"localhost:{self.port}"

    @property
    def _cookie(self) -> str:
        return f"r2vbatch-{self.port}"  # cookies are shared by all ports of a host

    def _is_ours(self, token: str) -> bool:
        sent = token.encode(errors="replace")  # a header may hold bytes that are no text
        return hmac.compare_digest(sent, self._token.encode())

    def _from_our_page(self, request: web.Request) -> bool:
        return request.headers.get("Origin") == f"http://{request.headers['Host']}"

    def _let_in(self) -> web.Response:
        """The cookie, and on to the page: by a page of our own, since a strict cookie is not sent
        along where a link elsewhere leads straight on."""
        answer = web.Response(headers={"Refresh": "0; url=/"}, text="", content_type="text/html")
        answer.set_cookie(self._cookie, self._token, httponly=True, samesite="Strict", path="/")
        return answer
