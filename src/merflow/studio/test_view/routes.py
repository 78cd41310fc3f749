"""Routes of the Test view: runs, recordings, one test, its pictures and its answers."""

import os
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from merflow.datasets.registry import is_generated
from merflow.errors import MerflowError
from merflow.inference.recording import Answered, as_json, window_sizes, windows
from merflow.io.images import VIDEOS
from merflow.studio.project import Project
from merflow.studio.responses import Missing, answer, failure, only_keys, plain, whole_number
from merflow.studio.test_view.camera_test import WINDOW_LIMIT
from merflow.studio.test_view.session import TrialDesk
from merflow.workflow.final_model import CAVEAT, open_model

PASSED_BY = {"results", "node_modules", "__pycache__"}
MOST = 500
"""Recordings listed, at most."""
DEEP = 6
POINTS = (5, 68)
FRAME = "/api/test/frame"


def routes(project: Project, desk: TrialDesk, remote: bool) -> list[Route]:
    """Return the routes; `remote`: the page may be on another machine than the pictures."""

    def listing(request: Request) -> dict[str, Any]:
        found = recordings(project.root)
        return {
            "runs": [_run_row(project, run) for run in project.plan().runs()],
            "datasets": list(project.settings().datasets),
            "recordings": found[:MOST],
            "more": max(0, len(found) - MOST),
            "caveat": CAVEAT,
            "window_limit": WINDOW_LIMIT,
        }

    def state(request: Request) -> dict[str, Any]:
        return desk.state()

    def dataset(request: Request, given: dict[str, Any]) -> dict[str, Any]:
        only_keys(given, ("run", "dataset"))
        folder, name = the_run(given.get("run")), given.get("dataset")
        if not isinstance(name, str) or name not in project.settings().datasets:
            raise Missing("request: dataset", f"no dataset {str(name)[:80]!r}")
        if not project.clips(name):
            raise Missing(name, "is not prepared", fix="Datasets view: Prepare")
        return desk.start("dataset", f"testing {name}", {"run": folder, "name": name})

    def film(request: Request, given: dict[str, Any]) -> dict[str, Any]:
        only_keys(given, ("run", "path", "fps", "points"))
        path = a_recording(project, given.get("path"))
        if remote:
            _may_leave(project.root, path)
        fps = given.get("fps")
        if fps is not None and (isinstance(fps, bool) or not isinstance(fps, int | float)):
            raise MerflowError("request: fps", f"{str(fps)[:40]!r}", "frames per second")
        if fps is not None and not 1 <= fps <= 10_000:
            raise MerflowError("request: fps", f"{fps}", "1 to 10000 Hz")
        message = {
            "run": the_run(given.get("run")), "path": str(path), "fps": fps,
            "points": _points(given),
        }  # fmt: skip
        return desk.start("film", f"testing {path.name}", message)

    def live(request: Request, given: dict[str, Any]) -> dict[str, Any]:
        only_keys(given, ("run", "window", "stride", "points"))
        message = {
            "run": the_run(given.get("run")),
            "window": _whole(given, "window", 2, WINDOW_LIMIT),
            "stride": _whole(given, "stride", 1, WINDOW_LIMIT),
            "points": _points(given),
        }
        return desk.start("live", "the camera", message)

    def stop(request: Request, given: dict[str, Any]) -> dict[str, Any]:
        only_keys(given, ("id",))
        return desk.stop(given.get("id"))

    def result(request: Request) -> dict[str, Any]:
        found = of_this(request)
        if "answered" not in found:
            return found
        answered: Answered = found["answered"]
        return {
            **as_json(answered),
            "classes": answered.classes,
            "numbers": answered.numbers.tolist(),
            "ratio": answered.ratio.tolist(),
            "boxes": found["boxes"],
            "points": found["points"],
            "said": found["said"],
        }

    def rows(request: Request) -> dict[str, Any]:
        """The answers again, for another window and stride: no network is needed for that."""
        found = of_this(request)
        if "answered" not in found:
            raise Missing("request", "the test is of no recording")
        answered: Answered = found["answered"]
        count = len(answered.numbers)
        size, step = window_sizes(
            count,
            answered.fps,
            whole_number(request, "window", 1, count, 0) if _asks(request, "window") else None,
            whole_number(request, "stride", 1, count, 0) if _asks(request, "stride") else None,
        )
        made = windows(answered.ratio, answered.events, size, step)
        return {
            "window": size,
            "stride": step,
            "rows": [
                {
                    "first": row.first,
                    "last": row.last,
                    "movement": row.strength,
                    "answer": row.answer,
                    "chances": None if row.chances is None else row.chances.tolist(),
                }
                for row in made
            ],
        }

    def reel(request: Request) -> dict[str, Any]:
        same_test(request)
        if desk.reel is None:
            raise Missing("request", "the test is of no recording, or has not read it yet")
        return desk.reel

    def shown(request: Request) -> Response:
        """One frame of the recording as it is shown."""
        index = request.path_params["index"]
        if not (index.isascii() and index.isdigit() and len(index) < 8):
            raise MerflowError("request: index", f"{index[:40]!r}", "a whole number from 0")
        same_test(request)
        pictures = desk.pictures
        if int(index) >= len(pictures):
            raise Missing("request: index", f"frame {index} is not there yet, or not at all")
        return Response(pictures[int(index)], media_type="image/jpeg")

    def of_this(request: Request) -> dict[str, Any]:
        same_test(request)
        if desk.found is None:
            raise Missing("request", "the test has no result (yet)")
        return desk.found

    def same_test(request: Request) -> None:
        if request.path_params["id"] != str(desk.state()["id"]):
            raise Missing("request: id", "another test has begun since")

    def the_run(name: object) -> str:
        """Return the folder of a run of the config that has a final model."""
        for run in project.plan().runs():
            if run.folder == name:
                project.below(*run.folder.split("/"), "final")
                return run.folder
        raise Missing("request: run", f"no run {str(name)[:80]!r} in {project.config.name}")

    async def frame(request: Request) -> Response:
        """One frame of the camera, a JPEG; what is seen in it comes back."""
        try:
            if request.headers.get("content-type") != "image/jpeg":
                raise MerflowError("camera", "a frame that is no JPEG", "image/jpeg")
            number = whole_number(request, "id", 1, 10**8, 0)
            at = whole_number(request, "at", 0, 10**9 - 1, 0)
            jpeg = await request.body()
            said = await run_in_threadpool(desk.frame, number, jpeg, float(at))
        except MerflowError as error:
            return failure(error)
        return JSONResponse(plain(said))

    at = "/api/test/{id}"
    return [
        Route("/api/test", answer(listing)),
        Route("/api/test/state", answer(state)),
        Route("/api/test/dataset", answer(dataset), methods=["POST"]),
        Route("/api/test/film", answer(film), methods=["POST"]),
        Route("/api/test/live", answer(live), methods=["POST"]),
        Route("/api/test/stop", answer(stop), methods=["POST"]),
        Route(FRAME, frame, methods=["POST"]),
        Route(at + "/result", answer(result)),
        Route(at + "/reel", answer(reel)),
        Route(at + "/windows", answer(rows)),
        Route(at + "/frames/{index}", answer(shown)),
    ]


