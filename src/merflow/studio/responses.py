"""What routes answer with: JSON, pictures, and a failure as the four parts of a MerflowError."""

import functools
import json
import logging
import math
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from merflow.errors import FAILED, MerflowError

LOG = logging.getLogger("merflow")
Route = Callable[[Request], Awaitable[Response]]


class Missing(MerflowError):
    """There is no such thing: 404."""


class Clash(MerflowError):
    """It was changed elsewhere, or is busy: 409."""


def failure(error: MerflowError) -> JSONResponse:
    """Return an error as JSON; 4xx for what the asker can mend, 500 for failed work."""
    status = 500 if error.code == FAILED else 400
    if isinstance(error, Missing):
        status = 404
    elif isinstance(error, Clash):
        status = 409
    parts = ("where", "found", "expected", "fix")
    return JSONResponse({part: getattr(error, part) for part in parts}, status)


def answer(function: Callable[..., Any]) -> Route:
    """Turn a function of a request (and its JSON body, for POST) into a route.

    It runs in a thread, since it reads files; what it returns is JSON unless it is a Response.
    """

    @functools.wraps(function)
    async def route(request: Request) -> Response:
        try:
            given = (await read_object(request),) if request.method in ("POST", "PUT") else ()
            found = await run_in_threadpool(function, request, *given)
        except MerflowError as error:
            return failure(error)
        except Exception:
            LOG.exception("%s %s failed", request.method, request.url.path)
            text = "an unexpected fault; the terminal that runs `merflow studio` shows it in full"
            return failure(MerflowError(request.url.path, text, code=FAILED))
        return found if isinstance(found, Response) else JSONResponse(plain(found))

    return route


async def read_object(request: Request) -> dict[str, Any]:
    """Return the JSON object of a body; an empty body is an empty object."""
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    body = await request.body()
    if not body:
        return {}
    if kind != "application/json":
        raise MerflowError("request", f"content type {kind or 'none'!r}", "application/json")
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise MerflowError("request", "the body is not JSON", "a JSON object") from None
    if not isinstance(value, dict):
        raise MerflowError("request", f"a JSON {type(value).__name__}", "a JSON object")
    return value


def plain(value: Any) -> Any:  # noqa: ANN401
    """Return a value JSON can hold: numbers that are none become null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def whole_number(request: Request, name: str, low: int, high: int, default: int) -> int:
    """Return a whole number of the query, within its limits."""
    text = request.query_params.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 10 and low <= int(text) <= high):
        raise MerflowError(f"request: {name}", f"{text[:40]!r}", f"a whole number {low} to {high}")
    return int(text)


def only_keys(given: Mapping[str, Any], known: tuple[str, ...]) -> None:
    """Refuse a body with a key that nothing reads."""
    for key in given:
        if key not in known:
            raise MerflowError("request", f"unknown key {key[:40]!r}", ", ".join(known) or "none")
