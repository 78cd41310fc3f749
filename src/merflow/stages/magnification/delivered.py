"""What a magnification delivered: measured on its result, never taken from its request."""

from typing import Any, NamedTuple

import cv2
import numpy as np

from merflow.stages.magnification import field as fields
from merflow.stages.magnification.luma import luma, steady_luma
from merflow.stages.magnification.warp import move, pull_back, without_folds

SMALLEST = 0.03
"""Peak displacement (px) below which nothing that could be measured moves."""
CREDIBLE = 25.0
"""Displacement in a picture of 256 px beyond which no method's result is credible."""
FAINT = 0.02
"""Frames with less than this share of the largest weight in time are left out of the peak."""
SHARE = 0.1
"""Cells that nowhere in time reach this share of the largest motion do not move."""
MOVING = 0.35
"""Where at least this share of the peak moves, frames are compared."""
COARSE, FINE = 13, 7
"""The factor is searched on COARSE values, then on FINE ones round the best."""
WIDEST = 1.5
"""The search goes from 0 to this many times the factor asked for."""


EXPECTED = {
    "linear": ((1, 0.57), (2, 0.55), (5, 0.46), (10, 0.35), (25, 0.20), (50, 0.12)),
    "phase": ((1, 0.95), (5, 0.92), (12, 0.93), (25, 0.90), (50, 0.41)),
    "lagrangian": ((1, 0.98), (5, 0.97), (25, 0.96), (50, 0.78)),
}
"""Gain over the displacement asked for (px at 256 px), as benchmarks/magnify_truth.py found it on
textures with a camera's noise (docs/magnification.md)."""


class Magnified(NamedTuple):
    """What a method returns.

    frames: (T, H, W, C) uint8; facts: its shares of clipped values and clamped cells; motion:
    (T, rows, columns, 2) float32, a field of the input's filtered displacement since the onset,
    px of the frames: where and when it moves, not how far exactly.
    """

    frames: np.ndarray
    facts: dict[str, Any]
    motion: np.ndarray


class Peak(NamedTuple):
    """The clip's largest motion: its time, its (rows, columns, 2) float32 field and size, px."""

    time: int
    motion: np.ndarray
    size: float


def expected_gain(method: str, asked_px: float) -> float:
    """Return the share of a displacement (px, at 256 px a side) that a method usually delivers."""
    reached, gains = zip(*EXPECTED[method], strict=True)
    return round(float(np.interp(asked_px, reached, gains)), 2)


def measure(
    frames: np.ndarray,
    made: Magnified,
    operator: np.ndarray,
    light: np.ndarray,
    reference: int,
    factor: float,
) -> dict[str, Any]:
    """Return what `made` delivers at the frame of the largest motion; JSON-able.

    frames: (T, H, W, C) uint8, the input; operator: (T, T) of `temporal.reference_operator`;
    light: (T, 2) of `flicker.global_light`.

    Keys: peak_px, the input's largest displacement; asked_px, that times the factor, as if the
    picture had 256 px; delivered, the factor found in the result (None where nothing measurable
    moves); gain, that over the factor asked for; credible, whether asked_px is at most 25.
    """
    peak = largest_motion(frames, made.motion, operator, light, reference)
    asked = factor * peak.size * 256 / min(frames.shape[1:3])
    facts = {
        "peak_px": round(peak.size, 4),
        "asked_px": round(asked, 3),
        "delivered": None,
        "gain": None,
        "credible": bool(asked <= CREDIBLE),
    }
    if peak.size < SMALLEST or factor == 0:
        return facts
    still, seen = luma(frames[reference]), luma(made.frames[peak.time])
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

    rough: (T, rows, columns, 2) float32, where and when it moves.
    """
    squares = np.einsum("tyxd,tyxd->tyx", rough, rough)
    time = int(squares.sum(axis=(1, 2)).argmax())
    # How far: from the one filtered frame, at full resolution.
    steady = steady_luma(frames, light, reference)
    still = steady(reference)
    filtered, weights = still.copy(), operator[time]
    for at in np.flatnonzero(np.abs(weights) > FAINT * np.abs(weights).max()):
        cv2.scaleAdd(steady(int(at)) - still, float(weights[at]), filtered, dst=filtered)
    motion = fields.displacement(fields.prepare(still), filtered)
    # Only where the whole clip shows motion: one frame's noise is no peak.
    there = squares.max(axis=0) > (SHARE**2) * squares.max()
    there = cv2.resize(there.astype(np.float32), motion.shape[1::-1])
    motion *= there[..., None]
    if _large(np.sqrt(squares[time])) < SMALLEST:
        return Peak(time, motion, 0.0)
    return Peak(time, motion, _large(np.linalg.norm(motion, axis=2)))


def _large(sizes: np.ndarray) -> float:
    """Return the 99th percentile: one cell at the picture's edge must not decide."""
    return float(np.percentile(sizes, 99))


def matching_factor(
    still: np.ndarray, seen: np.ndarray, motion: np.ndarray, factor: float
) -> float:
    """Return the multiple of `motion` that best turns `still` into `seen`.

    still, seen: (H, W) float32 luma; motion: (rows, columns, 2) float32 px; factor: the multiple
    that was asked for. The best match is the largest normalised correlation over what moves.
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
