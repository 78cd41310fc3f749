"""Altered copies of clips in a crowd: which are found, and whether different people are confused.

People are generated, raw frames and prepared clips. All pairs of different people are searched for
copies: every find is a false alarm. Then copies of the first COPIED people, altered in nine ways,
are searched among all people. About 0.6 s of CPU time per person.

python tests/hostile/altered_copies.py [PEOPLE [COPIED]]
"""

import merflow  # noqa: F401, I001
from merflow.evaluation.near_duplicates import (
    CAMERA_SIDE,
    Portraits,
    compared_pairs,
    near_duplicates,
    picture_of,
    portraits,
)

import multiprocessing
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "helpers"))
from altered_clips import ALTERATIONS, people

CHUNK = 20


def drawn(first: int, last: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return three raw frames around the middle, and the prepared frames, of some people."""
    cv2.setNumThreads(1)
    return [
        (raw[len(raw) // 2 - 1 : len(raw) // 2 + 2], prepared)
        for _, raw, prepared in people(first, last)
    ]


def crowd(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return raw frames (N, 3, H, W, 1) and prepared clips (N, T, 64, 64, 1) of N people."""
    starts = range(0, count, CHUNK)
    ends = [min(start + CHUNK, count) for start in starts]
    with ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as pool:
        found = [one for part in pool.map(drawn, starts, ends) for one in part]
    return tuple(np.stack(side) for side in zip(*found, strict=True))


def camera(clips: Sequence[np.ndarray]) -> Portraits:
    """Return the portraits of raw clips, as `merflow check` makes them."""
    pictures = [picture_of(x[len(x) // 2, ..., 0], CAMERA_SIDE) for x in clips]
    return Portraits.of(np.stack(pictures), camera=True)


def outcomes(
    clips: np.ndarray, make: Callable[[Sequence[np.ndarray]], Portraits], copied: int
) -> tuple[int, tuple[float, float], dict[str, tuple[int, int]]]:
    """Return false alarms among all pairs, the largest correlations, and per alteration the copies
    found and those taken for another person's.
    """
    known = make(clips)
    pairs = list(compared_pairs(known, known, np.tri(len(known), k=-1, dtype=bool)))
    alarms = sum(pair.copies for pair in pairs)
    largest = tuple(max((pair[k] for pair in pairs), default=0.0) for k in (2, 3))
    found = {}
    for name, alter in ALTERATIONS.items():
        tested = make(np.stack([alter(x) for x in clips[:copied]]))
        copies = near_duplicates(tested, known)
        right = sum(pair.first == pair.second for pair in copies)
        found[name] = (right, len(copies) - right)
    return alarms, largest, found


def main() -> None:
    """Print the outcomes of raw frames and of prepared clips."""
    count, copied = [*map(int, sys.argv[1:]), *(1000, 60)[len(sys.argv) - 1 :]]
    raw, prepared = crowd(count)
    pairs = count * (count - 1) // 2
    for what, clips, make in (("raw", raw, camera), ("prepared", prepared, portraits)):
        alarms, largest, found = outcomes(clips, make, copied)
        print(
            f"{what}: {alarms} false alarms in {pairs:,} pairs of {count} people; largest "
            f"correlation, whole {largest[0]:.4f}, part {largest[1]:.4f}"
        )
        for name, (right, wrong) in found.items():
            print(f"  {name}: {right} of {copied} copies found, {wrong} taken for another person's")


if __name__ == "__main__":
    main()
