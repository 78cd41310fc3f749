"""Lagrangian magnification: estimate a motion field, filter it in time, move the pixels."""

from typing import Any

import numpy as np

from merflow.magnification.motion import motion_fields, steady_luma
from merflow.magnification.threads import each
from merflow.magnification.warp import move, pull_back, without_folds


def magnify_lagrangian(
    frames: np.ndarray,
    operator: np.ndarray,
    smooth: np.ndarray,
    alpha: float,
    light: np.ndarray,
    reference: int,
) -> tuple[np.ndarray, dict[str, Any]]:
    """Return the magnified (T, H, W, C) uint8 frames and {"clamped": share of the grid's cells}.

    operator, smooth: (T, T) of `temporal`, the low-pass with and without its reference; light:
    (T, 2) of `flicker.global_light`; reference: position of the onset frame. Frame t is moved by
    alpha times its own filtered displacement. Clamped cells are those whose displacement had to
    be reduced because it would have folded the picture.
    """
    motion = motion_fields(steady_luma(frames, light, reference), operator, smooth, reference)
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
