"""Global changes of light in a clip, estimated robustly against motion."""

import numpy as np

from merflow.stages.magnification.luma import PlaneOf, reduced
from merflow.stages.threads import parallel_for

GRID = 32
"""Frames are compared as GRID x GRID means, which averages noise."""
ROUNDS = 4
"""Iterations of reweighting."""
SAMPLED = 3
"""The scale of the residuals uses every third mean, since medians are slow."""


def global_light(plane_of: PlaneOf, length: int, reference: int) -> np.ndarray:
    """Return (T, 2) float32 gain g and offset o (grey levels) with Y_t ~ (1 + g) Y_ref + o.

    plane_of: gives the (H, W) float32 luma of frame t. The fit is robust (Tukey's biweight), so
    a moving mouth or eye does not count as a change of light. Exactly 0 at the reference.
    """
    height, width = plane_of(reference).shape
    size = (min(GRID, width), min(GRID, height))
    small = np.empty((length, size[0] * size[1]), np.float32)

    def shrink(time: int) -> None:
        small[time] = reduced(plane_of(time), size).ravel()

    parallel_for(shrink, length)
    light = fit_light(small, small[reference])
    light[reference] = 0
    return light


def fit_light(small: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Return (T, 2) float32 gain and offset of each row of `small` (T, n) against `reference`."""
    mean = reference.mean()
    centred = (reference - mean).astype(np.float32)
    change = (small - reference).astype(np.float32)
    gain, offset = np.zeros(len(small), np.float32), _medians(change)
    for _ in range(ROUNDS):
        weight = change - gain[:, None] * centred
        weight -= offset[:, None]
        # The minimum is for still clips, which have the scale 0.
        scale = np.maximum(1.4826 * _medians(np.abs(weight[:, ::SAMPLED])), 0.05)
        # Tukey's biweight of the residual, in place: (1 - (residual / 4.685 scale)^2)^2 or 0.
        weight *= (1 / (4.685 * scale))[:, None]
        np.square(weight, out=weight)
        np.subtract(1, weight, out=weight)
        np.maximum(weight, 0, out=weight)
        np.square(weight, out=weight)
        gain, offset = _weighted_line(weight, centred, change)
    return np.stack([gain, offset - gain * mean], axis=1).astype(np.float32)


def _medians(rows: np.ndarray) -> np.ndarray:
    """Return the (T,) upper medians of the rows of (T, n)."""
    middle = rows.shape[1] // 2
    return np.partition(rows, middle, axis=1)[:, middle]


def _weighted_line(
    weight: np.ndarray, x: np.ndarray, y: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return slope and intercept (T,) of y (T, n) on x (n,), weighted; slope 0 on a flat x.

    `weight` is overwritten.
    """
    total = weight.sum(axis=1)
    mean_x, spread = weight @ x / total, weight @ (x * x) / total
    weight *= y  # no longer needed by itself
    mean_y = weight.sum(axis=1) / total
    shared = weight @ x / total - mean_x * mean_y
    spread -= mean_x**2
    slope = np.where(spread > 1.0, shared / np.maximum(spread, 1.0), 0.0)
    return slope, mean_y - slope * mean_x
