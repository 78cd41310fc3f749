"""Global light changes of a clip, found without being fooled by motion."""

import cv2
import numpy as np

from merflow.magnification.luma import luma
from merflow.magnification.threads import each

GRID = 32
"""Pictures are compared as GRID x GRID means: noise is averaged out, motion is local."""


def global_light(frames: np.ndarray, reference: int) -> np.ndarray:
    """Return (T, 2) float32 gain g and offset o (grey levels) with Y_t ~ (1 + g) Y_ref + o.

    frames: (T, H, W, C) uint8. The fit is robust (Tukey's biweight), so a mouth or an eye that
    moves does not count as a change of light. Exactly 0 at the reference.
    """
    size = (min(GRID, frames.shape[2]), min(GRID, frames.shape[1]))
    small = np.empty((len(frames), size[0] * size[1]), np.float32)

    def shrink(time: int) -> None:
        small[time] = cv2.resize(luma(frames[time]), size, interpolation=cv2.INTER_AREA).ravel()

    each(shrink, len(frames))
    light = fit_light(small, small[reference])
    light[reference] = 0
    return light.astype(np.float32)


def fit_light(small: np.ndarray, reference: np.ndarray, rounds: int = 6) -> np.ndarray:
    """Return (T, 2) gain and offset of each row of `small` (T, n) against `reference` (n,)."""
    mean = reference.mean()
    centred = (reference - mean).astype(np.float64)
    change = small.astype(np.float64) - reference
    gain, offset = np.zeros(len(small)), np.median(change, axis=1)
    for _ in range(rounds):
        residual = change - gain[:, None] * centred - offset[:, None]
        # The floor: a still clip has no scale of its own.
        scale = np.maximum(1.4826 * np.median(np.abs(residual), axis=1), 0.05)
        weight = np.maximum(0, 1 - (residual / (4.685 * scale[:, None])) ** 2) ** 2
        gain, offset = _weighted_line(weight, centred, change)
    return np.stack([gain, offset - gain * mean], axis=1)


def _weighted_line(
    weight: np.ndarray, x: np.ndarray, y: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return slope and intercept (T,) of y (T, n) on x (n,), weighted; slope 0 on a flat x."""
    total = weight.sum(axis=1)
    mean_x, mean_y = weight @ x / total, (weight * y).sum(axis=1) / total
    spread = weight @ (x * x) / total - mean_x**2
    shared = (weight * y) @ x / total - mean_x * mean_y
    slope = np.where(spread > 1.0, shared / np.maximum(spread, 1.0), 0.0)
    return slope, mean_y - slope * mean_x
