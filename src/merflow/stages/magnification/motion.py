"""Motion of a clip since its onset: one field per frame."""

import numpy as np

from merflow.stages.magnification import field
from merflow.stages.magnification.luma import PlaneOf
from merflow.stages.threads import parallel_for


def motion_fields(plane_of: PlaneOf, length: int, reference: int) -> np.ndarray:
    """Return (T, rows, columns, 2) float32: displacement x, y since the onset in px, unfiltered."""
    anchor = field.prepare(plane_of(reference))
    columns, rows = anchor.cells
    motion = np.zeros((length, rows, columns, 2), np.float32)

    def estimate(time: int) -> None:
        if time != reference:
            motion[time] = field.displacement(anchor, plane_of(time))

    parallel_for(estimate, length)
    return motion
