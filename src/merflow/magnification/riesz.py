"""Phase magnification with a Riesz pyramid (Wadhwa et al. 2014): Eulerian, the default."""

from typing import Any

import cv2
import numpy as np

from merflow.magnification.luma import add_luma, luma
from merflow.magnification.temporal import apply_in_time
from merflow.magnification.threads import each

BORDER = cv2.BORDER_REFLECT_101
ODD = np.array([0.5, 0.0, -0.5], np.float32)
ONE = np.array([1.0], np.float32)
BLUR = 2.0
TINY = np.float32(1e-9)


def riesz(band: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    x = cv2.sepFilter2D(band, cv2.CV_32F, ODD, ONE, borderType=BORDER)
    y = cv2.sepFilter2D(band, cv2.CV_32F, ONE, ODD, borderType=BORDER)
    return band, x, y


def level_count(height: int, width: int) -> int:
    """Return how many levels keep at least 8 pixels on the shorter side of the low-pass."""
    return max(1, int(np.log2(max(2, min(height, width) / 8))))


def magnify_phase(
    frames: np.ndarray, operator: np.ndarray, alpha: float, light: np.ndarray, reference: int
) -> tuple[np.ndarray, dict[str, Any]]:
    """Return the magnified (T, H, W, C) uint8 frames and the shares of clipped and clamped."""
    length, height, width, _ = frames.shape
    still = luma(frames[reference])
    levels = level_count(height, width)
    shapes = [(height, width)]
    for _ in range(levels):
        shapes.append(((shapes[-1][0] + 1) // 2, (shapes[-1][1] + 1) // 2))
    planes = np.empty((length, height, width), np.float32)

    def load(time: int) -> None:
        gain, offset = (float(value) for value in light[time])
        planes[time] = cv2.addWeighted(luma(frames[time]), 1.0, still, -gain, -offset)

    each(load, length)
    lows = [planes]
    for shape in shapes[1:]:
        low = np.empty((length, *shape), np.float32)

        def down(time: int, low: np.ndarray = low, high: np.ndarray = lows[-1]) -> None:
            low[time] = cv2.pyrDown(high[time])

        each(down, length)
        lows.append(low)
    moved = lows[-1].copy()
    apply_in_time(operator, moved)
    moved *= np.float32(alpha)  # the change, not the frame
    clamped = []
    for level in range(levels - 1, -1, -1):
        moved, share = _level(lows[level], lows[level + 1], moved, operator, alpha, reference)
        clamped.append(share)
        lows.pop()
    out, clipped = np.empty_like(frames), np.zeros(length, np.int64)

    def build(time: int) -> None:
        clipped[time] = add_luma(frames[time], moved[time], out[time])

    each(build, length)
    return out, {
        "clipped": float(clipped.sum() / (length * height * width)),
        "clamped": float(np.mean(clamped)),
    }


def _level(
    high: np.ndarray,
    low: np.ndarray,
    coarser: np.ndarray,
    operator: np.ndarray,
    alpha: float,
    reference: int,
) -> tuple[np.ndarray, float]:
    length, height, width = high.shape

    def band(time: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return riesz(high[time] - cv2.pyrUp(low[time], dstsize=(width, height)))

    c0, x0, y0 = band(reference)
    phase = np.empty((2, length, height, width), np.float32)

    def measure(time: int) -> None:
        c, x, y = band(time)
        q1, q2 = x * c0 - c * x0, y * c0 - c * y0
        size = np.sqrt(q1 * q1 + q2 * q2)
        scale = np.arctan2(size, c * c0 + x * x0 + y * y0) / (size + TINY)
        phase[0, time], phase[1, time] = scale * q1, scale * q2

    each(measure, length)
    apply_in_time(operator, phase[0])
    apply_in_time(operator, phase[1])
    change = np.empty_like(high)
    capped = np.zeros(length, np.int64)

    def shift(time: int) -> None:
        c, x, y = band(time)
        weight = np.sqrt(c * c + x * x + y * y) + np.float32(1e-3)
        total = cv2.GaussianBlur(weight, (0, 0), BLUR)
        fx = cv2.GaussianBlur(phase[0, time] * weight, (0, 0), BLUR) / total
        fy = cv2.GaussianBlur(phase[1, time] * weight, (0, 0), BLUR) / total
        size = np.sqrt(fx * fx + fy * fy) + TINY
        turn = np.float32(alpha) * size
        capped[time] = np.count_nonzero(np.abs(turn) > np.pi)
        turn = np.clip(turn, -np.pi, np.pi)
        change[time] = (np.cos(turn) - 1) * c - np.sin(turn) / size * (fx * x + fy * y)
        change[time] += cv2.pyrUp(coarser[time], dstsize=(width, height))

    each(shift, length)
    change[reference] = 0
    return change, float(capped.sum() / high.size)