def recordings(root: Path) -> list[str]:
    """Return the videos below the root, as paths from it; hidden folders and results left out."""
    found = []
    for folder, names, files in os.walk(root):
        here = Path(folder)
        names[:] = sorted(
            name for name in names
            if not name.startswith(".") and name not in PASSED_BY
            and len(here.relative_to(root).parts) < DEEP
        )  # fmt: skip
        found += [
            (here / name).relative_to(root).as_posix()
            for name in sorted(files)
            if Path(name).suffix.lower() in VIDEOS
        ]
    return found


def a_recording(project: Project, name: object) -> Path:
    """Return the video, or the folder of frames, of that path below the root."""
    if not isinstance(name, str) or not name or len(name) > 1000:
        raise MerflowError("request: path", "no path", "a recording below the project's folder")
    path = project.below(*name.split("/"))
    if not path.is_dir() and path.suffix.lower() not in VIDEOS:
        raise MerflowError("request: path", "no video and no folder", ", ".join(sorted(VIDEOS)))
    if not path.exists():
        raise Missing("request: path", f"no {name[:80]!r} below the project's folder")
    return path


def _run_row(project: Project, run: Any) -> dict[str, Any]:  # noqa: ANN401
    row = {"folder": run.folder, "experiment": run.experiment, "factor": run.factor,
           "seed": run.seed, "model": None, "note": ""}  # fmt: skip
    folder = project.below(*run.folder.split("/"))
    if not (folder / "final/run.json").is_file():
        return row
    try:
        model = open_model(folder)
    except MerflowError as error:
        return row | {"note": str(error)}
    known = {"classes": model.classes, "subjects": len(model.subjects), "said": model.said,
             "points": model.chain.align.points}  # fmt: skip
    return row | {"model": known}


def _points(given: dict[str, Any]) -> int:
    points = given.get("points", 5)
    if isinstance(points, bool) or points not in POINTS:
        raise MerflowError("request: points", f"{str(points)[:40]!r}", "5 or 68")
    return points


def _whole(given: dict[str, Any], name: str, low: int, high: int) -> int:
    value = given.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        found = f"{str(value)[:40]!r}"
        raise MerflowError(f"request: {name}", found, f"a whole number {low} to {high}")
    return value


def _asks(request: Request, name: str) -> bool:
    return bool(request.query_params.get(name))


def _may_leave(root: Path, path: Path) -> None:
    """Refuse a recording to a page that may be elsewhere, unless the demo drew it."""
    if not any(is_generated(folder) for folder in path.parents if folder != root.parent):
        raise MerflowError(
            path.name,
            "may show a recorded person; their pictures stay on this machine",
            "a recording that `merflow demo` drew",
            "run `merflow studio` without --host, on the machine with the screen",
        )
