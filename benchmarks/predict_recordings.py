"""Predict on drawn recordings with known expressions and blinks: hits, false alarms, rest.

    python benchmarks/predict_recordings.py results/runs/demo/x10/seed0 --recordings 6

Two of three recordings hold two expressions, the third none. None of the faces is in a training
set: they are drawn from other seeds.
"""

from merflow.clip import ClipArrays, ClipKey
from merflow.inference.recording import predict_recording
from merflow.synthetic.clip import Difficulty
from merflow.synthetic.recording import frames, plan
from merflow.workflow.face_finder import load_finder
from merflow.workflow.final_model import open_model, usable

import argparse
import dataclasses
import time
from pathlib import Path

import numpy as np

RIM_S = 0.1
"""Frames this close to an expression (s) count neither as rest nor as expression."""


def drawn(recording) -> ClipArrays:
    """Return the recording as `predict` would read it from a lossless file."""
    clip = recording.clip
    stack = np.stack(list(frames(recording)))
    numbers = np.arange(len(stack))
    key = ClipKey("file", "-", clip.clip)
    return ClipArrays(key, stack, clip.fps, numbers, 0, None, len(stack) - 1)


def judged(recording, done) -> dict[str, float]:
    """Return counts of one recording."""
    count, fps = recording.clip.frames, recording.clip.fps
    moving, near = np.zeros(count, bool), np.zeros(count, bool)
    rim = round(RIM_S * fps)
    for part in recording.parts:
        near[max(0, part.first - rim) : part.last + rim + 1] = True
    found = {"expressions": len(recording.parts), "hits": 0, "right": 0, "false alarms": 0}
    for event in done.events:
        moving[event.span.first : event.span.last + 1] = True
        if not near[event.span.first : event.span.last + 1].any():
            found["false alarms"] += 1
    for part in recording.parts:
        met = [
            event
            for event in done.events
            if event.span.first <= part.last and event.span.last >= part.first
        ]
        found["hits"] += bool(met)
        found["right"] += any(event.answer == part.expression for event in met)
    rest = ~near
    found |= {"blinks": len(recording.blinks), "rest frames": int(rest.sum())}
    return found | {"rest left alone": int((rest & ~moving).sum())}


def main() -> None:
    """Print one line a recording and the sums."""
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("run", type=Path)
    words.add_argument("--recordings", type=int, default=6)
    words.add_argument("--drift", type=float, default=1.2, help="largest shift of the head (px)")
    words.add_argument("--seed", type=int, default=11)
    given = words.parse_args()
    model = usable(open_model(given.run))
    fitted = model.load()
    finder = load_finder(model.pipeline.align.points, model.pipeline.align.model)
    hard = dataclasses.replace(Difficulty(), drift_px=given.drift)
    total: dict[str, float] = {}
    for number in range(given.recordings):
        recording = plan(number, given.seed, hard, False, expressions=0 if number % 3 == 2 else 2)
        clip = drawn(recording)
        begun = time.process_time()
        found = judged(recording, predict_recording(clip, model, fitted, finder))
        found["CPU seconds"] = round(time.process_time() - begun, 1)
        print(f"{recording.clip.clip}: {found}", flush=True)
        total = {name: total.get(name, 0) + value for name, value in found.items()}
    share = total["rest left alone"] / total["rest frames"]
    print(f"all ({model.name}, drift {given.drift} px): {total}; rest left alone {share:.1%}")


if __name__ == "__main__":
    main()
