"""Linear Eulerian magnification (Wu et al. 2012), for comparison with published work.

Filters in space and time commute and every level's gain is constant in time. So a luma plane is
filtered once, at half size (the finest level's gain is 0), and one pass down and up the pyramid
replaces filtering every level of every colour.
"""

import cv2
import numpy as np

from merflow.stages.magnification.delivered import Magnified
from merflow.stages.magnification.luma import add_luma, luma
from merflow.stages.threads import parallel_for

EXAGGERATION = 2.0
"""Wu's published code doubles the bound from first-order theory."""


def level_gains(height: int, width: int, alpha: float, lambda_c: float) -> np.ndarray:
    """Return the gain of each pyramid level, finest first; the finest and the low-pass have 0.

    Wu's rule: a level of wavelength L gets min(alpha, 2 (L / (8 d) - 1)) with
    d = lambda_c / (8 (1 + alpha)); the coarsest level has a third of the diagonal. For a
    negative alpha (a factor below 1) every level gets alpha itself.
    """
    levels = max(1, int(np.log2(max(1, min(height, width) / 5))))
    wavelengths = np.hypot(height, width) / 3 / 2.0 ** np.arange(levels - 1, -1, -1)
    gains = np.full(levels, alpha, np.float64)
    if alpha > 0:
        shift = lambda_c / (8 * (1 + alpha))
        gains = np.clip(EXAGGERATION * (wavelengths / (8 * shift) - 1), 0, alpha)
    gains[0] = 0
    return gains


def weigh_levels(half: np.ndarray, gains: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return the sum of gain times Laplacian level, at full `size` (width, height), float32.

    half: the plane at half size; gains as from `level_gains`, with gains[0] == 0.
    """
    if len(gains) == 1:
        return np.zeros(size[::-1], np.float32)
    lows = [half]
    for _ in gains[1:]:
        lows.append(cv2.pyrDown(lows[-1]))
    total = -np.float32(gains[-1]) * lows[-1]
    for level in range(len(gains) - 1, 0, -1):
        low = lows[level - 1]
        total = cv2.pyrUp(total, dstsize=low.shape[::-1])
        finer = gains[level - 1] if level > 1 else 0.0
        if gains[level] != finer:  # usually equal
            cv2.scaleAdd(low, float(gains[level] - finer), total, dst=total)
    return cv2.pyrUp(total, dstsize=size)


def half_planes(frames: np.ndarray) -> np.ndarray:
    """Return the (T, H / 2, W / 2) float32 luma of a (T, H, W, C) uint8 clip at half size."""
    length, height, width, _ = frames.shape
    half = np.empty((length, (height + 1) // 2, (width + 1) // 2), np.float32)

    def reduce(time: int) -> None:
        cv2.pyrDown(luma(frames[time]), dst=half[time])

    parallel_for(reduce, length)
    return half


def remove_light(planes: np.ndarray, light: np.ndarray, reference: int) -> None:
    """Remove changes of light, (T, 2) of `flicker.global_light`, from the planes in place."""
    still = planes[reference].copy()
    for plane, (gain, offset) in zip(planes, light, strict=True):
        cv2.addWeighted(plane, 1.0, still, -float(gain), -float(offset), dst=plane)


def magnify_linear(
    frames: np.ndarray, filtered: np.ndarray, alpha: float, lambda_c: float
) -> Magnified:
    """Return the magnified frames and the share of clipped values.

    frames: (T, H, W, C) uint8; filtered: their `half_planes`, filtered in time by an operator of
    `temporal`; lambda_c: shortest wavelength (px) that gets the whole gain.
    """
    height, width = frames.shape[1:3]
    gains = level_gains(height, width, alpha, lambda_c)
    out, clipped = np.empty_like(frames), np.zeros(len(frames), np.int64)

    def build(time: int) -> None:
        change = weigh_levels(filtered[time], gains, (width, height))
        clipped[time] = add_luma(frames[time], change, out[time])

    parallel_for(build, len(frames))
    return Magnified(out, {"clipped": float(clipped.sum() / frames.size)})
