"""Access control of every request: session token, Host, Origin, size limits, security headers.

It is plain ASGI in front of all routes, so that no route can be reached without it.
"""

import asyncio
import contextlib
import ipaddress
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders

from merflow.errors import MerflowError
from merflow.studio.routing import error_response

TOKEN_HEADER = "x-merflow-token"
BODY_LIMIT = 64 * 1024
"""Largest request body (bytes): the page sends marks and names."""
FRAME_PATH, FRAME_LIMIT = "/api/test/frame", 1024 * 1024
"""A larger body: a frame of the camera (bytes)."""
TABLE_LIMIT = 16 * 1024 * 1024
"""Larger bodies: a table of clips, an annotation file (bytes)."""
TABLE_PATHS = tuple(
    f"/api/own-clips/{name}" for name in ("check", "save", "recording/import", "recording/export")
)
UPLOAD_PATH, UPLOAD_LIMIT = "/api/upload", 16 * 1024 * 1024 * 1024
"""The one body that is not held in memory: a recording (bytes)."""
LIMITS = {
    FRAME_PATH: FRAME_LIMIT,
    **dict.fromkeys(TABLE_PATHS, TABLE_LIMIT),
}
BODY_SECONDS = 10.0
"""Longest wait for a body (s)."""
DISCARD_LIMIT = 32 * 1024 * 1024
"""Most of a refused body that is read and discarded (bytes)."""
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


class Refused(MerflowError):
    """A request that access control refuses; `read`: its body has been read to the end."""

    def __init__(self, status: int, found: str, fix: str = "", *, read: bool = False) -> None:
        super().__init__("request", found, fix=fix)
        self.status, self.read = status, read


class AccessControl:
    """An ASGI application that checks each request before `app` gets it.

    hosts: allowed values of the Host header, with the port. any_address: IP addresses are allowed
    too (a server that listens on all of them). Domain names never are: DNS rebinding attacks reach
    a local server through them.
    """

    def __init__(
        self, app: Asgi, token: str, hosts: frozenset[str], any_address: bool = False
    ) -> None:
        self.app, self.token, self.hosts, self.any_address = app, token, hosts, any_address

    async def __call__(self, scope: Mapping[str, Any], receive: Callable, send: Callable) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return

        async def send_with_headers(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        try:
            self._check(scope)
            if scope["path"] == UPLOAD_PATH and scope["method"] == "POST":
                await self.app(scope, _streamed(receive), send_with_headers)
                return
            body = await asyncio.wait_for(_read_body(scope, receive), BODY_SECONDS)
        except (Refused, TimeoutError) as error:
            late = Refused(408, "the body did not arrive", read=True)
            refused = error if isinstance(error, Refused) else late
            if not refused.read:
                await _discard_body(scope, receive)
            response = error_response(refused, headers={"connection": "close"})
            await response(scope, receive, send_with_headers)
            return
        await self.app(scope, _replay(body, receive), send_with_headers)

    def _check(self, scope: Mapping[str, Any]) -> None:
        headers = Headers(raw=[(name.lower(), value) for name, value in scope["headers"]])
        if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > URL_LIMIT:
            raise Refused(414, "the address is too long")
        host = headers.getlist("host")
        if len(host) != 1 or not self.allows_host(host[0]):
            raise Refused(400, "unknown Host", "open the address that `merflow studio` printed")
        for origin in headers.getlist("origin"):
            if origin.lower() != f"http://{host[0]}".lower():
                raise Refused(403, "the request comes from a page of another origin")
        # A link on another site may open the empty page, and request nothing else.
        opens_page = scope["path"] == "/" and scope["method"] == "GET"
        if headers.get("sec-fetch-site", "none") not in ("same-origin", "none") and not opens_page:
            raise Refused(403, "the request comes from a page of another site")
        given = headers.getlist(TOKEN_HEADER)
        has_token = len(given) == 1 and secrets.compare_digest(
            given[0].encode("latin-1", "replace"), self.token.encode()
        )
        if scope["path"].startswith("/api/") and not has_token:
            raise Refused(
                401,
                "no token, or the token of an earlier start",
                "open the whole address that `merflow studio` printed, with the part after #",
            )
        for length in headers.getlist("content-length"):
            if not (length.isascii() and length.isdigit()) or int(length) > _limit(scope):
                raise Refused(413, f"more than {_limit(scope)} bytes")

    def allows_host(self, host: str) -> bool:
        """Return whether a Host header is one that the studio answers to."""
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
    if scope["path"] == UPLOAD_PATH and scope["method"] == "POST":
        return UPLOAD_LIMIT
    return LIMITS.get(scope["path"], BODY_LIMIT)


def _streamed(receive: Callable) -> Callable:
    """Return a `receive` that waits BODY_SECONDS for each part of a body, then ends it."""

    async def receive_soon() -> dict[str, Any]:
        try:
            return await asyncio.wait_for(receive(), BODY_SECONDS)
        except TimeoutError:
            return {"type": "http.disconnect"}

    return receive_soon


async def _read_body(scope: Mapping[str, Any], receive: Callable) -> bytes:
    """Return the whole body; refuse one above its limit."""
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refused(400, "the body ends early", read=True)
        body += message.get("body", b"")
        if len(body) > _limit(scope):
            ended = not message.get("more_body")
            raise Refused(413, f"more than {_limit(scope)} bytes", read=ended)
        if not message.get("more_body"):
            break
    if body and scope["method"] in ("GET", "HEAD", "DELETE", "OPTIONS"):
        raise Refused(400, f"{scope['method']} has a body", read=True)
    return body


async def _discard_body(scope: Mapping[str, Any], receive: Callable) -> None:
    """Read a refused body to its end: a connection closed on unread bytes loses the response.

    A body whose declared length exceeds DISCARD_LIMIT is not read.
    """
    declared = dict(scope["headers"]).get(b"content-length", b"0")
    left = DISCARD_LIMIT if declared.isdigit() and int(declared) <= DISCARD_LIMIT else 0
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(BODY_SECONDS):
            while left > 0:
                message = await receive()
                left -= len(message.get("body", b""))
                if message["type"] == "http.disconnect" or not message.get("more_body"):
                    return


def _replay(body: bytes, receive: Callable) -> Callable:
    """Return a `receive` that first gives the body that was already read."""
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> dict[str, Any]:
        return waiting.pop() if waiting else await receive()

    return receive_again
