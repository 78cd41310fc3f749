"""Measure the magnification that a method delivered, on its output."""

from typing import Any, NamedTuple

import cv2
import numpy as np

from merflow.stages.magnification import field as fields
from merflow.stages.magnification.luma import luma, steady_luma
from merflow.stages.magnification.warp import move, pull_back, without_folds

SMALLEST = 0.03
"""Smallest peak displacement (px) that can be measured."""
FAINT = 0.02
"""Frames below this share of the largest weight in time are excluded from the peak."""
MOVING = 0.35
"""Frames are compared where the motion, and the clip's own, reach this share of the peak."""
COARSE, FINE = 13, 7
"""Number of values in the coarse search for the factor, and in the fine search around the best."""
WIDEST = 1.5
"""Upper end of the search, as a multiple of the requested factor."""
EXPECTED = {
    "linear": ((1, 0.57), (2, 0.55), (5, 0.46), (10, 0.35), (25, 0.20), (50, 0.12)),
    "phase": ((1, 0.98), (5, 0.98), (25, 0.98), (50, 0.90)),
    "lagrangian": ((1, 0.98), (5, 0.97), (25, 0.96), (50, 0.78)),
}
"""Gain by requested displacement (px at 256 px), measured by benchmarks/magnify_truth.py on
textures with camera noise (docs/magnification.md)."""


class Magnified(NamedTuple):
    """Result of a method. frames: (T, H, W, C) uint8; facts: shares clipped or clamped."""

    frames: np.ndarray
    facts: dict[str, Any]


class Peak(NamedTuple):
    """The clip's largest motion: its time, its (rows, columns, 2) float32 field and size, px."""

    time: int
    motion: np.ndarray
    size: float


def expected_gain(method: str, asked_px: float) -> float:
    """Return the share of a displacement (px at 256 px) that a method usually delivers."""
    reached, gains = zip(*EXPECTED[method], strict=True)
    return round(float(np.interp(asked_px, reached, gains)), 2)


def measure(
    frames: np.ndarray, made: np.ndarray, peak: Peak, reference: int, factor: float
) -> dict[str, Any]:
    """Return the magnification delivered in the frame of the largest motion; JSON-able.

    frames, made: (T, H, W, C) uint8, the input and the result; peak: the input's largest motion.

    Keys: peak_px, the input's largest displacement; asked_px, that times the factor, scaled to 256
    px; delivered, the factor found in the result (None without measurable motion); gain, delivered
    over the requested factor.
    """
    asked = factor * peak.size * 256 / min(frames.shape[1:3])
    facts = {
        "peak_px": round(peak.size, 4),
        "asked_px": round(asked, 3),
        "delivered": None,
        "gain": None,
    }
    if peak.size < SMALLEST or factor == 0:
        return facts
    still, seen = luma(frames[reference]), luma(made[peak.time])
    found = matching_factor(still, seen, peak.motion, factor)
    return facts | {"delivered": round(found, 3), "gain": round(found / factor, 4)}


def largest_motion(
    frames: np.ndarray,
    rough: np.ndarray,
    operator: np.ndarray,
    light: np.ndarray,
    reference: int,
) -> Peak:
    """Return the peak of the clip's motion, filtered in time by `operator`.

    frames: (T, H, W, C) uint8; rough: (T, rows, columns, 2) float32, their filtered displacement
    since the onset in px, with exact place and time but approximate size; operator: (T, T), the
    anchored low-pass; light: (T, 2) of `flicker.global_light`.
    """
    squares = np.einsum("tyxd,tyxd->tyx", rough, rough)
    time = int(squares.sum(axis=(1, 2)).argmax())
    # Exact size from one filtered frame, at full resolution.
    steady = steady_luma(frames, light, reference)
    still = steady(reference)
    filtered, weights = still.copy(), operator[time]
    for at in np.flatnonzero(np.abs(weights) > FAINT * np.abs(weights).max()):
        cv2.scaleAdd(steady(int(at)) - still, float(weights[at]), filtered, dst=filtered)
    motion = fields.displacement(fields.prepare(still), filtered)
    size = np.sqrt(squares[time])
    largest = _large(size)
    # Only where the clip moves, with its noise removed: errors of one frame are no motion.
    moving = (size > MOVING * largest).astype(np.float32)
    motion *= cv2.resize(moving, motion.shape[1::-1])[..., None]
    if largest < SMALLEST:
        return Peak(time, motion, 0.0)
    return Peak(time, motion, _large(np.linalg.norm(motion, axis=2)))


def _large(sizes: np.ndarray) -> float:
    """Return the 99th percentile, insensitive to single cells at the edge."""
    return float(np.percentile(sizes, 99))


def matching_factor(
    still: np.ndarray, seen: np.ndarray, motion: np.ndarray, factor: float
) -> float:
    """Return the multiple of `motion` that best turns `still` into `seen`.

    still, seen: (H, W) float32 luma; motion: (rows, columns, 2) float32 px; factor: the requested
    multiple. The best match has the largest normalised correlation where there is motion.
    """
    height, width = still.shape
    cell = (width / motion.shape[1], height / motion.shape[0])
    size = np.linalg.norm(motion, axis=2)
    moving = cv2.resize(size, (width, height)) > MOVING * _large(size)
    x, y, columns, rows = cv2.boundingRect(moving.astype(np.uint8))
    box = (slice(y, y + rows), slice(x, x + columns))
    moving = moving[box]
    wanted = seen[box][moving]
    wanted = wanted - wanted.mean()

    def match(multiple: float) -> float:
        field, _ = without_folds(np.float32(multiple) * motion, cell)
        made = move(still, pull_back(field, cell, field), box)[moving]
        made = made - made.mean()
        return float(made @ wanted / (np.linalg.norm(made) * np.linalg.norm(wanted) + 1e-9))

    low, high, best = 0.0, WIDEST * factor, 0.0
    for points in (COARSE, FINE):
        grid = np.linspace(low, high, points)
        scores = [match(multiple) for multiple in grid]
        index, step = int(np.argmax(scores)), float(grid[1] - grid[0])
        best = float(grid[index])
        if 0 < index < points - 1:
            best += _vertex(*scores[index - 1 : index + 2]) * step
        low, high = max(0.0, best - step / 2), best + step / 2
    return best


def _vertex(left: float, here: float, right: float) -> float:
    bend = left - 2 * here + right
    return float(np.clip(0.5 * (left - right) / bend, -0.5, 0.5)) if bend < 0 else 0.0
