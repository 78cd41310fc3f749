"""The motion of a whole clip since its onset: one field a frame, filtered in time."""

from collections.abc import Callable

import cv2
import numpy as np

from merflow.magnification import field as fields
from merflow.magnification.luma import luma
from merflow.magnification.threads import each
from merflow.magnification.trust import filter_in_time
from merflow.magnification.warp import move

FAR = 0.4
"""Displacement (px, along x or y) above which the linear solution is no longer exact enough."""
LOOKS = 2
"""Such frames are brought back by what was found and looked at again, this many looks in all."""

PlaneOf = Callable[[int], np.ndarray]
"""Gives the (H, W) float32 luma of frame t, changes of light taken out."""


def steady_luma(frames: np.ndarray, light: np.ndarray, reference: int) -> PlaneOf:
    """Return the function that gives frame t's luma without the clip's changes of light.

    frames: (T, H, W, C) uint8; light: (T, 2) gain and offset of `flicker.global_light`.
    """
    still = luma(frames[reference])

    def plane(time: int) -> np.ndarray:
        gain, offset = (float(value) for value in light[time])
        return cv2.addWeighted(luma(frames[time]), 1.0, still, -gain, -offset)

    return plane


def motion_fields(
    plane_of: PlaneOf, operator: np.ndarray, smooth: np.ndarray, reference: int
) -> np.ndarray:
    """Return (T, rows, columns, 2) float32: displacement x, y since the onset in px.

    operator, smooth: (T, T) of `temporal`, the low-pass with and without its reference.
    """
    anchor = fields.prepare(plane_of(reference))
    columns, rows = anchor.cells
    motion = np.zeros((len(operator), rows, columns, 2), np.float32)

    def estimate(time: int) -> None:
        if time == reference:
            return
        plane = plane_of(time)
        motion[time] = fields.solve(anchor, cv2.subtract(plane, anchor.still))
        for _ in range(LOOKS - 1):
            if np.percentile(np.abs(motion[time]), 99) < FAR:
                break
            brought_back = move(plane, -motion[time])
            motion[time] += fields.solve(anchor, cv2.subtract(brought_back, anchor.still))

    each(estimate, len(operator))
    return filter_in_time(motion, operator, smooth)
