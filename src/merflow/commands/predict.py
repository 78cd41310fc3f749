"""`merflow predict`: expressions in videos and folders of frames, by the final model of a run."""

import json as jsonlib
import logging
from pathlib import Path

from merflow.commands.options import Json, OneOrMore
from merflow.errors import FAILED, MerflowError, unknown
from merflow.evaluation.interval_files.output import FORMS
from merflow.inference.recording import (
    NO_REST,
    NONE,
    RecordingPrediction,
    predict_clip,
    predict_recording,
)
from merflow.inference.recording_output import as_json, write_recording
from merflow.inference.trained_spotter import open_spotter
from merflow.io import video
from merflow.progress import report, shown
from merflow.text import plural
from merflow.workflow.face_finder import load_finder
from merflow.workflow.final_model import open_model, usable

SHORT_S = 1.5
"""Duration (s) below which a recording is probably one expression."""
LOG = logging.getLogger("merflow")


def predict(
    *inputs: OneOrMore,
    run: Path,
    out: Path = Path("predictions"),
    window: int | None = None,
    stride: int | None = None,
    fps: float | None = None,
    precut: bool = False,
    spotter: Path | None = None,
    form: str = "merflow",
    json: Json = False,
) -> None:
    """Find movements of the face in INPUTS, and classify each as an expression.

    INPUTS are videos or folders of frames. Frames without movement are labelled `no expression`, or
    `never at rest` where the face moves too much to tell.
    All settings are those recorded with the final model of RUN (`merflow run finals`
    trains it).

    Examples:
        merflow predict interview.mp4 --run results/runs/demo/x10/seed0
        merflow predict a.avi --run results/runs/demo/x1/seed0 --spotter results/spotting/net/seed0
        merflow predict a.avi frames/ --fps 200 --run results/runs/demo/x10/seed0 --json --out found

    Args:
        inputs: Videos, and folders of frames.
        run: Folder of a run, of its final model, or the weights file in it.
        out: Folder for NAME.csv (a row per window), NAME.events.csv (a row per movement),
            NAME.intervals.csv (its frames, for `merflow score-intervals`) and NAME.png.
        window: Length of a window (frames); default: half a second.
        stride: Frames from one window to the next; default: half a window.
        fps: Frames per second of folders of frames (Hz); default: a video's own rate.
        precut: Every input is one expression, cut from onset to offset: classify it whole.
        spotter: Folder of a spotting run: find movements by its spotter of all recordings
            (`merflow run spotters` makes it). Default: merflow's rule.
        form: Form of NAME.intervals.csv: `merflow`, `megc2022`, `megc2023` or `megc-str`.
    """
    if not inputs:
        raise MerflowError("predict", "no input", "videos or folders of frames")
    if form not in FORMS:
        raise unknown("--form", "form", form, FORMS)
    if precut and spotter:
        raise MerflowError("--spotter", "--precut as well", "one of the two")
    model = usable(open_model(run))
    finder = load_finder(model.pipeline.align.points, model.pipeline.align.model)
    fitted = model.load()
    chosen = open_spotter(spotter) if spotter else None
    done, failed = [], []
    for path, stem in zip(inputs, stems(inputs), strict=True):
        try:
            with shown(f"{stem}: "):
                clip = video.read(path, fps)
                if precut:
                    report("classifying")
                    found = predict_clip(clip, model, fitted, finder)
                else:
                    found = predict_recording(
                        clip, model, fitted, finder, window, stride, spotter=chosen
                    )
        except MerflowError as error:
            # The other inputs are still predicted; then the command fails.
            LOG.error("%s", error if str(path) in error.where else f"{path}: {error}")
            failed.append(error)
            continue
        write_recording(out, stem, found, model.score_text, form)
        done.append(found)
        if not json:
            _print(found)
    if json:
        about = {"run": model.name, "score": model.score, "said": model.score_text}
        print(jsonlib.dumps({**about, "inputs": [as_json(one) for one in done]}, indent=1))
    elif done:
        print(f"Written to {out}. {model.score_text}")
    if failed:
        raise MerflowError(
            "predict",
            f"{len(failed)} of {plural(len(inputs), 'input')} failed",
            fix="see the messages above",
            code=max(error.code for error in failed) if len(failed) == len(inputs) else FAILED,
        )


def stems(inputs: tuple[Path, ...]) -> list[str]:
    """Return a file name for each input, no two equal."""
    given: list[str] = []
    for path in inputs:
        base = path.stem or path.resolve().name
        name, count = base, 1
        while name in given:
            count += 1
            name = f"{base}_{count}"
        given.append(name)
    return given


def _print(found: RecordingPrediction) -> None:
    seconds = len(found.numbers) / found.fps
    print(f"{found.name}: {seconds:.1f} s, {plural(len(found.movements), 'movement')}", flush=True)
    for row in found.movements:
        first, last = (int(found.numbers[i]) for i in (row.first, row.last))
        text = row.reason or ", ".join(
            f"{name} {p:.2f}" for name, p in zip(found.classes, row.probabilities, strict=True)
        )
        print(f"  frames {first} to {last}: {row.label} ({text})")
    if not found.rests:
        print(f"  {NO_REST}: {_advice(seconds)}")
    elif not found.movements:
        print(f"  {NONE}")


def _advice(seconds: float) -> str:
    """Return what to do with a recording in which movement cannot be told from rest."""
    moves = "the face moves in most frames, so there is no rest to compare movements with"
    precut = "if it is one expression, cut from onset to offset, use --precut"
    if seconds < SHORT_S:
        return f"{moves}; {precut}"
    return f"{moves}; give a recording that begins or ends with a second of rest ({precut})"
