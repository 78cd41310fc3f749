"""The application: the page, its routes, and the gate before both."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from merflow.studio import clips, datasets, runs, workflow
from merflow.studio.access_control import Gate
from merflow.studio.corrections import Corrections
from merflow.studio.jobs import Desk
from merflow.studio.project import Project
from merflow.studio.test_view import routes
from merflow.studio.test_view.session import TrialDesk

PAGE = Path(__file__).parent / "static"
KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}


def create(project: Project, token: str, hosts: frozenset[str], remote: bool = False) -> Gate:
    """Return the ASGI application of one project.

    hosts: what a browser may write into its address line, port included; remote: the server
    listens to other machines as well.
    """
    desk, tests = Desk(project.root), TrialDesk(project.root, project.config)
    corrections = Corrections(project.below("config", "corrections"))

    @contextlib.asynccontextmanager
    async def life(_: Starlette) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(tests.close)
        await run_in_threadpool(desk.close)

    app = Starlette(
        routes=[
            *_page(),
            *clips.routes(project, corrections, remote),
            *runs.routes(project),
            *datasets.routes(project),
            *workflow.routes(project, desk),
            *routes.routes(project, tests, remote),
        ],
        exception_handlers={HTTPException: _refused},
        lifespan=life,
    )
    app.router.redirect_slashes = False
    return Gate(app, token, hosts, any_address=remote)


def _page() -> list[Route]:
    """Return a route for each file of the page: there is no folder to look into."""
    # Browsers ask for an icon; an empty answer keeps their console silent.
    found = [Route("/favicon.ico", lambda _: Response(status_code=204), methods=["GET"])]
    for file in sorted(PAGE.iterdir()):
        if file.suffix in KINDS:
            path = "/" if file.name == "index.html" else f"/{file.name}"
            found.append(Route(path, _file(file), methods=["GET"]))
    return found


def _file(path: Path) -> object:
    async def send(_: Request) -> Response:
        return FileResponse(path, media_type=KINDS[path.suffix])

    return send


async def _refused(_: Request, error: Exception) -> Response:
    """Answer 404 and 405 in the form of every other failure, echoing nothing."""
    text = {404: "no such address", 405: "this address takes another method"}
    found = text.get(error.status_code, "refused")
    body = {"where": "request", "found": found, "expected": "", "fix": ""}
    return JSONResponse(body, error.status_code, dict(error.headers or {}))
