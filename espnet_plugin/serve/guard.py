"""What other web sites must not do with a server on this machine, and what its page must not do."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = "; ".join(
    (
        *(
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            "media-src 'self'",
        ),
        *("connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"),
    )
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "microphone=(self), camera=(), geolocation=()",
    "cache-control": "no-store",
}
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


class Guard:
    """Refuses requests that a foreign page made a browser send, and gives every answer the headers.

    A name of another site that leads to this machine (DNS rebinding) is told by the Host header, a request of
    another site by the headers Origin and Sec-Fetch-Site, which no page can change. Programs such as curl
    send neither.

    Args:
        application: behind it.
        names: under which the page is known, besides localhost and addresses.
    """

    def __init__(self, application: ASGIApp, names: Collection[str] = ()):
        self._application = application
        self._names = {"localhost", *(name.lower() for name in names)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or let the application answer."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        headers = Headers(scope=scope)
        answer = self._application
        if not self._is_known(headers.get("host", "")):
            answer = PlainTextResponse("this server is not known by that name; start it with --name", 421)
        elif scope["method"] not in SAFE_METHODS and not self._is_own(headers):
            answer = PlainTextResponse("a page of another site may not do this", 403)
        await answer(scope, receive, send_with_headers)

    def _is_known(self, host: str) -> bool:
        name = _name(f"//{host}")
        try:
            # Nobody can make an address lead elsewhere.
            return name in self._names or bool(ipaddress.ip_address(name))
        except ValueError:
            return False

    def _is_own(self, headers: Headers) -> bool:
        if headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
            return False
        origin = headers.get("origin")
        if origin is None or origin.partition("://")[2].lower() == headers["host"].lower():
            return True
        return _name(origin) in self._names - {"localhost"}  # behind a proxy, which has another host


def _name(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""
