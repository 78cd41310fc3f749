"""Routes of the Own clips view: the table of a folder, its save, segments of a recording."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from merflow.errors import MerflowError
from merflow.io.images import VIDEOS
from merflow.studio.context import Studio, refuse_remote
from merflow.studio.own_clips import (
    check,
    load_folder,
    own_datasets,
    save,
    table_from,
)
from merflow.studio.recording_files import refuse_real_recording
from merflow.studio.routing import JPEG, Endpoint, Missing, only_keys, path_index
from merflow.studio.segments import read_segments, segments_from, write_segments


def list_own(studio: Studio, _: Request) -> dict[str, Any]:
    """Return the datasets of own clips in the config."""
    return {"datasets": own_datasets(studio.project)}


def show_folder(studio: Studio, request: Request) -> dict[str, Any]:
    """Return the table of a folder: its manifest merged with the clips that are there."""
    folder = _folder(studio, request.query_params.get("folder", ""))
    only = request.query_params.get("only", "")
    if only and ("/" in only or len(only.encode()) > 255 or not (folder / only).is_file()):
        raise Missing("request: only", f"no recording {only[:80]!r} in the folder")
    return load_folder(studio.project, folder, only)


def check_rows(studio: Studio, _: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Return the faults of a table, and what saving it would change."""
    only_keys(body, "folder", "dataset", "header", "rows")
    folder, dataset = _folder(studio, body.get("folder")), body.get("dataset", "")
    return check(studio.project, folder, dataset, table_from(body))


def save_rows(studio: Studio, _: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Write the manifest of a folder and name its dataset in the config."""
    # A manifest says which subjects may be shown to such a page.
    refuse_remote(studio, "saving a manifest")
    only_keys(body, "folder", "dataset", "header", "rows", "before")
    folder = _folder(studio, body.get("folder"))
    return save(studio.project, folder, body.get("dataset"), table_from(body), body.get("before"))


def open_recording(studio: Studio, _: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Begin to decode a recording, in place of the one before."""
    only_keys(body, "path")
    text = body.get("path")
    # Of an upload the page knows the path from the project's folder.
    if isinstance(text, str) and text and not text.startswith("/"):
        text = str(studio.project.below(*text.split("/")))
    path = studio.browsed().path(text)
    if path.suffix.lower() not in VIDEOS or not path.is_file():
        raise MerflowError(path.name[:80], "no video", ", ".join(sorted(VIDEOS)))
    if studio.remote:
        refuse_real_recording(studio.project.root, path)
    return studio.open_recording(path)


def recording_state(studio: Studio, request: Request) -> dict[str, Any]:
    """Return how much of the recording is decoded."""
    return studio.recording_of(request.query_params.get("id")).state()


def recording_frame(studio: Studio, request: Request) -> Response:
    """Return one frame of the recording as JPEG."""
    recording = studio.recording_of(request.query_params.get("id"))
    index = path_index(request, len(recording.times) + 1, "is not a frame of the recording")
    return Response(recording.frame(index), media_type=JPEG)


def close_recording(studio: Studio, _: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Remove the decoded frames of the recording."""
    only_keys(body, "id")
    studio.close_recording(body.get("id"))
    return {}


def import_segments(studio: Studio, _: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Return the segments that an ELAN file or a CSV has for the recording."""
    only_keys(body, "id", "name", "text")
    recording = studio.recording_of(body.get("id"))
    segments, notes = read_segments(recording, body.get("name"), body.get("text"))
    return {"segments": [asdict(one) for one in segments], "notes": notes}


def export_segments(studio: Studio, _: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Return the segments of the recording as an ELAN file or a CSV."""
    only_keys(body, "id", "kind", "segments")
    recording = studio.recording_of(body.get("id"))
    segments = segments_from(body.get("segments"), len(recording.times))
    return write_segments(recording, segments, body.get("kind"))


def _folder(studio: Studio, text: object) -> Path:
    if not isinstance(text, str) or not text:
        raise MerflowError("request: folder", "no folder", "a folder of clips")
    if not text.startswith("/"):
        text = str(studio.project.below(*text.split("/")))
    return studio.browsed().folder(text)


OWN, RECORDING = "/api/own-clips", "/api/own-clips/recording"
ROUTES = (
    Endpoint("GET", OWN, list_own),
    Endpoint("GET", OWN + "/folder", show_folder),
    Endpoint("POST", OWN + "/check", check_rows),
    Endpoint("POST", OWN + "/save", save_rows),
    Endpoint("POST", RECORDING, open_recording),
    Endpoint("GET", RECORDING, recording_state),
    Endpoint("GET", RECORDING + "/frames/{index}", recording_frame),
    Endpoint("POST", RECORDING + "/close", close_recording),
    Endpoint("POST", RECORDING + "/import", import_segments),
    Endpoint("POST", RECORDING + "/export", export_segments),
)
