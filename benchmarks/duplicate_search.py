"""CPU seconds of the search for altered copies, for prepared clips and for files of frames.

Generated clips, repeated with other noise up to N clips of N / 8 subjects: as alike as the people
of a dataset get, so that nearly every clip has as many candidates as the search compares.

python benchmarks/duplicate_search.py [N]
"""

import merflow  # noqa: F401
from merflow.clip import Clip, ClipKey
from merflow.evaluation.near_duplicates import near_duplicates, portraits
from merflow.workflow.leak_check import altered_copies, looks_of

import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests/helpers"))
from altered_clips import people

DRAWN = 40
CLIPS = 8


def main() -> None:
    """Print the seconds of the parts of the search."""
    cv2.setNumThreads(1)
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    clips = list(people(0, DRAWN))
    rng = np.random.default_rng(0)
    prepared = np.stack([clips[k % DRAWN][2] for k in range(count)])
    prepared = prepared + rng.integers(0, 3, prepared.shape, np.uint8)
    start = time.process_time()
    seen = portraits(prepared)
    print(f"portraits of {count} prepared clips: {time.process_time() - start:.1f} s")
    # Different people only: the copies among these clips are no part of the cost.
    person = np.arange(count) % DRAWN
    folds = [np.flatnonzero(np.arange(count) // CLIPS == k) for k in range(-(-count // CLIPS))]
    start = time.process_time()
    for test in folds[:: max(1, len(folds) // 10)]:
        train = np.setdiff1d(np.arange(count), test)
        near_duplicates(seen.take(test), seen.take(train), person[test, None] != person[train])
    spent = time.process_time() - start
    measured = len(folds[:: max(1, len(folds) // 10)])
    print(f"one fold of {CLIPS} test clips: {spent / measured:.2f} s; {len(folds)} folds")
    with tempfile.TemporaryDirectory() as folder:
        files = _written(Path(folder), [raw for _, raw, _ in clips], count)
        start = time.process_time()
        looks = looks_of(files)
        print(f"check, reading {count} frames of 640x480: {time.process_time() - start:.1f} s")
        start = time.process_time()
        altered_copies(files, looks, set())
        print(f"check, search: {time.process_time() - start:.1f} s")


def _written(folder: Path, raw: list[np.ndarray], count: int) -> list[Clip]:
    """Write one frame of each clip as JPEG; a person keeps one subject id."""
    found = []
    for k in range(count):
        person = k % DRAWN
        path = folder / f"{k}.jpg"
        frame = raw[person][k % len(raw[person])]
        cv2.imwrite(str(path), cv2.resize(frame, (640, 480)))
        key = ClipKey("mine", f"p{person}", f"c{k}")
        found.append(Clip(key, str(folder), (path.name,), (1,), 100.0, "joy"))
    return found


if __name__ == "__main__":
    main()
