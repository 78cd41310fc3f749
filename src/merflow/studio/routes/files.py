"""Routes of folders and recordings: the listing of a folder, and uploads by the browser."""

from typing import Any

from starlette.requests import Request

from merflow.errors import MerflowError
from merflow.io.images import VIDEOS
from merflow.studio.access_control import UPLOAD_PATH
from merflow.studio.context import Studio, refuse_remote
from merflow.studio.routing import STREAM, Endpoint
from merflow.studio.uploads import clean_name, receive_upload, too_large, upload_folder

SUFFIXES = {"": (), "videos": VIDEOS, "annotations": (".eaf", ".csv")}


def list_folder(studio: Studio, request: Request) -> dict[str, Any]:
    """Return the folders of a folder with what they hold, and its files of a kind."""
    kind = request.query_params.get("files", "")
    if kind not in SUFFIXES:
        raise MerflowError("request: files", f"{kind[:40]!r}", "videos or annotations")
    browse = studio.browsed()
    text = request.query_params.get("at", "")
    if text == "" and studio.is_open and request.query_params.get("from") == "project":
        text = str(studio.project.root)
    return browse.listing(browse.folder(text), SUFFIXES[kind])


async def upload(studio: Studio, request: Request) -> dict[str, Any]:
    """Store a video that the browser sends; return its path from the project's folder."""
    refuse_remote(studio, "an upload")
    project, query = studio.project, request.query_params
    name = clean_name(query.get("name"))
    folder = upload_folder(project, query.get("folder", ""))
    length = request.headers.get("content-length", "")
    size = int(length) if length.isascii() and length.isdigit() else 0
    try:
        kept = await receive_upload(project, name, folder, request.stream(), size)
    except OverflowError:
        raise too_large(name.name) from None
    return {"path": kept.relative_to(project.root).as_posix(), "bytes": kept.stat().st_size}


ROUTES = (
    Endpoint("GET", "/api/files", list_folder),
    Endpoint("POST", UPLOAD_PATH, upload, STREAM),
)
