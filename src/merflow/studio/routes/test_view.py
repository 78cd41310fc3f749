"""Routes of the Test view: what can be tested, the start of a test, its frames and its results."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from merflow.errors import MerflowError
from merflow.evaluation.interval_files.output import FORMS
from merflow.evaluation.run_id import Run
from merflow.inference.recording import RecordingPrediction, window_sizes, windows
from merflow.inference.recording_output import as_json, intervals_text
from merflow.studio.access_control import FRAME_PATH
from merflow.studio.context import Studio
from merflow.studio.project import Project
from merflow.studio.recording_files import recording_path, recordings, refuse_real_recording
from merflow.studio.routing import (
    JPEG,
    Endpoint,
    Missing,
    body_number,
    only_keys,
    path_index,
    query_number,
)
from merflow.studio.test_view.camera import WINDOW_LIMIT
from merflow.studio.test_view.film import film
from merflow.workflow.final_model import CAVEAT, open_model
from merflow.workflow.spotting_plan import spotting_runs

RECORDINGS_LIMIT = 500
"""Most recordings listed."""
LANDMARKS = (5, 68)
MP4 = "video/mp4"


def list_choices(studio: Studio, _: Request) -> dict[str, Any]:
    """Return the runs, datasets and recordings that can be tested."""
    project = studio.project
    found = recordings(project.root)
    return {
        "runs": [run_row(project, run) for run in project.plan().runs()],
        "spotters": spotter_rows(project),
        "datasets": list(project.settings().datasets),
        "recordings": found[:RECORDINGS_LIMIT],
        "more": max(0, len(found) - RECORDINGS_LIMIT),
        "caveat": CAVEAT,
        "window_limit": WINDOW_LIMIT,
        "upload": not studio.remote,
    }


def test_state(studio: Studio, _: Request) -> dict[str, Any]:
    """Return the progress of the test."""
    return studio.test.state()


def start_dataset(studio: Studio, _: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Test a run on the prepared clips of a dataset."""
    only_keys(body, "run", "dataset")
    folder = _run_folder(studio.project, body)
    name = studio.project.dataset(body.get("dataset"))
    if not studio.project.clips(name):
        raise Missing(name, "is not prepared", fix="choose the dataset in Data and press Prepare")
    message = {"run": folder, "name": name}
    return studio.test.start(
        "dataset", f"testing {name}", message, {"run": folder, "dataset": name}
    )


