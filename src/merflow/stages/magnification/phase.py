"""Phase magnification with a Laplacian pyramid (after Wadhwa et al. 2014): Eulerian, the default.

The phase of the pyramid's bands against the onset frame gives a displacement, which is filtered in
time. Each band is then shifted by alpha times that: by cubic resampling, which stays exact where
turning the phase blurs. The low-pass below the last band never changes, so neither slow nor local
changes of light are magnified.
"""

import cv2
import numpy as np

from merflow.stages.magnification.delivered import Magnified
from merflow.stages.magnification.luma import add_luma, steady_luma
from merflow.stages.magnification.riesz import level_count, pyramid
from merflow.stages.magnification.warp import Box, folded_share, move_into, moving_boxes, pull_back
from merflow.stages.threads import parallel_for

STEPS = 3
"""Fixed-point steps to transfer the motion to the magnified frame. An odd and small number: where
large motion folds, it keeps the bands' displacement, and more steps would alternate."""


def magnify_phase(
    frames: np.ndarray, motion: np.ndarray, alpha: float, light: np.ndarray, reference: int
) -> Magnified:
    """Return the magnified frames, and the shares of clipped values and of clamped cells.

    Clamped cells move so differently from their neighbours that the magnified image folds there.

    frames: (T, H, W, C) uint8; motion: (T, rows, columns, 2) of `riesz.phase_motion`, filtered in
    time, px; light: (T, 2) of `flicker.global_light`; reference: position of the onset frame.
    """
    length, height, width, _ = frames.shape
    plane_of = steady_luma(frames, light, reference)
    cell = (width / motion.shape[2], height / motion.shape[1])
    out, clipped, clamped = frames.copy(), np.zeros(length, np.int64), np.zeros(length)
    less, more = np.float32(alpha), np.float32(1 + alpha)

    def build(time: int) -> None:
        clamped[time] = folded_share(max(abs(less), abs(more)) * motion[time], cell)
        shift = pull_back(less * motion[time], cell, more * motion[time], STEPS)
        change = change_of(plane_of(time), shift)
        if change is not None:
            clipped[time] = add_luma(frames[time], change, out[time])

    parallel_for(build, length)
    facts = {"clipped": float(clipped.sum() / frames.size), "clamped": float(clamped.mean())}
    return Magnified(out, facts)


def change_of(plane: np.ndarray, shift: np.ndarray) -> np.ndarray | None:
    """Return the (H, W) float32 change of luma that shifts each band; None where nothing moves.

    plane: (H, W) float32 luma; shift: (rows, columns, 2) float32, of its pixels in px.
    """
    boxes = moving_boxes(shift, plane.shape)
    if not boxes:
        return None
    bands = pyramid(plane, level_count(*plane.shape))
    field = cv2.resize(shift, plane.shape[::-1], interpolation=cv2.INTER_LINEAR)
    moved = []
    for level, band in enumerate(bands):
        if level:  # with the pyramid's own reduction, so that pixels keep their places
            field = np.float32(0.5) * cv2.pyrDown(field)
            boxes = [around(boxes)]
        moved.append(band.copy())
        move_into(moved[-1], band, field, boxes)
        cv2.subtract(moved[-1], band, dst=moved[-1])
    change = moved.pop()
    while moved:
        finer = moved.pop()
        change = cv2.add(finer, cv2.pyrUp(change, dstsize=finer.shape[::-1]), dst=finer)
    return change


def around(boxes: list[Box]) -> Box:
    """Return the pixels of the next coarser level that cover the boxes, as one box."""
    return tuple(
        slice(min(s.start for s in sides) // 2, -(-max(s.stop for s in sides) // 2))
        for sides in zip(*boxes, strict=True)
    )
