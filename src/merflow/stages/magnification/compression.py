"""Signs of inter-frame compression, which removes motion too small for the codec.

A camera's noise is new in every frame, also where each frame is compressed by itself (JPEG). A
video codec predicts a frame from others and drops small differences: blocks repeat exactly, and
what changes depends on the last change. Motion of 0.2 px is lost with the noise, and a field
measured on the same frames cannot show the loss.
"""

from typing import NamedTuple

import cv2
import numpy as np

from merflow.frame_buffer import Frames

RUNS, RUN = 8, 6
"""Number of runs of consecutive frames that are compared, and frames in each."""
LARGEST = 256
"""Side of the compared square, px: the middle of a larger one."""
BLOCK, WINDOW = 4, 16
"""Sides of the blocks that may repeat, and of the windows in which change is measured, px."""
DARK, BRIGHT = 5, 250
"""Grey levels beyond which a block may be saturated and is left out."""
QUIET = 90
"""Percentile over time of the repeated blocks: codecs repeat blocks when little moves."""


class Area(NamedTuple):
    """Part of a frame, px."""

    left: int
    top: int
    right: int
    bottom: int


def frame_coding(frames: Frames, face: Area | None = None) -> dict[str, float]:
    """Return two measures of a sample of a clip's frames; JSON-able.

    frames: (T, H, W, C) uint8 as the camera or codec left them, best not resampled; face: where to
    look, default the whole frame.

    Keys: independent, the share of change between frames that does not depend on the change before
    (1 for noise, 2/3 for jumps, 0 for even motion); repeated, the share of blocks that repeat the
    last frame exactly, when little moves. Empty for fewer than 3 frames or without any change.
    """
    if len(frames) < 3:
        return {}
    area = _inside(face or Area(0, 0, *frames.shape[2:0:-1]), frames.shape[2:0:-1])
    runs = [_different(np.stack([_grey(frames[t], area) for t in run])) for run in _runs(frames)]
    runs = [run for run in runs if len(run) > 1]
    if not runs or min(runs[0].shape[1:]) < WINDOW:
        return {}
    shares = np.concatenate([repeated_blocks(run) for run in runs])
    return {
        "independent": round(independent_change([run for run in runs if len(run) > 2]), 3),
        "repeated": round(float(np.percentile(shares, QUIET)), 3),
    }


def independent_change(runs: list[np.ndarray]) -> float:
    """Return the median over windows of the variance of second over that of first differences.

    runs: (n, H, W) uint8 planes, n >= 3. Both variances are scaled to be equal for noise that is
    independent in time. Detail along the diagonal is compared, which light and slow motion hardly
    change. 0 without any change.
    """
    first, second = np.zeros(1), np.zeros(1)
    for run in runs:
        plane = run.astype(np.int16)
        detail = plane[:, 1:, 1:] - plane[:, :-1, 1:] - plane[:, 1:, :-1] + plane[:, :-1, :-1]
        change = np.diff(detail, axis=0)
        first = first + _in_windows(change) / 2
        second = second + _in_windows(np.diff(change, axis=0)) / 6
    live = first > 0
    return float(np.median(second[live] / first[live])) if live.any() else 0.0


def repeated_blocks(run: np.ndarray) -> np.ndarray:
    """Return the (n - 1,) share of blocks equal to those of the frame before.

    run: (n, H, W) uint8. Blocks of black or white, which may be saturated, do not count.
    """
    count, height, width = run.shape
    shape = (height // BLOCK, BLOCK, width // BLOCK, BLOCK)
    whole = run[:, : shape[0] * BLOCK, : shape[2] * BLOCK]
    level = whole[0].reshape(shape).mean(axis=(1, 3))
    seen = (level > DARK) & (level < BRIGHT)
    changed = (whole[1:] != whole[:-1]).reshape(count - 1, *shape).any(axis=(2, 4))
    return 1 - changed[:, seen].mean(axis=1) if seen.any() else np.zeros(count - 1)


def _in_windows(change: np.ndarray) -> np.ndarray:
    """Return the mean square of (n, H, W) int16 values over time and windows, flat."""
    rows, columns = (side // WINDOW for side in change.shape[1:])
    power = np.square(change.astype(np.float32)).mean(axis=0)
    power = power[: rows * WINDOW, : columns * WINDOW]
    return power.reshape(rows, WINDOW, columns, WINDOW).mean(axis=(1, 3)).ravel()


def _runs(frames: Frames) -> list[range]:
    """Return the positions of the compared frames: all of a short clip, or spread runs."""
    count = len(frames)
    if count <= RUNS * RUN:
        return [range(count)]
    starts = np.linspace(0, count - RUN, RUNS).round().astype(int).tolist()
    return [range(start, start + RUN) for start in starts]


def _inside(area: Area, size: tuple[int, int]) -> Area:
    """Return the middle of an area within a frame of `size` (width, height), on the codec's grid.

    Its sides are at most LARGEST.
    """
    lows, highs = [], []
    for low, high, side in zip(area[:2], area[2:], size, strict=True):
        low, high = max(0, low), min(side, high)
        spare = max(0, high - low - LARGEST)
        low = -(-(low + spare // 2) // WINDOW) * WINDOW
        lows.append(low)
        highs.append(min(high, low + LARGEST))
    return Area(lows[0], lows[1], highs[0], highs[1])


def _grey(frame: np.ndarray, area: Area) -> np.ndarray:
    part = frame[area.top : area.bottom, area.left : area.right]
    if part.shape[2] == 1:
        return part[..., 0]
    return cv2.cvtColor(np.ascontiguousarray(part), cv2.COLOR_RGB2GRAY)


def _different(run: np.ndarray) -> np.ndarray:
    """Return a run without frames that repeat the whole frame before: they were duplicated."""
    kept = (run[1:] != run[:-1]).any(axis=(1, 2))
    return run[np.concatenate([[True], kept])]
