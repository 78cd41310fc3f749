"""Routes of marks: saving those of a clip, and applying the corrected ones of a dataset."""

from typing import Any

from starlette.requests import Request

from merflow.datasets.errata import KEY_FRAMES
from merflow.errors import MerflowError
from merflow.studio.applied_marks import MarkFiles
from merflow.studio.context import Studio
from merflow.studio.mark_effects import reruns
from merflow.studio.routes.clips import CLIP, clip_key
from merflow.studio.routing import Endpoint, only_keys


def save_marks(studio: Studio, request: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Save onset, apex and offset of a clip as corrections."""
    only_keys(body, "marks", "before", "source")
    clip = studio.project.clip(clip_key(request))
    if not isinstance(body.get("marks"), dict):
        raise MerflowError("request: marks", "missing", ", ".join(KEY_FRAMES))
    only_keys(body["marks"], *KEY_FRAMES)
    files = _files(studio, clip.key.dataset)
    applied = files.applied().corrections.get(clip.key[1:], ())
    lines = [*applied, *studio.marks.of(clip)]
    sheet = studio.applied.sheet(files, clip, lines, studio.project.catalogue(clip.key.dataset))
    before, source = body.get("before"), body.get("source")
    saved = studio.marks.save(clip, body["marks"], before, source, sheet, applied)
    path = studio.marks.file(clip.key.dataset)
    return {"marks": saved, "file": path.relative_to(studio.project.root).as_posix()}


def show_waiting(studio: Studio, request: Request) -> dict[str, Any]:
    """Return the corrected marks of a dataset that no experiment uses yet, and what they change."""
    files = _files(studio, request.path_params["dataset"])
    change = files.change()
    rows = [
        {"key": list(key), "field": one.field, "was": one.was, "now": one.now, "source": one.source}
        for key, lines in change.moved.items()
        for one in lines
    ]
    effects = None
    if rows:
        effects = reruns(studio.project.settings(), files.name, files.clips_after(change))
    return {
        "rows": rows,
        "effects": effects,
        "version": change.version,
        "file": _shown(studio, files),
        "can_undo": studio.applied.can_undo(files),
    }


def apply_marks(studio: Studio, request: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Move the corrected marks of a dataset into its errata, so that experiments use them."""
    only_keys(body, "version")
    files = _files(studio, request.path_params["dataset"])
    change = studio.applied.apply(files, body.get("version"))
    return {"marks": sum(map(len, change.moved.values())), "file": _shown(studio, files)}


def undo_marks(studio: Studio, request: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Take back the last applied corrections of a dataset."""
    only_keys(body)
    files = _files(studio, request.path_params["dataset"])
    studio.applied.undo(files)
    return {"file": _shown(studio, files)}


MARKS = "/api/marks/{dataset}"
ROUTES = (
    Endpoint("POST", CLIP + "/marks", save_marks),
    Endpoint("GET", MARKS, show_waiting),
    Endpoint("POST", MARKS + "/apply", apply_marks),
    Endpoint("POST", MARKS + "/undo", undo_marks),
)


def _files(studio: Studio, dataset: str) -> MarkFiles:
    return MarkFiles.of(studio.project, studio.marks, dataset)


def _shown(studio: Studio, files: MarkFiles) -> str:
    return files.errata_file.relative_to(studio.project.root).as_posix()
