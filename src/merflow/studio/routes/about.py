"""The route of the About dialog, and the documentation that is beside the source."""

from pathlib import Path
from typing import Any

from starlette.requests import Request

from merflow import __version__
from merflow.studio.context import Studio
from merflow.studio.routing import Endpoint

DOCS = Path(__file__).resolve().parents[4] / "docs"


def documentation() -> dict[str, Path]:
    """Return page -> its file; empty for an installed package, which has no `docs/`."""
    return {page.stem: page for page in sorted(DOCS.glob("*.md"))}


def show_about(studio: Studio, _: Request) -> dict[str, Any]:
    """Return the version, the open project, and the pages of documentation that can be opened."""
    project = studio.project if studio.is_open else None
    return {
        "version": __version__,
        "project": project.root.name if project else "none open",
        "config": project.config.name if project else "none",
        "docs": list(documentation()),
    }


ROUTES = (Endpoint("GET", "/api/about", show_about),)
