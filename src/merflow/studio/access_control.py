"""The gate every request passes: who asks (Host, Origin, token), how much, and what may load.

It stands before the routes as plain ASGI, so that no route can be reached around it.
"""

import asyncio
import contextlib
import ipaddress
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from starlette.responses import JSONResponse

TOKEN_HEADER = "x-merflow-token"
BODY_LIMIT = 64 * 1024
"""Largest request body (bytes): marks and names are all that a page ever sends."""
FRAME_PATH, FRAME_LIMIT = "/api/test/frame", 1024 * 1024
"""A frame of a camera is the one larger body (bytes)."""
BODY_SECONDS = 10.0
"""Longest wait for a body (s)."""
DRAIN_LIMIT = 32 * 1024 * 1024
"""Most of a refused body that is read and thrown away (bytes)."""
URL_LIMIT = 4096
"""Longest path and query (bytes)."""
HEADERS = {
    "content-security-policy": "default-src 'self'; img-src 'self' blob:; object-src 'none'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "geolocation=(), microphone=(), camera=(self)",
}

Asgi = Callable[[Mapping[str, Any], Callable, Callable], Awaitable[None]]


class Refused(Exception):
    """A request that stops at the gate."""

    def __init__(self, status: int, found: str, fix: str = "", *, read: bool = False) -> None:
        self.status, self.found, self.fix = status, found, fix
        self.read = read
        """Whether its body has been read to the end."""


class Gate:
    """Wraps an application; `hosts` are the names a browser may call it by, port included.

    `any_address`: an IP address is a good name too (a server that listens on all of them). A
    name of the internet never is: that is how rebinding attacks reach a local server.
    """

    def __init__(
        self, app: Asgi, token: str, hosts: frozenset[str], any_address: bool = False
    ) -> None:
        self.app, self.token, self.hosts, self.any_address = app, token, hosts, any_address

    async def __call__(self, scope: Mapping[str, Any], receive: Callable, send: Callable) -> None:
        """Let a request through, or answer it here."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return

        async def sealed(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                kept = [(k, v) for k, v in message["headers"] if k.decode() not in HEADERS]
                added = [(k.encode(), v.encode()) for k, v in HEADERS.items()]
                message = {**message, "headers": kept + added}
            await send(message)

        try:
            self._check(scope)
            body = await asyncio.wait_for(_body(scope, receive), BODY_SECONDS)
        except Refused as refused:
            if not refused.read:
                await _drain(scope, receive)
            answer = JSONResponse(
                {"where": "request", "found": refused.found, "expected": "", "fix": refused.fix},
                refused.status,
                {"connection": "close"},
            )
            await answer(scope, receive, sealed)
            return
        except TimeoutError:
            answer = JSONResponse(
                {"where": "request", "found": "the body did not arrive"},
                408,
                {"connection": "close"},
            )
            await answer(scope, receive, sealed)
            return
        await self.app(scope, _replay(body, receive), sealed)

    def _check(self, scope: Mapping[str, Any]) -> None:
        headers: dict[str, list[str]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
        if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > URL_LIMIT:
            raise Refused(414, "the address is too long")
        host = headers.get("host", [])
        if len(host) != 1 or not self._known(host[0]):
            raise Refused(400, "unknown Host", "open the address that `merflow studio` printed")
        for origin in headers.get("origin", []):
            parts = urlsplit(origin)
            if parts.scheme != "http" or parts.netloc.lower() != host[0].lower():
                raise Refused(403, "a page of another origin asked")
        # A link from elsewhere may open the empty page; it may not ask for anything else.
        opens = scope["path"] == "/" and scope["method"] == "GET"
        site = headers.get("sec-fetch-site", ["none"])[0]
        if site not in ("same-origin", "none") and not opens:
            raise Refused(403, "a page of another site asked")
        if scope["path"].startswith("/api/"):
            given = headers.get(TOKEN_HEADER, [])
            good = len(given) == 1 and secrets.compare_digest(
                given[0].encode("latin-1", "replace"), self.token.encode()
            )
            if not good:
                raise Refused(
                    401,
                    "no token, or a token of an earlier start",
                    "open the whole address that `merflow studio` printed, what follows # included",
                )
        for length in headers.get("content-length", []):
            if not length.isdigit() or int(length) > _limit(scope):
                raise Refused(413, f"more than {_limit(scope)} bytes")

    def _known(self, host: str) -> bool:
        if host.lower() in self.hosts:
            return True
        if not self.any_address:
            return False
        try:
            ipaddress.ip_address(urlsplit(f"http://{host}").hostname or "")
        except ValueError:
            return False
        return True


def _limit(scope: Mapping[str, Any]) -> int:
    return FRAME_LIMIT if scope["path"] == FRAME_PATH else BODY_LIMIT


async def _body(scope: Mapping[str, Any], receive: Callable) -> bytes:
    """Return the whole body, which is small, or refuse it."""
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refused(400, "the body broke off", read=True)
        body += message.get("body", b"")
        if len(body) > _limit(scope):
            ended = not message.get("more_body")
            raise Refused(413, f"more than {_limit(scope)} bytes", read=ended)
        if not message.get("more_body"):
            break
    if body and scope["method"] in ("GET", "HEAD", "DELETE", "OPTIONS"):
        raise Refused(400, "a body where none belongs", read=True)
    return body


async def _drain(scope: Mapping[str, Any], receive: Callable) -> None:
    """Read a refused body to its end: a connection closed on unread bytes loses the answer.

    One that says it is longer than anybody would wait for is not read.
    """
    said = dict(scope["headers"]).get(b"content-length", b"0")
    left = DRAIN_LIMIT if said.isdigit() and int(said) <= DRAIN_LIMIT else 0
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(BODY_SECONDS):
            while left > 0:
                message = await receive()
                left -= len(message.get("body", b""))
                if message["type"] == "http.disconnect" or not message.get("more_body"):
                    return


def _replay(body: bytes, receive: Callable) -> Callable:
    """Return a `receive` that gives the body read already, then the real one."""
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> dict[str, Any]:
        return waiting.pop() if waiting else await receive()

    return again
