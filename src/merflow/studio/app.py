"""The ASGI application: the files of the page, the route tables, access control before both."""

import contextlib
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from merflow.errors import MerflowError
from merflow.studio.access_control import AccessControl
from merflow.studio.context import Studio
from merflow.studio.project import Project
from merflow.studio.routes import (
    about,
    clips,
    datasets,
    experiments,
    files,
    marks,
    own_clips,
    projects,
    runs,
    test_view,
    workflow,
)
from merflow.studio.routing import error_response, starlette_routes

PAGE = Path(__file__).parent / "static"
CONTENT_TYPES = {
    ".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}  # fmt: skip
VIEWS = (
    about, projects, files, datasets, own_clips, clips, marks, experiments, runs, workflow,
    test_view,
)  # fmt: skip
ROUTES = tuple(endpoint for view in VIEWS for endpoint in view.ROUTES)


def create(
    project: Project | None,
    token: str,
    hosts: frozenset[str],
    remote: bool = False,
    browse: Path | None = None,
) -> AccessControl:
    """Return the ASGI application; project: the one that is open at first, if any.

    hosts: names and ports that the browser's address may have; remote: the server listens to
    other machines as well; browse: folder below which data and projects may lie.
    """
    studio = Studio(project, remote, browse)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(studio.close)

    app = Starlette(
        routes=[*_page_routes(), *starlette_routes(studio, ROUTES)],
        exception_handlers={HTTPException: _http_error},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    return AccessControl(app, token, hosts, any_address=remote)


def _page_routes() -> list[Route]:
    """Return a route for each file of the page; no request chooses a path on disk."""
    # Browsers ask for an icon; an empty response keeps their console free of errors.
    routes = [Route("/favicon.ico", lambda _: Response(status_code=204), methods=["GET"])]
    for file in sorted(PAGE.rglob("*")):
        if file.suffix in CONTENT_TYPES:
            name = file.relative_to(PAGE).as_posix()
            path = "/" if name == "index.html" else f"/{name}"
            routes.append(Route(path, partial(_send_file, file), methods=["GET"]))
    for name, file in about.documentation().items():
        routes.append(Route(f"/docs/{name}.md", partial(_send_file, file), methods=["GET"]))
    return routes


async def _send_file(path: Path, _: Request) -> Response:
    return FileResponse(path, media_type=CONTENT_TYPES.get(path.suffix, "text/plain"))


async def _http_error(_: Request, error: Exception) -> Response:
    """Return 404 and 405 in the form of every other error, without the request's text."""
    text = {404: "no such address", 405: "this address takes another method"}
    found = text.get(error.status_code, "refused")
    return error_response(MerflowError("request", found), error.status_code, error.headers)
