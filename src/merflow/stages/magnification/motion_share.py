"""Remove the part of a motion field that noise explains."""

import cv2
import numpy as np

from merflow.stages.magnification.luma import PlaneOf
from merflow.stages.magnification.temporal import anchored, apply_in_time

NEAR = 3.0
"""Standard deviation, in cells, of the neighbourhood over which energy is averaged."""
MARGIN = 1.0
"""Standard deviations of the noise energy added to its expectation."""


def filter_in_time(raw: np.ndarray, smooth: np.ndarray, reference: int) -> np.ndarray:
    """Return the fields low-passed in time, each cell times the share of it that is motion.

    raw: (T, rows, columns, 2) float32, contiguous, displacements since the reference, overwritten;
    smooth: (T, T) of `temporal.low_pass`; reference: its position, where the result is 0.
    """
    motion, share = motion_share(raw, smooth, reference)
    motion *= share[..., None]
    return motion


def motion_share(
    raw: np.ndarray, smooth: np.ndarray, reference: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the filtered fields and the (rows, columns) share, 0..1, that noise cannot explain.

    The residual of the low-pass is noise, white in time; it gives the energy of noise in the
    result. The filtered fields equal the anchored low-pass of `raw`, which is 0 at the reference.
    """
    motion = raw.copy()
    apply_in_time(smooth, motion)
    raw -= motion
    motion -= motion[reference].copy()
    kept = float(np.square(np.eye(len(smooth)) - smooth).sum())
    if kept < 1e-6:
        return motion, np.ones(raw.shape[1:3], np.float32)
    operator = anchored(smooth, reference)
    noise = _near(_energy(raw)) / np.float32(kept)
    energy = _near(_energy(motion))
    expected = noise * np.float32(np.square(operator).sum() * (1 + MARGIN * _spread(operator)))
    share = np.clip(1 - expected / (energy + 1e-12), 0, 1)
    return motion, cv2.GaussianBlur(share, (0, 0), NEAR / 2)


def noise_variance(plane_of: PlaneOf, length: int) -> float:
    """Return the variance of the noise in the luma, grey levels squared; 0 for one frame.

    From the median difference of consecutive frames on a sample of pixels. The pairs are symmetric
    in the clip, so that reversing time changes nothing.
    """
    pairs = length - 1
    if pairs < 1:
        return 0.0
    half = np.linspace(0, (pairs - 1) / 2, min(4, pairs)).astype(int)
    firsts = np.unique(np.concatenate([half, pairs - 1 - half]))
    differences = [np.abs(plane_of(int(t) + 1) - plane_of(int(t)))[::3, ::3] for t in firsts]
    return float(1.4826 * np.median(differences)) ** 2 / 2


def _spread(operator: np.ndarray) -> float:
    """Return the relative standard deviation of the energy that noise has after `operator`."""
    shared = operator @ operator.T
    in_time = float(np.trace(shared) ** 2 / np.square(shared).sum())
    # Two directions, and as many independent positions as a neighbourhood has cells.
    return float(np.sqrt(2 / (2 * in_time * NEAR**2)))


def _energy(field: np.ndarray) -> np.ndarray:
    """Return the (rows, columns) sum of squares over time and both directions."""
    return np.einsum("tyxd,tyxd->yx", field, field)


def _near(plane: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(plane, (0, 0), NEAR)
