"""How much of a motion field is motion: what noise explains is taken off."""

import cv2
import numpy as np

from merflow.magnification.temporal import apply_in_time

NEAR = 3.0
"""Standard deviation, in cells, of the neighbourhood over which energy is averaged."""


def filter_in_time(
    raw: np.ndarray, operator: np.ndarray, smooth: np.ndarray, strength: float = 1.0
) -> np.ndarray:
    """Return `operator` applied to the fields, each cell times the share of it that is motion.

    raw: (T, rows, columns, 2) float32, contiguous, displacements since the reference; operator:
    (T, T) of `temporal`; smooth: (T, T) the low-pass inside it. What the low-pass leaves over is
    noise, white in time; from it follows the energy that noise alone gives the result.
    """
    motion = raw.copy()
    apply_in_time(operator, motion)
    rest = np.eye(len(smooth)) - smooth
    kept = float((rest**2).sum())
    if kept < 1e-6 or not strength:
        return motion
    left = raw.copy()
    apply_in_time(rest, left)
    noise = _near(_energy(left)) / np.float32(kept)
    energy = _near(_energy(motion))
    expected = noise * np.float32((operator**2).sum())
    share = np.clip(1 - strength * expected / (energy + 1e-12), 0, 1)
    motion *= cv2.GaussianBlur(share, (0, 0), NEAR / 2)[..., None]
    return motion


def _energy(field: np.ndarray) -> np.ndarray:
    """Return the (rows, columns) sum of squares over time and both directions."""
    return np.einsum("tyxd,tyxd->yx", field, field)


def _near(plane: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(plane, (0, 0), NEAR)
