"""Lagrangian magnification: estimate a motion field, filter it in time, move the pixels."""

import cv2
import numpy as np

from merflow.stages.magnification.delivered import Magnified
from merflow.stages.magnification.warp import (
    move_into,
    moving_boxes,
    pull_back,
    without_folds,
)
from merflow.stages.threads import parallel_for


def magnify_lagrangian(
    frames: np.ndarray, motion: np.ndarray, alpha: float, reference: int
) -> Magnified:
    """Return the magnified frames and the share of the field's cells that were clamped.

    frames: (T, H, W, C) uint8; motion: (T, rows, columns, 2) of `motion.motion_fields`, filtered in
    time, px; reference: position of the onset frame. Frame t is moved by alpha times its
    displacement. That of clamped cells was reduced to avoid folds.
    """
    out, clamped = move_frames(frames, motion, alpha)
    out[reference] = frames[reference]
    return Magnified(out, {"clamped": clamped})


def move_frames(frames: np.ndarray, motion: np.ndarray, alpha: float) -> tuple[np.ndarray, float]:
    """Return the frames moved by alpha times their motion, and the share of clamped cells.

    frames: (T, H, W, C) uint8; motion: (T, rows, columns, 2) float32, each frame's displacement
    since the onset in px, at the onset frame's points.
    """
    out, clamped = frames.copy(), np.zeros(len(frames))
    height, width = frames.shape[1:3]
    cell = (width / motion.shape[2], height / motion.shape[1])
    # The output is displaced 1 + alpha times, the frame moved alpha times: neither may fold.
    largest = np.float32(max(abs(alpha), abs(1 + alpha)))

    def build(time: int) -> None:
        unfolded, clamped[time] = without_folds(largest * motion[time], cell)
        unfolded = unfolded / largest
        moved = pull_back(np.float32(alpha) * unfolded, cell, np.float32(1 + alpha) * unfolded)
        boxes = moving_boxes(moved, (height, width))
        if boxes:
            full = cv2.resize(moved, (width, height), interpolation=cv2.INTER_LINEAR)
            move_into(out[time], frames[time], full, boxes)

    parallel_for(build, len(frames))
    return out, float(clamped.mean())
