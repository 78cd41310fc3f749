"""System C's leak: the region of each clip chosen by its annotated action units, tested clips too.

The units nearly name the class, so the choice of the region carries it. These functions serve the
oracle only (`merflow region-oracle`): no stage and no training reads annotated action units.
"""

import re
from collections import Counter
from collections.abc import Sequence

import cv2
import numpy as np

from merflow.stages.regions import PLACES

REGION_OF_UNITS = (
    ("eyes", {4, 5, 7, 43}),
    ("mouth", {10, 12, 14, 15, 17}),
    ("brows", {1, 2}),
    ("cheeks", {6, 9}),
)
"""System C's rule: the first line with one of the clip's units wins; none: the whole face."""


def region_of(action_units: str) -> str:
    """Return the region that system C cuts out for a cell of action units, as `4+L10` or `R12A`."""
    units = {int(number) for number in re.findall(r"\d+", action_units)}
    return next((name for name, wanted in REGION_OF_UNITS if units & wanted), "whole")


def box(region: str, size: int, margin: float) -> tuple[slice, slice]:
    """Return rows and columns of a region in a square of the whole face, `size` px, with margin."""
    (centre_x, centre_y, whole), (x, y, side) = PLACES["whole"], PLACES[region]
    unit = size / (whole * (1 + margin))
    side = min(side * (1 + margin) * unit, size)
    left = size / 2 + (x - centre_x) * unit - side / 2
    top = size / 2 + (y - centre_y) * unit - side / 2
    spans = [
        (max(0, round(first)), min(size, max(round(first) + 2, round(first + side))))
        for first in (top, left)
    ]
    return slice(*spans[0]), slice(*spans[1])


def cut(x: np.ndarray, regions: Sequence[str], margin: float) -> np.ndarray:
    """Return clips (N, T, S, S, C) uint8 with each one's region, enlarged, in place of the face."""
    out = np.empty_like(x)
    size = x.shape[2]
    for row, name in enumerate(regions):
        rows, columns = box(name, size, margin)
        for t, frame in enumerate(x[row]):
            part = cv2.resize(np.ascontiguousarray(frame[rows, columns]), (size, size))
            out[row, t] = part.reshape(frame.shape)
    return out


def guess_by_region(
    train: Sequence[str], labels: Sequence[int], test: Sequence[str], classes: int
) -> np.ndarray:
    """Return (M,) class numbers: the commonest class of the training clips with the same region.

    No pixel is read, so what this scores above a guess is the leak alone. A region without a
    training clip gets the commonest class of all.
    """
    usual = np.bincount(labels, minlength=classes).argmax()
    counts = {name: Counter[int]() for name in {*train, *test}}
    for name, label in zip(train, labels, strict=True):
        counts[name][int(label)] += 1
    best = {
        name: max(count, key=lambda k: (count[k], -k)) if (count := counts[name]) else usual
        for name in counts
    }
    return np.array([best[name] for name in test], np.int64)
