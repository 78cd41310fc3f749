"""Lagrangian magnification: estimate a motion field, filter it in time, move the pixels."""

from typing import Any

import cv2
import numpy as np

from merflow.magnification import field as fields
from merflow.magnification.luma import luma
from merflow.magnification.temporal import apply_in_time
from merflow.magnification.threads import each
from merflow.magnification.warp import move, pull_back, without_folds

SHRINK = 1.0
"""Noise that the field's own variance predicts is taken off its energy this many times."""


def motion_fields(
    frames: np.ndarray, operator: np.ndarray, light: np.ndarray, reference: int
) -> np.ndarray:
    """Return (T, rows, columns, 2) float32: displacement since the onset, px, filtered in time.

    frames: (T, H, W, C) uint8; operator, light, reference: as in `magnify_lagrangian`.
    """
    length = len(frames)
    anchor = fields.prepare(luma(frames[reference]))
    columns, rows = anchor.cells
    motion = np.zeros((length, rows, columns, 2), np.float32)

    def estimate(time: int) -> None:
        if time != reference:
            gain, offset = (float(value) for value in light[time])
            plane = luma(frames[time])
            change = cv2.addWeighted(plane, 1.0, anchor.still, -(1.0 + gain), -offset)
            motion[time] = fields.solve(anchor, change)

    each(estimate, length)
    apply_in_time(operator, motion)
    if length > 1:
        step = fields.grid_step(*frames.shape[1:3])
        # Variance of the field where the frames are still: noise averaged over a window.
        still = noise_variance(frames) / (4 * np.pi * (fields.NARROW * step) ** 2) * anchor.variance
        motion *= _trust(motion, still * float(np.mean((operator**2).sum(axis=1))))[..., None]
    return motion


def noise_variance(frames: np.ndarray) -> float:
    """Return the variance of the luma noise (grey levels squared), at least that of rounding.

    Robust: from the median difference of neighbouring frames on a sample of the pixels. The
    pairs lie symmetrically in the clip, so that reversing time changes nothing.
    """
    pairs = len(frames) - 1
    half = np.linspace(0, (pairs - 1) / 2, min(8, pairs)).astype(int)
    times = np.unique(np.concatenate([half, pairs - 1 - half]))
    sample = [np.abs(_sparse(frames[time + 1]) - _sparse(frames[time])).ravel() for time in times]
    spread = 1.4826 * float(np.median(np.concatenate(sample)))
    return max(1 / 12, spread**2 / 2)


def _sparse(frame: np.ndarray) -> np.ndarray:
    return luma(np.ascontiguousarray(frame[::3, ::3]))


def _trust(motion: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Return (rows, columns) in 0..1: the share of the field's energy that noise cannot explain.

    expected: (rows, columns) variance of a filtered displacement that is noise alone, px squared.
    """
    energy = cv2.GaussianBlur((motion**2).sum(axis=3).mean(axis=0), (0, 0), fields.WIDE) + 1e-12
    share = np.clip(1 - SHRINK * expected / energy, 0, 1).astype(np.float32)
    return cv2.GaussianBlur(share, (0, 0), 1.5)


def magnify_lagrangian(
    frames: np.ndarray, operator: np.ndarray, alpha: float, light: np.ndarray, reference: int
) -> tuple[np.ndarray, dict[str, Any]]:
    """Return the magnified (T, H, W, C) uint8 frames and {"clamped": share of the grid's cells}.

    operator: (T, T) of `temporal`; light: (T, 2) of `flicker.global_light`; reference: position
    of the onset frame. Frame t is moved by alpha times its own filtered displacement. Clamped
    cells are those whose displacement had to be reduced because it would have folded the picture.
    """
    motion = motion_fields(frames, operator, light, reference)
    out, clamped = np.empty_like(frames), np.zeros(len(frames))
    height, width = frames.shape[1:3]
    cell = (width / motion.shape[2], height / motion.shape[1])
    # The result's displacement is 1 + alpha times the input's, the push alpha times: neither folds.
    largest = np.float32(max(abs(alpha), abs(1 + alpha)))

    def build(time: int) -> None:
        if time == reference:
            out[time] = frames[time]
            return
        unfolded, clamped[time] = without_folds(largest * motion[time], cell)
        unfolded /= largest
        push = pull_back(np.float32(alpha) * unfolded, cell, np.float32(1 + alpha) * unfolded)
        out[time] = move(frames[time], push)

    each(build, len(frames))
    return out, {"clamped": float(clamped.mean())}
