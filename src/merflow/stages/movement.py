"""Movement spotting in a recording: displacement over a short lag, relative to rest.

The face must be aligned, which removes head drift; displacement common to the whole face is
subtracted. The eyelids are masked, so that a blink is not an expression. The measure is the
largest displacement of any patch of skin, since a micro-expression moves a small part of the face.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from merflow.clip import eye_centres
from merflow.stages.crop import to_luma
from merflow.stages.geometry import ellipse_mask
from merflow.stages.rigid_fit import weighted_quantile

GRID = 96
"""Side of the image that is measured (px)."""
BLOCK = 1024
"""Frames that are held at a time."""
SPREAD = 3.0
"""Standard deviation of a patch of skin (px of the grid)."""
LAG_S, MEAN_S = 0.10, 0.06
"""Time between the two compared moments, and the time over which each is averaged (s)."""
LIDS = (0.42, 0.28)
"""Half axes of the mask around each eye centre, in eye distances."""
RIM = 3.0
"""Width of the soft edge of a mask (px of the grid)."""
QUIET = 40
"""Percentile of the measure that counts as rest."""
CALM = 5
"""Percentile of the measure that a face at rest hardly exceeds."""
UNREST, MOVED = 2.0, 0.04 / GRID
"""The rest is movement where it exceeds both UNREST times CALM, and MOVED (share of the side)."""
STARTS, GOES_ON = 3.5, 1.7
"""A movement exceeds STARTS times the rest, and lasts while it exceeds GOES_ON times the rest."""
GAP_S, SHORTEST_S = 0.30, 0.06
"""Movements closer than the gap are merged; shorter ones are dropped (s)."""


@dataclass(frozen=True, slots=True)
class Span:
    """One movement: positions of its first and last frame, and its peak in times the rest."""

    first: int
    last: int
    strength: float


def movement(frames: np.ndarray, fps: float, landmarks: np.ndarray | None) -> np.ndarray:
    """Return the largest displacement of a patch within LAG_S around each frame, (T,) float64.

    frames: (T, H, W, C) uint8, aligned and cropped; landmarks: (5 or 68, 2) px in them, or None.
    Unit: share of the frame's side.
    """
    mask, count = _skin(landmarks, frames.shape[1:3]), len(frames)
    half, width = max(1, round(LAG_S * fps / 2)), max(1, round(MEAN_S * fps))
    out = np.zeros(count)
    for start in range(0, count, BLOCK):
        end, low = min(count, start + BLOCK), max(0, start - half - width)
        means = _running_mean(_greys(frames, low, min(count, end + half + width)), width)
        for t in range(start, end):
            before, after = max(0, t - half), min(count - 1, t + half)
            if after > before:
                out[t] = _largest(means[before - low], means[after - low], mask)
    return out / GRID


def _greys(frames: np.ndarray, first: int, end: int) -> np.ndarray:
    """Return frames first..end as small grey images, (N, GRID, GRID) float32."""
    size = {"dsize": (GRID, GRID), "interpolation": cv2.INTER_AREA}
    found = (cv2.resize(to_luma(frames[t]), **size) for t in range(first, end))
    return np.stack([image.reshape(GRID, GRID) for image in found])


def resting(measure: np.ndarray) -> float:
    """Return the rest level of a measure (T,); up to half of the frames may show movement."""
    return max(float(np.percentile(measure, QUIET)), 1e-9)


def rests(measure: np.ndarray) -> bool:
    """Return whether the face is at rest in enough frames of a recording, (T,), to tell movement.

    At rest, the measure is noise, nearly the same in every frame: its QUIET percentile is 1.1 to
    1.5 times its CALM percentile; in clips cut from onset to offset and in constant movement 3 to
    7 times (docs/predict.md).
    """
    rest, calm = resting(measure), float(np.percentile(measure, CALM))
    return rest <= UNREST * calm or rest <= MOVED


def spans(
    measure: np.ndarray, fps: float, rest: float | None = None, starts: float = STARTS
) -> tuple[list[Span], np.ndarray]:
    """Return the movements in a measure (T,) and the measure in times the rest, (T,).

    rest: rest level of a longer recording that contains this one; default: the measure's own.
    starts: times the rest that a movement exceeds; below GOES_ON it also lasts while it does.
    Gaps and lengths are measured between crossings with subframe precision. Only the test against
    `starts` and the rounding of first and last frame are discontinuous.
    """
    ratio = measure / (resting(measure) if rest is None else rest)
    merged: list[tuple[float, float]] = []
    for first, last in _crossings(ratio, min(GOES_ON, starts)):
        if _highest(ratio, first, last) <= starts:
            continue
        if merged and first - merged[-1][1] <= GAP_S * fps:
            merged[-1] = (merged[-1][0], last)
        else:
            merged.append((first, last))
    found = [
        Span(max(0, math.ceil(a)), min(len(ratio) - 1, math.floor(b)), _highest(ratio, a, b))
        for a, b in merged
        if b - a >= SHORTEST_S * fps
    ]
    return found, ratio


def _crossings(ratio: np.ndarray, level: float) -> list[tuple[float, float]]:
    """Return where (T,) values rise above a level and fall below it, with subframe precision.

    The ends of the clip lie half a frame beyond its frames.
    """
    above = ratio > level
    found, start = [], -0.5
    for t in range(1, len(ratio)):
        if above[t] != above[t - 1]:
            at = t - 1 + float((level - ratio[t - 1]) / (ratio[t] - ratio[t - 1]))
            if above[t]:
                start = at
            else:
                found.append((start, at))
    if len(ratio) and above[-1]:
        found.append((start, len(ratio) - 0.5))
    return found


def _highest(ratio: np.ndarray, first: float, last: float) -> float:
    """Return the largest of the (T,) values between two positions."""
    return float(ratio[max(0, math.ceil(first)) : math.floor(last) + 1].max())


def _running_mean(grey: np.ndarray, width: int) -> np.ndarray:
    """Return (T, h, w) float32: for each frame the mean of the `width` frames around it."""
    total = np.concatenate([np.zeros((1, *grey.shape[1:])), np.cumsum(grey, 0, dtype=np.float64)])
    at = np.arange(len(grey))
    low = np.maximum(at - (width - 1) // 2, 0)
    high = np.minimum(at + width // 2 + 1, len(grey))
    return ((total[high] - total[low]) / (high - low)[:, None, None]).astype(np.float32)


def _largest(first: np.ndarray, last: np.ndarray, mask: np.ndarray) -> float:
    """Return the largest displacement of a patch between two images (px of the grid)."""
    across = mask * cv2.Sobel(first, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8)
    down = mask * cv2.Sobel(first, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 8)
    gain = float((last * mask).sum()) / max(float((first * mask).sum()), 1e-6)
    change = last / max(gain, 1e-6) - first
    xx, xy, yy = _around(across * across), _around(across * down), _around(down * down)
    # A patch without texture has no measurable motion: regularise towards zero.
    stiff = 0.5 * float(np.mean(xx + yy)) + 1e-6
    xx, yy = xx + stiff, yy + stiff
    x, y = -_around(across * change), -_around(down * change)
    determinant = xx * yy - xy * xy
    u, v = (yy * x - xy * y) / determinant, (xx * y - xy * x) / determinant
    u, v = (w - _quantile(w, mask, 0.5, 0.1) for w in (u, v))
    return _quantile(np.hypot(u, v) * mask, mask, 0.99, 0.01)


def _quantile(values: np.ndarray, mask: np.ndarray, share: float, band: float) -> float:
    """Return a quantile of (h, w) values weighted by a mask, averaged over a band around it."""
    if not mask.any():
        return 0.0
    weights = mask.ravel().astype(np.float64)
    return float(weighted_quantile(values.reshape(1, -1), weights, share, band)[0])


def _around(values: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(values, (0, 0), SPREAD)


def _skin(landmarks: np.ndarray | None, shape: tuple[int, int]) -> np.ndarray:
    """Return (GRID, GRID) float32: 1 on the face, 0 on the eyes and at the border, soft between."""
    edge = np.minimum(np.arange(GRID), np.arange(GRID)[::-1]) + 0.5 - GRID / 16
    rise = np.clip(edge / RIM + 0.5, 0, 1).astype(np.float32)
    mask = np.minimum(rise, rise[:, None])
    if landmarks is None:
        return mask
    ratio = np.array([GRID / shape[1], GRID / shape[0]])
    centres = [np.asarray(eye) * ratio for eye in eye_centres(landmarks)]
    distance = float(np.hypot(*(centres[1] - centres[0])))
    return mask * ellipse_mask(centres, (LIDS[0] * distance, LIDS[1] * distance), mask.shape, RIM)
