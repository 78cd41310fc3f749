"""Routes of the Clips view: the list, one clip, its frames, traces, selection and marks."""

from typing import Any

import cv2
import numpy as np
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from merflow.clip import Clip, ClipArrays, ClipKey
from merflow.config.settings import Select
from merflow.datasets import errata
from merflow.datasets.registry import is_generated, known_reader, spec_of
from merflow.errors import MerflowError
from merflow.inference.preview import anchors, traces
from merflow.stages.select import select_frames, with_apex
from merflow.studio.corrections import Corrections, corrected, published
from merflow.studio.project import FACTORS, Project
from merflow.studio.responses import Missing, answer, only_keys, whole_number


def routes(project: Project, corrections: Corrections, remote: bool) -> list[Route]:
    """Return the routes; `remote`: the page may be on another machine than the pictures."""

    def listing(request: Request) -> dict[str, Any]:
        """Every clip of every dataset, with what is known of it."""
        settings = project.settings()
        rows, faults = [], []
        for dataset in settings.datasets:
            try:
                known = errata.load(dataset, corrections.folder).corrections
                ready = _ready(project, dataset, settings.preparations)
                rows += [_row(clip, known, ready) for clip in project.clips(dataset)]
            except MerflowError as error:
                faults.append(str(error))
        return {
            "clips": rows,
            "faults": faults,
            "preparations": list(settings.preparations),
            "factors": FACTORS,
        }

    def one(request: Request) -> dict[str, Any]:
        clip, arrays = opened(request)
        shown = with_apex(arrays)
        return {
            "key": list(clip.key),
            "emotion": clip.emotion,
            "action_units": clip.action_units,
            "fps": arrays.fps,
            "numbers": [int(n) for n in arrays.numbers],
            "size": list(arrays.frames.shape[1:3]),
            "published": published(clip),
            "marks": corrected(clip, corrections.of(clip)),
            "found_apex": int(arrays.numbers[shown.apex]),
            "found_apex_by": shown.facts["apex"]["method"],
            "points": {name: point.tolist() for name, point in anchors(arrays).items()},
        }

    def frame(request: Request) -> Response:
        """One frame as PNG, which loses nothing; with the facts of its magnification."""
        index = request.path_params["index"]
        _, arrays = opened(request, _factor(request))
        if not (index.isascii() and index.isdigit() and len(index) < 7):
            raise MerflowError("request: index", f"{index[:40]!r}", "a whole number from 0")
        if int(index) >= len(arrays.frames):
            raise Missing("request: index", f"{index} of a clip of {len(arrays.frames)} frames")
        return Response(_png(arrays.frames[int(index)]), media_type="image/png")

    def trace(request: Request) -> dict[str, Any]:
        """How far each traced point is from where it was at onset (px), frame by frame."""
        _, arrays = opened(request, _factor(request))
        found = {name: np.hypot(*track.T).tolist() for name, track in traces(arrays).items()}
        return {"traces": found, "magnify": arrays.facts.get("magnify", {})}

    def selection(request: Request) -> dict[str, Any]:
        """Which positions a choice of frames keeps, for marks given as positions."""
        _, arrays = opened(request)
        last = len(arrays.frames) - 1
        onset, apex, offset = (
            whole_number(request, name, 0, last, value)
            for name, value in (("onset", 0), ("apex", last // 2), ("offset", last))
        )
        if not onset <= apex <= offset:
            raise MerflowError("request", "marks out of order", "onset <= apex <= offset")
        try:
            chosen = Select(
                frames=request.query_params.get("frames", "all"),
                window=whole_number(request, "window", 1, 1000, 5),
                every=whole_number(request, "every", 0, 1000, 0),
            )
        except ValidationError:
            known = "all, windows, apex-nine, onset-apex"
            raise MerflowError("request: frames", "an unknown choice", known) from None
        return {"positions": select_frames(onset, apex, offset, chosen).tolist()}

    def save(request: Request, given: dict[str, Any]) -> dict[str, Any]:
        only_keys(given, ("marks", "before", "source"))
        clip = project.clip(_key(request))
        if not isinstance(given.get("marks"), dict):
            raise MerflowError("request: marks", "missing", "onset, apex, offset")
        only_keys(given["marks"], ("onset", "apex", "offset"))
        now = corrections.save(clip, given["marks"], given.get("before"), given.get("source"))
        path = corrections.folder / f"{clip.key.dataset}.csv"
        return {"marks": now, "file": path.relative_to(project.root).as_posix()}

    def opened(request: Request, factor: str = "x1") -> tuple[Clip, ClipArrays]:
        clip = project.clip(_key(request))
        if remote:
            _may_leave(project, clip.key)
        preparation = request.query_params.get("preparation") or next(
            iter(project.settings().preparations), ""
        )
        return clip, project.arrays(clip.key, preparation, factor)

    at = "/api/clip/{dataset}/{subject}/{clip}"
    return [
        Route("/api/clips", answer(listing)),
        Route(at, answer(one)),
        Route(at + "/frames/{index}", answer(frame)),
        Route(at + "/traces", answer(trace)),
        Route(at + "/selection", answer(selection)),
        Route(at + "/marks", answer(save), methods=["POST"]),
    ]


def _key(request: Request) -> ClipKey:
    return ClipKey(*(request.path_params[name] for name in ("dataset", "subject", "clip")))


def _factor(request: Request) -> str:
    return request.query_params.get("factor", "x1")


def _ready(project: Project, dataset: str, preparations: dict) -> dict[str, list[str]]:
    """Return subject -> preparations that have cropped it, from the names of the files."""
    found: dict[str, list[str]] = {}
    for name in preparations:
        for file in project.below("results", name, "cropped", dataset).glob("*.h5"):
            found.setdefault(file.stem, []).append(name)
    return found


def _row(clip: Clip, known: dict, ready: dict[str, list[str]]) -> dict[str, Any]:
    lines = known.get((clip.key.subject, clip.key.clip), ())
    return {
        "key": list(clip.key),
        "emotion": clip.emotion,
        "frames": len(clip.numbers),
        "fps": clip.fps,
        "missing": clip.missing,
        "corrected": [one.field for one in lines],
        "preparations": ready.get(clip.key.subject, []),
    }


def _png(frame: np.ndarray) -> bytes:
    """Return an (H, W, 1 or 3) uint8 RGB frame as PNG."""
    picture = frame if frame.shape[2] == 1 else cv2.cvtColor(frame, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()


def _may_leave(project: Project, key: ClipKey) -> None:
    """Refuse a recorded person's picture to a page that may be on another machine."""
    entry = project.settings().datasets[key.dataset]
    spec = spec_of(known_reader(key.dataset, entry))
    generated = is_generated(project.root / entry.root)
    if not generated and key.subject not in spec.publishable_subjects:
        raise MerflowError(
            str(key),
            "a recorded person; their pictures stay on this machine",
            "a generated face, or a subject listed in the adapter's publishable_subjects",
            "run `merflow studio` without --host, on the machine with the screen",
        )
