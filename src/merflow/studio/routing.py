"""Route tables: from handler functions to Starlette routes, with checks, threads and errors.

A handler takes the studio and the request (for POST also the body) and returns JSON or a Response.
"""

import contextlib
import json
import logging
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from merflow.errors import FAILED, MerflowError
from merflow.text import is_text

LOG = logging.getLogger("merflow")
JSON, JPEG, STREAM = "application/json", "image/jpeg", "application/octet-stream"
DRAIN_LIMIT = 16 << 30
"""Most of a refused stream that is read and discarded (bytes)."""
PROJECT_HEADER = "x-merflow-project"
"""Header with the id of the project that the page was opened for."""


class Missing(MerflowError):
    """Something requested does not exist."""

    status = 404


class Conflict(MerflowError):
    """Changed by another page, or busy.

    versions: `file`, what is saved now, and `page`, what the request wanted to save.
    """

    status = 409

    def __init__(
        self, where: str, found: str, expected: str = "", fix: str = "", *,
        versions: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(where, found, expected, fix)
        self.versions = versions


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A row of a route table."""

    method: str
    path: str
    handler: Callable[..., Any]
    content: str = JSON
    """Content type that a POST must have. The handler of STREAM reads the body itself."""


class KeepsProject(Protocol):
    """The studio, as far as routes know it."""

    def begin_request(self, wanted: str) -> None:
        """Keep the open project for a whole request; refuse a page of another one."""


def starlette_routes(studio: KeepsProject, table: Sequence[Endpoint]) -> list[Route]:
    """Return the routes of a table; every handler is given the studio."""
    return [Route(e.path, _endpoint(studio, e), methods=[e.method]) for e in table]


def _endpoint(studio: KeepsProject, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    async def respond(request: Request) -> Response:
        try:
            studio.begin_request(request.headers.get(PROJECT_HEADER, ""))
            posts = request.method == "POST"
            if endpoint.content == STREAM:
                return await _streamed(studio, request, endpoint)
            body = (await read_body(request, endpoint.content),) if posts else ()
            # In a thread, since handlers read files.
            found = await run_in_threadpool(endpoint.handler, studio, request, *body)
        except MerflowError as error:
            return error_response(error)
        except Exception:
            LOG.exception("%s %s failed", request.method, request.url.path)
            text = "an unexpected error; the terminal that runs `merflow studio` shows it in full"
            return error_response(MerflowError(request.url.path, text, code=FAILED))
        return found if isinstance(found, Response) else JSONResponse(sendable(found))

    return respond


async def _streamed(studio: object, request: Request, endpoint: Endpoint) -> Response:
    """Answer a request by a handler that reads its body in parts; read a refused body to its end.

    A connection closed on unread bytes loses the response.
    """
    try:
        kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
        if kind != STREAM:
            raise MerflowError("request", f"content type {kind or 'none'!r}", STREAM)
        return JSONResponse(sendable(await endpoint.handler(studio, request)))
    except ClientDisconnect:
        return error_response(MerflowError("upload", "it ended early"), 400)
    except MerflowError as error:
        left = DRAIN_LIMIT
        with contextlib.suppress(ClientDisconnect, RuntimeError):
            async for chunk in request.stream():
                left -= len(chunk)
                if left < 0:
                    break
        return error_response(error)


def error_response(
    error: MerflowError, status: int | None = None, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """Return an error as JSON: 4xx for what the caller can correct, 500 for failed work."""
    if status is None:
        status = getattr(error, "status", 500 if error.code == FAILED else 400)
    parts = ("where", "found", "expected", "fix")
    content = {part: getattr(error, part) for part in parts}
    if versions := getattr(error, "versions", None):
        content["versions"] = versions
    return JSONResponse(sendable(content), status, headers)


async def read_body(request: Request, content: str) -> Any:  # noqa: ANN401
    """Return a JPEG's bytes or the JSON object of a body; no JSON body is an empty object."""
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    body = await request.body()
    if content == JSON and not body:
        return {}
    if kind != content:
        raise MerflowError("request", f"content type {kind or 'none'!r}", content)
    if content != JSON:
        return body
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise MerflowError("request", "the body is not JSON", "a JSON object") from None
    if not is_text(json.dumps(value, ensure_ascii=False)):
        raise MerflowError("request", "half a UTF-16 pair", "Unicode text")
    if not isinstance(value, dict):
        raise MerflowError("request", f"a JSON {type(value).__name__}", "a JSON object")
    return value


def sendable(value: Any) -> Any:  # noqa: ANN401
    """Return a value that JSON in UTF-8 can hold: NaN and infinity become null.

    Characters outside Unicode (names of files that are not UTF-8) become question marks.
    """
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {sendable(str(key)): sendable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [sendable(item) for item in value]
    return value


def query_number(request: Request, name: str, low: int, high: int, default: int) -> int:
    """Return a whole number of the query, within its limits."""
    text = request.query_params.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 10 and low <= int(text) <= high):
        raise MerflowError(f"request: {name}", f"{text[:40]!r}", f"a whole number {low} to {high}")
    return int(text)


def path_index(request: Request, count: int, missing: str) -> int:
    """Return the index of a frame from the path; `missing` says why one from `count` on is none."""
    text = request.path_params["index"]
    if not (text.isascii() and text.isdigit() and len(text) < 8):
        raise MerflowError("request: index", f"{text[:40]!r}", "a whole number from 0")
    if int(text) >= count:
        raise Missing("request: index", f"{text} {missing}")
    return int(text)


def only_keys(body: Mapping[str, Any], *known: str) -> None:
    """Refuse a body with a key that nothing reads."""
    for key in body:
        if key not in known:
            raise MerflowError("request", f"unknown key {key[:40]!r}", ", ".join(known) or "none")


def body_number(body: Mapping[str, Any], name: str, low: int, high: int) -> int:
    """Return a whole number of a body, within its limits."""
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        found = f"{str(value)[:40]!r}"
        raise MerflowError(f"request: {name}", found, f"a whole number {low} to {high}")
    return value
