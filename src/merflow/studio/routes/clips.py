"""Routes of the Clips view: the list, one clip, its frames, traces, frame selection and video."""

from typing import Any

import cv2
import numpy as np
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from merflow.clip import Clip, ClipArrays, ClipKey
from merflow.config.settings import Select
from merflow.datasets import errata
from merflow.datasets.errata import KEY_FRAMES
from merflow.datasets.publishable import refuse_recorded
from merflow.errors import MerflowError
from merflow.inference.preview import anchors, traces
from merflow.stages.select import select_frames, with_apex
from merflow.studio.applied_marks import MarkFiles
from merflow.studio.clip_video import clip_video
from merflow.studio.context import Studio
from merflow.studio.marks import corrected, used_next
from merflow.studio.project import Project
from merflow.studio.routing import Endpoint, path_index, query_number


def list_clips(studio: Studio, _: Request) -> dict[str, Any]:
    """Return every clip of every dataset, with its corrections and preparations."""
    settings = studio.project.settings()
    rows, errors = [], []
    for dataset in settings.datasets:
        try:
            corrections = errata.load(dataset, studio.marks.folder).corrections
            cropped = _cropped_by(studio.project, dataset, settings.preparations)
            rows += [_row(clip, corrections, cropped) for clip in studio.project.clips(dataset)]
        except MerflowError as error:
            errors.append(str(error))
    preparations = list(settings.preparations)
    factors = studio.project.factors()
    return {"clips": rows, "errors": errors, "preparations": preparations, "factors": factors}


def show_clip(studio: Studio, request: Request) -> dict[str, Any]:
    """Return one clip's annotation, marks, frame numbers and traced points."""
    clip, arrays = _open(studio, request)
    shown = with_apex(arrays)
    files = MarkFiles.of(studio.project, studio.marks, clip.key.dataset)
    applied = files.applied().corrections.get(clip.key[1:], ())
    waiting = studio.marks.of(clip)
    catalogue = studio.project.catalogue(clip.key.dataset)
    base = used_next(studio.applied.sheet(files, clip, [*applied, *waiting], catalogue), applied)
    return {
        "key": list(clip.key),
        "emotion": clip.emotion,
        "action_units": clip.action_units,
        "fps": arrays.fps,
        "numbers": [int(n) for n in arrays.numbers],
        "size": list(arrays.frames.shape[1:3]),
        "published": base,
        "marks": corrected(base, waiting),
        "applied": [name for name in KEY_FRAMES if base[name] != getattr(clip, name)],
        "found_apex": int(arrays.numbers[shown.apex]),
        "found_apex_by": shown.facts["apex"]["method"],
        "points": {name: point.tolist() for name, point in anchors(arrays).items()},
    }


def clip_frame(studio: Studio, request: Request) -> Response:
    """Return one frame as PNG, which is lossless."""
    frames = _open(studio, request, _factor(request))[1].frames
    index = path_index(request, len(frames), f"of a clip of {len(frames)} frames")
    return Response(_png(frames[index]), media_type="image/png")


def clip_traces(studio: Studio, request: Request) -> dict[str, Any]:
    """Return the distance of each traced point from its place at onset, frame by frame (px)."""
    _, arrays = _open(studio, request, _factor(request))
    found = {name: np.hypot(*track.T).tolist() for name, track in traces(arrays).items()}
    return {"traces": found, "magnify": arrays.facts.get("magnify", {})}


def clip_selection(studio: Studio, request: Request) -> dict[str, Any]:
    """Return the positions that a frame selection keeps, for marks given as positions."""
    last = len(_open(studio, request)[1].frames) - 1
    defaults = zip(KEY_FRAMES, (0, last // 2, last), strict=True)
    onset, apex, offset = (query_number(request, name, 0, last, d) for name, d in defaults)
    if not onset <= apex <= offset:
        raise MerflowError("request", "marks out of order", "onset <= apex <= offset")
    try:
        chosen = Select(
            frames=request.query_params.get("frames", "all"),
            window=query_number(request, "window", 1, 1000, 5),
            every=query_number(request, "every", 0, 1000, 0),
        )
    except ValidationError:
        known = "all, windows, apex-nine, onset-apex"
        raise MerflowError("request: frames", "an unknown selection", known) from None
    return {"positions": select_frames(onset, apex, offset, chosen).tolist()}


def clip_as_video(studio: Studio, request: Request) -> Response:
    """Return a clip as MP4 at one factor, or two side by side (`beside`); speed in percent."""
    factor, beside = _factor(request), request.query_params.get("beside", "")
    percent = query_number(request, "percent", 1, 100, 10)
    shown = {
        name: _open(studio, request, name)[1] for name in dict.fromkeys((factor, beside)) if name
    }
    return Response(clip_video(shown, percent / 100), media_type="video/mp4")


CLIP = "/api/clip/{dataset}/{subject}/{clip}"
ROUTES = (
    Endpoint("GET", "/api/clips", list_clips),
    Endpoint("GET", CLIP, show_clip),
    Endpoint("GET", CLIP + "/frames/{index}", clip_frame),
    Endpoint("GET", CLIP + "/traces", clip_traces),
    Endpoint("GET", CLIP + "/selection", clip_selection),
    Endpoint("GET", CLIP + "/video", clip_as_video),
)


def clip_key(request: Request) -> ClipKey:
    """Return the key of the clip that the path names."""
    return ClipKey(*(request.path_params[name] for name in ("dataset", "subject", "clip")))


def _factor(request: Request) -> str:
    return request.query_params.get("factor", "x1")


def _open(studio: Studio, request: Request, factor: str = "x1") -> tuple[Clip, ClipArrays]:
    """Return a clip of the catalogue and its cropped, magnified frames."""
    project = studio.project
    clip, settings = project.clip(clip_key(request)), project.settings()
    if studio.remote:
        refuse_recorded(
            clip.key, settings.datasets[clip.key.dataset], project.root,
            "run `merflow studio` without --host, on the machine with the screen",
        )  # fmt: skip
    first = next(iter(settings.preparations), "")
    preparation = request.query_params.get("preparation") or first
    return clip, project.arrays(clip.key, preparation, factor)


def _cropped_by(project: Project, dataset: str, preparations: dict) -> dict[str, list[str]]:
    """Return subject -> preparations that have cropped it, from the names of the files."""
    found: dict[str, list[str]] = {}
    for name in preparations:
        for file in project.below("results", name, "cropped", dataset).glob("*.h5"):
            found.setdefault(file.stem, []).append(name)
    return found


def _row(clip: Clip, corrections: dict, cropped: dict[str, list[str]]) -> dict[str, Any]:
    return {
        "key": list(clip.key),
        "emotion": clip.emotion,
        "frames": len(clip.numbers),
        "fps": clip.fps,
        "missing": clip.missing,
        "corrected": [c.field for c in corrections.get(clip.key[1:], ())],
        "preparations": cropped.get(clip.key.subject, []),
    }


def _png(frame: np.ndarray) -> bytes:
    """Return an (H, W, 1 or 3) uint8 RGB frame as PNG."""
    image = frame if frame.shape[2] == 1 else cv2.cvtColor(frame, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()
