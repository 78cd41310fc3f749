"""Routes of the Projects view: the open project, recent ones, a new one, the demo."""

import os
from pathlib import Path
from typing import Any

from starlette.requests import Request

from merflow.errors import MerflowError
from merflow.io.files import safe_join, safe_name
from merflow.studio.browse import is_project
from merflow.studio.context import Studio, refuse_remote
from merflow.studio.project import Project
from merflow.studio.recent_projects import forget, recent
from merflow.studio.routing import Endpoint, only_keys
from merflow.workflow.project_template import TEMPLATES, create_project

DEMO_COMMAND = ["demo", "data/demo", "--small"]
CONFIG = "config/config.yaml"


def project_state(studio: Studio, _: Request) -> dict[str, Any]:
    """Return the open project, or that none is open."""
    opened = studio.opened if studio.is_open else None
    return {
        "open": opened is not None,
        "id": opened.id if opened else "",
        "name": opened.project.root.name if opened else "",
        "folder": str(opened.project.root) if opened else "",
        "config": opened.project.config.relative_to(opened.project.root).as_posix()
        if opened
        else "",
        "remote": studio.remote,
        "home": "" if studio.remote else str(studio.browse.roots[0]),
    }


def list_recent(studio: Studio, _: Request) -> dict[str, Any]:
    """Return the projects opened last, and which of them are gone or cannot be opened here."""
    refuse_remote(studio, "a list of projects")
    rows = []
    for text in recent():
        folder = Path(text)
        state = "found" if is_project(folder) else "missing"
        if state == "found" and not studio.browsed().holds(folder):
            state = "outside"
        rows.append({"folder": text, "name": folder.name, "state": state})
    return {"projects": rows}


def forget_recent(studio: Studio, _: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Remove a project from the list of recent ones; its folder stays."""
    refuse_remote(studio, "a list of projects")
    only_keys(body, "folder")
    folder = body.get("folder")
    if folder not in recent():
        raise MerflowError("request: folder", f"{str(folder)[:80]!r}", "a project of the list")
    forget(folder)
    return list_recent(studio, _)


def open_project(studio: Studio, _: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Open a project in place of the present one."""
    refuse_remote(studio, "another project")
    only_keys(body, "folder")
    folder = studio.browsed().folder(body.get("folder"))
    if not is_project(folder):
        raise MerflowError(
            str(folder), "is not a project", f"a folder with {CONFIG}", "create one there"
        )
    studio.open(Project(folder, folder / CONFIG))
    return project_state(studio, _)


def new_project(studio: Studio, _: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Write a new project and open it; for the demo, start to draw its faces."""
    refuse_remote(studio, "a new project")
    only_keys(body, "name", "parent", "template")
    template = body.get("template")
    if template not in TEMPLATES:
        found = f"{str(template)[:40]!r}"
        raise MerflowError("request: template", found, ", ".join(TEMPLATES))
    name, parent = body.get("name"), studio.browsed().folder(body.get("parent"))
    if not isinstance(name, str) or name.startswith("."):
        raise MerflowError("project name", f"{str(name)[:40]!r}", "a name for a folder")
    folder = parent / safe_name(name, "project name")
    if os.path.lexists(folder):
        # A folder that is there may be a link, or have one, that leads out of the browse folder.
        folder = studio.browsed().folder(str(folder), "project name")
        safe_join(folder, "config", "errata", where="project name")
    # Before anything is written.
    if template == "demo":
        studio.creation.refuse_running(folder)
    else:
        studio.refuse_running()
    create_project(folder, template)
    if template == "demo":
        studio.creation.start(folder, DEMO_COMMAND)
        return {"folder": str(folder), "state": studio.creation.state()}
    studio.open(Project(folder, folder / CONFIG))
    return {"folder": str(folder), "state": {"state": "none"}}


def creation_state(studio: Studio, _: Request) -> dict[str, Any]:
    """Return the progress of the demo project that is being written."""
    return studio.creation.state()


def stop_creation(studio: Studio, _: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Stop writing the demo project; what is written stays."""
    only_keys(body)
    studio.creation.stop()
    return studio.creation.state()


ROUTES = (
    Endpoint("GET", "/api/project", project_state),
    Endpoint("GET", "/api/projects/recent", list_recent),
    Endpoint("POST", "/api/projects/forget", forget_recent),
    Endpoint("POST", "/api/projects/open", open_project),
    Endpoint("POST", "/api/projects/new", new_project),
    Endpoint("GET", "/api/projects/creation", creation_state),
    Endpoint("POST", "/api/projects/creation/stop", stop_creation),
)