def start_recording(studio: Studio, _: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Test a run on a recording."""
    only_keys(body, "run", "path", "fps", "points", "spotter")
    path = recording_path(studio.project, body.get("path"), studio.browsed())
    fps = body.get("fps")
    if studio.remote:
        refuse_real_recording(studio.project.root, path)
    if fps is not None and (
        isinstance(fps, bool) or not isinstance(fps, int | float) or not 1 <= fps <= 10_000
    ):
        raise MerflowError("request: fps", f"{str(fps)[:40]!r}", "1 to 10000 Hz")
    run = _run_folder(studio.project, body)
    spotter = _spotter(studio.project, body)
    message = {"run": run, "path": str(path), "fps": fps, "points": _landmarks(body)}
    message["spotter"] = spotter
    shown = {"run": run, "path": body["path"], "spotter": spotter}
    return studio.test.start("recording", f"testing {path.name}", message, shown)


def start_camera(studio: Studio, _: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Test a run on the frames that the page will send from its camera."""
    only_keys(body, "run", "window", "stride", "points")
    message = {
        "run": _run_folder(studio.project, body),
        "window": body_number(body, "window", 2, WINDOW_LIMIT),
        "stride": body_number(body, "stride", 1, WINDOW_LIMIT),
        "points": _landmarks(body),
    }
    return studio.test.start("camera", "the camera", message, {"run": message["run"]})


def camera_frame(studio: Studio, request: Request, jpeg: bytes) -> dict[str, Any]:
    """Return the face in a frame of the camera, and the newest prediction."""
    number = query_number(request, "id", 1, 10**8, 0)
    at = query_number(request, "at", 0, 10**9 - 1, 0)
    return studio.test.camera_frame(number, jpeg, float(at))


def stop_test(studio: Studio, _: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Stop the test."""
    only_keys(body, "id")
    return studio.test.stop(body.get("id"))


def test_result(studio: Studio, request: Request) -> dict[str, Any]:
    """Return the result of the test: scores of a dataset, or predictions for a recording."""
    found = _result(studio, request)
    if "prediction" not in found:
        return found
    made: RecordingPrediction = found["prediction"]
    shown = {key: found[key] for key in ("boxes", "points", "score_text")}
    numbers, ratio = made.numbers.tolist(), made.ratio.tolist()
    return {**as_json(made), "classes": made.classes, "numbers": numbers, "ratio": ratio, **shown}


def recording_windows(studio: Studio, request: Request) -> dict[str, Any]:
    """Return the windows for another length and stride; no model is needed for that.

    While the test runs: those that are known so far. complete: whether these are all.
    """
    made = _prediction(studio, request)
    size, step = _sizes(made, request)
    rows = [
        {
            "first": row.first,
            "last": row.last,
            "movement": row.strength,
            "label": row.label,
            "probabilities": None if row.probabilities is None else row.probabilities.tolist(),
        }
        for row in windows(made.ratio, made.movements, size, step, made.quiet_label)
        if row.probabilities is not None
        or not any(row.first <= one.last and one.first <= row.last for one in made.pending)
    ]
    found = [{"first": m.first, "last": m.last, "label": m.label} for m in made.movements]
    facts = {"classes": made.classes, "complete": not made.pending, "movements": found}
    facts["spotter"] = made.spotter
    return {"window": size, "stride": step, "rows": rows, **facts}


def recording_faces(studio: Studio, request: Request) -> dict[str, Any]:
    """Return box and landmarks of the frames from `after` on that were read so far."""
    _check_number(studio, request)
    after = query_number(request, "after", 0, 10**8, 0)
    return {"faces": studio.test.faces[after:]}


def recording_film(studio: Studio, request: Request) -> Response:
    """Return the tested recording as MP4, with the face's box and the predicted label."""
    test = studio.test
    found = _result(studio, request)
    if "prediction" not in found:
        raise Missing("request", "the test is not of a recording")
    made: RecordingPrediction = found["prediction"]
    sizes = _sizes(made, request)
    rows = list(windows(made.ratio, made.movements, *sizes, made.quiet_label))
    width = test.recording["size"][1]
    return Response(film(test.frames, test.faces, rows, made.fps, width), media_type=MP4)


def recording_intervals(studio: Studio, request: Request) -> Response:
    """Return the movements of the tested recording as CSV, in merflow's form or a challenge's."""
    found = _result(studio, request)
    if "prediction" not in found:
        raise Missing("request", "the test is not of a recording")
    form = request.query_params.get("form") or "merflow"
    if form not in FORMS:
        raise MerflowError("request: form", f"{form[:40]!r}", f"one of {', '.join(FORMS)}")
    return Response(intervals_text(found["prediction"], form), media_type="text/csv")


def recording_info(studio: Studio, request: Request) -> dict[str, Any]:
    """Return frame count, frame numbers, size and rate of the recording."""
    _check_number(studio, request)
    if studio.test.recording is None:
        raise Missing("request", "the test is not of a recording, or has not read it yet")
    return studio.test.recording


def recording_frame(studio: Studio, request: Request) -> Response:
    """Return one frame of the recording as JPEG."""
    _check_number(studio, request)
    frames = studio.test.frames
    index = path_index(request, len(frames), "is not ready, or not a frame of the recording")
    return Response(frames[index], media_type=JPEG)


TEST = "/api/test/{id}"
ROUTES = (
    Endpoint("GET", "/api/test", list_choices),
    Endpoint("GET", "/api/test/state", test_state),
    Endpoint("POST", "/api/test/dataset", start_dataset),
    Endpoint("POST", "/api/test/recording", start_recording),
    Endpoint("POST", "/api/test/camera", start_camera),
    Endpoint("POST", "/api/test/stop", stop_test),
    Endpoint("POST", FRAME_PATH, camera_frame, JPEG),
    Endpoint("GET", TEST + "/result", test_result),
    Endpoint("GET", TEST + "/recording", recording_info),
    Endpoint("GET", TEST + "/windows", recording_windows),
    Endpoint("GET", TEST + "/intervals", recording_intervals),
    Endpoint("GET", TEST + "/faces", recording_faces),
    Endpoint("GET", TEST + "/film", recording_film),
    Endpoint("GET", TEST + "/frames/{index}", recording_frame),
)


def _result(studio: Studio, request: Request) -> dict[str, Any]:
    _check_number(studio, request)
    if studio.test.result is None:
        raise Missing("request", "the test has no result (yet)")
    return studio.test.result


def _sizes(made: RecordingPrediction, request: Request) -> tuple[int, int]:
    """Return window and stride of a query, in frames."""
    count = len(made.numbers)
    window, stride = (
        query_number(request, name, 1, count, 0) if request.query_params.get(name) else None
        for name in ("window", "stride")
    )
    return window_sizes(count, made.fps, window, stride)


def _prediction(studio: Studio, request: Request) -> RecordingPrediction:
    """Return the prediction of a recording, which may be incomplete while the test runs."""
    _check_number(studio, request)
    if studio.test.result is None and studio.test.partial is not None:
        return studio.test.partial
    found = _result(studio, request)
    if "prediction" not in found:
        raise Missing("request", "the test is not of a recording")
    return found["prediction"]


def _check_number(studio: Studio, request: Request) -> None:
    if request.path_params["id"] != str(studio.test.state()["id"]):
        raise Missing("request: id", "another test has started since")


def _run_folder(project: Project, body: dict[str, Any]) -> str:
    """Return the folder of a run of the config; refuse one whose final model lies elsewhere."""
    run = project.run(body.get("run"))
    project.below(*run.folder.split("/"), "final")
    return run.folder


def spotter_rows(project: Project) -> list[dict[str, Any]]:
    """Return the spotting runs of the config, and whether each has a spotter of all recordings."""
    settings = project.settings()
    return [
        {
            "folder": run.folder,
            "name": settings.spotting[run.spotting].label or run.spotting,
            "seed": run.seed,
            "made": project.below(*run.folder.split("/"), "final", "run.json").is_file(),
        }
        for run in spotting_runs(settings)
    ]


def _spotter(project: Project, body: dict[str, Any]) -> str:
    """Return the folder of a spotting run of the config; empty for merflow's rule."""
    asked = body.get("spotter") or ""
    known = {row["folder"] for row in spotter_rows(project) if row["made"]}
    if asked and asked not in known:
        raise MerflowError(
            "request: spotter",
            f"{str(asked)[:60]!r}",
            "a spotting run with a spotter of all recordings, or none",
            "make it with `merflow run spotters`",
        )
    return asked


def _landmarks(body: dict[str, Any]) -> int:
    points = body.get("points", 5)
    if isinstance(points, bool) or points not in LANDMARKS:
        raise MerflowError("request: points", f"{str(points)[:40]!r}", "5 or 68")
    return points


def run_row(project: Project, run: Run) -> dict[str, Any]:
    """Return a run and, if it has one, its final model."""
    row = {"folder": run.folder, "experiment": run.experiment, "factor": run.factor,
           "seed": run.seed, "model": None, "note": ""}  # fmt: skip
    folder = project.below(*run.folder.split("/"))
    if not (folder / "final/run.json").is_file():
        return row
    try:
        model = open_model(folder)
    except MerflowError as error:
        return row | {"note": str(error)}
    known = {
        "classes": model.classes,
        "subjects": len(model.subjects),
        "score_text": model.score_text,
        "points": model.pipeline.align.points,
    }
    return row | {"model": known}
