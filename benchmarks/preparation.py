"""CPU time of a clip from raw frames to network input, for four factors, stage by stage.

Every method in turn, on one thread; CPU time, because machines are shared.
`python benchmarks/preparation.py [--clips 3] [--rounds 2]`
"""

from merflow.clip import ClipArrays
from merflow.config.settings import Align, Crop, Magnify, Preparation
from merflow.stages.align import align_clip
from merflow.stages.crop import crop_clip
from merflow.stages.faces import Finder
from merflow.stages.interpolate import interpolate_clip
from merflow.stages.magnify import magnify_clip
from merflow.stages.network_input import prepare_clip
from merflow.workflow.face_finder import load_finder

import argparse
import time
from collections import defaultdict

import cv2
import numpy as np
from head_truth import DISGUST, HAPPY, SURPRISE, arrays_of, demo_clip

FACTORS = (1.0, 10.0, 25.0, 50.0)
FRAMES = 60


def prepared(clip: ClipArrays, method: str, finder: Finder, spent: dict[str, float]) -> None:
    """Prepare a clip for all factors and add to `spent` the seconds of each stage."""

    def timed(stage: str, work, *given):
        start = time.process_time()
        done = work(*given)
        spent[stage] += time.process_time() - start
        return done

    aligned = timed("align", align_clip, clip, Align(), finder)
    cropped = timed("crop", crop_clip, aligned, Crop())
    for factor in FACTORS:
        moved = cropped
        if factor != 1:
            moved = timed("magnify", magnify_clip, cropped, Magnify(method=method), factor)
        timed("interpolate", prepare_clip, moved, Preparation(), interpolate_clip)


def main() -> None:
    """Print one row a method: seconds a clip by stage, and clips a minute."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    finder = load_finder(5)
    units = (HAPPY, SURPRISE, DISGUST)
    clips = [
        arrays_of(demo_clip(units[n % 3], 3 + 4 * n, FRAMES, 0.6)) for n in range(options.clips)
    ]
    stages = ("align", "crop", "magnify", "interpolate")
    print(
        f"{FRAMES} frames of {clips[0].frames.shape[2]} x {clips[0].frames.shape[1]}, grey at 256"
    )
    print(
        f"| method | {' | '.join(stages)} | all | clips a minute |\n|---|---|---|---|---|---|---|"
    )
    for method in ("phase", "lagrangian", "linear"):
        rounds = []
        for _ in range(options.rounds):
            spent: dict[str, float] = defaultdict(float)
            for clip in clips:
                prepared(clip, method, finder, spent)
            rounds.append([spent[stage] / len(clips) for stage in stages])
        best = np.min(rounds, axis=0)
        cells = " | ".join(f"{seconds:.2f}" for seconds in (*best, best.sum()))
        print(f"| {method} | {cells} | {60 / best.sum():.0f} |", flush=True)


if __name__ == "__main__":
    main()
