"""`merflow predict`: expressions in videos and folders of frames, by the final model of a run."""

import json as jsonlib
import logging
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from merflow.errors import FAILED, MerflowError
from merflow.inference.recording import (
    NONE,
    Answered,
    as_json,
    predict_clip,
    predict_recording,
    write_answers,
)
from merflow.io import video
from merflow.progress import track
from merflow.text import plural
from merflow.workflow.face_finder import load_finder
from merflow.workflow.final_model import Model, open_model, usable

LOG = logging.getLogger("merflow")


def predict(
    *inputs: Path,
    run: Path,
    out: Path = Path("predictions"),
    window: int | None = None,
    stride: int | None = None,
    fps: float | None = None,
    precut: Annotated[bool, Parameter(negative="")] = False,
    json: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """Find where the face moves in INPUTS, and say which expression it is there.

    INPUTS are videos or folders of frames. Where the face is at rest the answer is `no
    expression`. All settings are those recorded with the final model of RUN
    (`snakemake --cores all finals` makes it).

    Examples
    --------
    merflow predict interview.mp4 --run results/runs/demo/x10/seed0
    merflow predict a.avi frames/ --fps 200 --run results/runs/demo/x10/seed0 --json --out answers

    Parameters
    ----------
    inputs
        Videos, and folders of frames.
    run
        Folder of a run, of its final model, or the weights in it.
    out
        Folder for NAME.csv (a row a window), NAME.events.csv (a row a movement) and NAME.png.
    window
        Length of a window (frames); without it half a second.
    stride
        Frames from one window to the next; without it half a window.
    fps
        Frames per second of folders of frames (Hz); a video's own rate is used without it.
    precut
        Every input is one expression, cut from onset to offset: classify it whole.
    json
        Print JSON in place of lines.
    """
    if not inputs:
        raise MerflowError("predict", "no input", "videos or folders of frames")
    model = usable(open_model(run))
    finder = load_finder(model.chain.align.points, model.chain.align.model)
    fitted = model.load()
    done, failed = [], []
    for path, stem in track(list(zip(inputs, stems(inputs), strict=True)), "predicting"):
        try:
            clip = video.read(path, fps)
            if precut:
                answered = predict_clip(clip, model, fitted, finder)
            else:
                answered = predict_recording(clip, model, fitted, finder, window, stride)
        except MerflowError as error:
            # The other inputs go on; the command fails when they are done.
            LOG.error("%s", error if str(path) in error.where else f"{path}: {error}")
            failed.append(error)
            continue
        write_answers(out, stem, answered, model.said)
        done.append(answered)
        if not json:
            _say(answered)
    if json:
        answers = {"run": model.name, "score": model.score, "said": model.said}
        print(jsonlib.dumps({**answers, "inputs": [as_json(one) for one in done]}, indent=1))
    elif done:
        _end(model, out)
    if failed:
        raise MerflowError(
            "predict",
            f"{len(failed)} of {len(inputs)} inputs failed",
            fix="see the messages above",
            code=max(error.code for error in failed) if len(failed) == len(inputs) else FAILED,
        )


def stems(inputs: tuple[Path, ...]) -> list[str]:
    """Return a file name for each input, no two the same."""
    given: list[str] = []
    for path in inputs:
        base = path.stem or path.resolve().name
        name, count = base, 1
        while name in given:
            count += 1
            name = f"{base}_{count}"
        given.append(name)
    return given


def _say(done: Answered) -> None:
    seconds = len(done.numbers) / done.fps
    print(f"{done.name}: {seconds:.1f} s, {plural(len(done.events), 'movement')}", flush=True)
    for event in done.events:
        first, last = (int(done.numbers[i]) for i in (event.span.first, event.span.last))
        said = event.reason or ", ".join(
            f"{name} {p:.2f}" for name, p in zip(done.classes, event.chances, strict=True)
        )
        print(f"  frames {first} to {last}: {event.answer} ({said})")
    if not done.events:
        print(f"  {NONE}")


def _end(model: Model, out: Path) -> None:
    print(f"Written to {out}. {model.said}")
